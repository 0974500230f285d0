import { type Statement, scene } from "../scene.ts";
import type { Theme } from "../story.ts";

/** The same statement for a cluster of another issuer. */
function ofIssuer(statement: Statement, id: string): Statement {
  return JSON.parse(JSON.stringify(statement).replaceAll(/id\/[0-9A-F]{32}/g, `id/${id}`)) as Statement;
}

/** The same conditions with other values: `sub` or `aud`. */
function withClaim(statement: Statement, claim: "sub" | "aud", value: string): Statement {
  const { StringEquals } = statement["Condition"] as { StringEquals: Record<string, string> };
  const changed = Object.entries(StringEquals).map(([key, present]) => [
    key,
    key.endsWith(`:${claim}`) ? value : present,
  ]);
  return { ...statement, Condition: { StringEquals: Object.fromEntries(changed) as Statement } };
}

const formerCluster = "DEADBEEF00112233445566778899AABB";

/** Faults of what a role trusts, where everything in the cluster is right. */
export const trust: Theme = {
  title: "IAM roles for service accounts: providers and trust",
  stories: [
    scene({
      at: "shipping/shipping",
      about: "The role still trusts the cluster of before",
      rule: "irsa-trust-no-federated",
      calls: ["sqs:SendMessage shipping"],
      irsa: { trust: (right) => ofIssuer(right, formerCluster) },
    }),
    scene({
      at: "returns/returns",
      about: "The trust policy is full of clusters, and not of this one",
      rule: "irsa-trust-no-federated",
      alsoWrong: ["irsa-trust-size-limit"],
      calls: ["sqs:SendMessage returns"],
      irsa: {
        trust: (right) =>
          Array.from("12345").map((digit) => ofIssuer(right, formerCluster.replaceAll("0", digit))),
      },
    }),
    scene({
      at: "warehouse/warehouse",
      about: "The trust policy allows another way of assuming the role",
      rule: "irsa-trust-wrong-action",
      sdk: "go-v2",
      calls: ["dynamodb:Query table/Warehouse"],
      irsa: { trust: (right) => ({ ...right, Action: "sts:AssumeRole" }) },
    }),
    scene({
      at: "stock/stock",
      about: "A wildcard under StringEquals, which takes it literally",
      rule: "irsa-trust-wildcard-with-stringequals",
      sdk: "js-v3",
      calls: ["dynamodb:GetItem table/Stock"],
      irsa: { trust: (right) => withClaim(right, "sub", "system:serviceaccount:stock:*") },
    }),
    scene({
      at: "prices/prices",
      about: "A typing error in the audience",
      rule: "irsa-trust-aud-mismatch",
      calls: ["dynamodb:GetItem table/Prices"],
      irsa: { trust: (right) => withClaim(right, "aud", "sts.amazon.com") },
    }),
    scene({
      at: "taxes/taxes",
      about: "A further condition that no token of a service account fulfils",
      rule: "irsa-trust-conditions-anded",
      sdk: "go-v2",
      calls: ["dynamodb:GetItem table/Taxes"],
      irsa: {
        trust: (right) => ({
          ...right,
          Condition: {
            ...(right["Condition"] as Statement),
            StringLike: { "aws:PrincipalTag/team": "payments" },
          },
        }),
      },
    }),
    scene({
      at: "fraud/fraud",
      about: "The trust policy lets the service account in, and denies its whole namespace",
      rule: "irsa-explicit-deny-trust",
      calls: ["dynamodb:PutItem table/Fraud"],
      irsa: {
        trust: (right) => {
          const { Condition, ...rest } = withClaim(right, "sub", "system:serviceaccount:fraud:*");
          const { StringEquals } = Condition as { StringEquals: Statement };
          return [right, { ...rest, Effect: "Deny", Condition: { StringLike: StringEquals } }];
        },
      },
    }),
    scene({
      at: "search/search",
      about: "The service account asks for tokens of an audience that the provider does not know",
      rule: "oidc-audience-not-registered",
      sdk: "go-v2",
      calls: ["s3:GetObject eks-gallery-search/index.json"],
      irsa: {},
      annotations: { "eks.amazonaws.com/audience": "sts.amazon.com" },
    }),
    scene({
      at: "loyalty/loyalty",
      about: "A resource control policy keeps web identities from the role",
      rule: "irsa-scp-denies-webidentity",
      calls: ["dynamodb:PutItem table/Loyalty"],
      irsa: {},
      twist: ({ account, roleArn }) => {
        account.joinOrganization("delegated-administrator");
        account.addResourceControlPolicy({
          name: "no-web-identity",
          document: {
            Version: "2012-10-17",
            Statement: {
              Effect: "Deny",
              Principal: "*",
              Action: "sts:AssumeRoleWithWebIdentity",
              Resource: roleArn,
            },
          },
        });
      },
    }),
  ],
};
