import { describe, expect, test } from "vitest";
import type { Account } from "../../../sandbox/account/account.ts";
import type { Session } from "../../../sandbox/account/model.ts";
import type { JsonValue } from "../../../src/core/json.ts";
import { accountId, region, statement, testAccount, trustService } from "./served.ts";

const roleArn = `arn:aws:iam::${accountId}:role/carts`;
const bucket = "arn:aws:s3:::carts-assets";
const object = `${bucket}/a.png`;
const key = `arn:aws:kms:${region}:${accountId}:key/11111111-2222-3333-4444-555555555555`;

function resourcePolicy(
  effect: "Allow" | "Deny",
  principal: JsonValue,
  action: string,
  more = {},
): JsonValue {
  return {
    Version: "2012-10-17",
    Statement: [{ Effect: effect, Principal: principal, Action: action, Resource: "*", ...more }],
  };
}

/** An account whose role carts may do everything as far as its own policies go. */
function carts() {
  const { account } = testAccount();
  account.addRole({
    name: "carts",
    trustPolicy: trustService("ec2.amazonaws.com"),
    inline: { everything: statement("Allow", "*") },
  });
  const session = account.nodeSession({ instanceId: "i-0", nodeRoleArn: roleArn });
  return { account, session };
}

function ask(
  account: Account,
  session: Session,
  action: string,
  resource: string,
  vpcId: string | null = null,
) {
  const answer = account.call(session, { action, resource, vpcId });
  return answer.ok ? "ok" : answer.message;
}

describe("who stands in the way of a call", () => {
  test("nobody", () => {
    const { account, session } = carts();
    account.joinOrganization();
    account.addResource({ arn: bucket, keyArn: key });
    expect(ask(account, session, "s3:GetObject", object)).toBe("ok");
  });

  const cases: readonly {
    readonly name: string;
    readonly arrange: (account: Account) => void;
    readonly action?: string;
    readonly resource?: string;
    readonly vpcId?: string;
    readonly says: string;
  }[] = [
    {
      name: "a service control policy",
      arrange: (account) =>
        account.addServiceControlPolicy({
          name: "no-s3",
          level: "ou",
          document: statement("Deny", "s3:GetObject"),
        }),
      says: 's3:GetObject on resource: "arn:aws:s3:::carts-assets/a.png" with an explicit deny in a service control policy: arn:aws:organizations::999999999999:policy/o-sandboxorg1/service_control_policy/p-',
    },
    {
      name: "a resource control policy",
      arrange: (account) =>
        account.addResourceControlPolicy({
          name: "no-s3",
          level: "root",
          document: resourcePolicy("Deny", "*", "s3:*"),
        }),
      says: "with an explicit deny in a resource control policy: arn:aws:organizations::999999999999:policy/o-sandboxorg1/resource_control_policy/p-",
    },
    {
      name: "the bucket's policy",
      arrange: (account) =>
        account.addResource({ arn: bucket, policy: resourcePolicy("Deny", "*", "s3:GetObject") }),
      says: "with an explicit deny in a resource-based policy",
    },
    {
      name: "the key behind the bucket",
      arrange: (account) => {
        account.addResource({
          arn: key,
          policy: resourcePolicy("Allow", { AWS: `${roleArn}-other` }, "kms:*"),
        });
        account.addResource({ arn: bucket, keyArn: key });
      },
      says: `is not authorized to perform: kms:Decrypt on resource: ${key} because no resource-based policy allows the kms:Decrypt action`,
    },
    {
      name: "the policy of the VPC endpoint on the way",
      arrange: (account) =>
        account.addVpcEndpoint({
          vpcId: "vpc-1",
          service: "s3",
          policy: resourcePolicy("Allow", "*", "s3:PutObject"),
        }),
      vpcId: "vpc-1",
      says: "because no VPC endpoint policy allows the s3:GetObject action",
    },
    {
      name: "another account's queue",
      arrange: () => {},
      action: "sqs:SendMessage",
      resource: `arn:aws:sqs:${region}:444455556666:orders`,
      says: "because no resource-based policy allows the sqs:SendMessage action",
    },
    {
      name: "another account's bucket, of which S3 says nothing more",
      arrange: (account) => account.addResource({ arn: bucket, ownerAccountId: "444455556666" }),
      says: "Access Denied",
    },
  ];
  test.each(cases)("$name", ({ arrange, action, resource, vpcId, says }) => {
    const { account, session } = carts();
    arrange(account);
    expect(ask(account, session, action ?? "s3:GetObject", resource ?? object, vpcId ?? null)).toContain(
      says,
    );
  });

  test("calls from another VPC, or of another service, do not meet the endpoint", () => {
    const { account, session } = carts();
    account.addVpcEndpoint({ vpcId: "vpc-1", service: "s3", policy: resourcePolicy("Deny", "*", "s3:*") });
    expect(ask(account, session, "s3:GetObject", object, "vpc-2")).toBe("ok");
    expect(ask(account, session, "dynamodb:Query", "*", "vpc-1")).toBe("ok");
  });

  test("nothing of the organization binds the account that rules it", () => {
    const { account, session } = carts();
    account.joinOrganization("management");
    account.addServiceControlPolicy({ name: "no", document: statement("Deny", "*") });
    expect(ask(account, session, "s3:GetObject", object)).toBe("ok");
  });
});

test("a resource control policy keeps EKS Pod Identity from the role", () => {
  const { account, session } = carts();
  account.addRole({ name: "pods", trustPolicy: trustService("pods.eks.amazonaws.com") });
  account.addCluster({ name: "shop" });
  account.addAssociation({
    cluster: "shop",
    namespace: "carts",
    serviceAccount: "carts",
    roleArn: `arn:aws:iam::${accountId}:role/pods`,
  });
  const assume = () =>
    account.assumeRoleForPodIdentity({
      cluster: "shop",
      namespace: "carts",
      serviceAccount: "carts",
      podName: "carts-0",
      podUid: "0",
      nodeSession: session,
    });
  expect(assume()).toMatchObject({ ok: true });
  account.addResourceControlPolicy({
    name: "own-organization-only",
    document: resourcePolicy("Deny", "*", "sts:*", {
      Condition: { StringNotEqualsIfExists: { "aws:PrincipalOrgID": "o-other" } },
    }),
  });
  expect(assume()).toMatchObject({ ok: false, code: "AccessDeniedException" });
});

test("a deleted role's id stands in the policies that named it, and another of its name is not let in", () => {
  const { account } = carts();
  const queue = `arn:aws:sqs:${region}:${accountId}:orders`;
  account.addResource({ arn: queue, policy: resourcePolicy("Allow", { AWS: roleArn }, "sqs:*") });
  const roleId = account.role("carts")?.roleId ?? "";
  account.deleteRole("carts");
  expect(account.resource(queue)?.policy).toEqual(resourcePolicy("Allow", { AWS: roleId }, "sqs:*"));
});
