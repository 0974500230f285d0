import { type Stage, type Statement, scene } from "../scene.ts";
import type { Theme } from "../story.ts";

const tagged = (condition: Statement) => (right: Statement) => ({ ...right, Condition: condition });

/** A role that the association's role goes on to, or the application. */
function otherRole({ account, roleArn }: Stage, name: string, action: string | readonly string[]): string {
  return account.addRole({
    name,
    trustPolicy: {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS: roleArn }, Action: action }],
    },
  });
}

/** The roles of associations: who may take them on, and what a session may then do. */
export const podIdentityRoles: Theme = {
  title: "EKS Pod Identity: the role",
  stories: [
    scene({
      at: "orphans/orphans",
      about: "The role still trusts the cluster's OIDC provider of before, and not EKS Pod Identity",
      rule: "pi-trust-missing-principal",
      calls: ["sqs:SendMessage orphans"],
      podIdentity: {
        trust: (right) => ({ ...right, Principal: { Service: "ec2.amazonaws.com" } }),
      },
    }),
    scene({
      at: "silent/silent",
      about: "The same with Java, which then calls as its node and says nothing about credentials",
      rule: "pi-trust-missing-principal",
      sdk: "java-v2",
      calls: ["sqs:SendMessage silent"],
      podIdentity: { trust: (right) => ({ ...right, Principal: { Service: "eks.amazonaws.com" } }) },
    }),
    scene({
      at: "imports/imports",
      about: "The role lets EKS Pod Identity in, but not tag its sessions",
      rule: "pi-trust-missing-tagsession",
      sdk: "go-v2",
      calls: ["sqs:SendMessage imports"],
      podIdentity: { trust: (right) => ({ ...right, Action: "sts:AssumeRole" }) },
    }),
    scene({
      at: "subscriptions/subscriptions",
      about: "A data perimeter of the organization forgets AWS services, and keeps EKS from the role",
      rule: "pi-scp-on-trust",
      calls: ["sqs:SendMessage subscriptions"],
      podIdentity: {},
      twist: ({ account, roleArn }) => {
        account.joinOrganization("delegated-administrator");
        account.addResourceControlPolicy({
          name: "identities-of-the-organization",
          level: "root",
          document: {
            Version: "2012-10-17",
            Statement: {
              Effect: "Deny",
              Principal: "*",
              Action: "sts:*",
              Resource: roleArn,
              Condition: { StringNotEqualsIfExists: { "aws:PrincipalOrgID": "o-sandboxorg1" } },
            },
          },
        });
      },
    }),
    scene({
      at: "staging/staging",
      about: "The role's trust is for the namespace production",
      rule: "pi-trust-condition-mismatch",
      sdk: "js-v3",
      calls: ["sqs:SendMessage staging"],
      podIdentity: {
        trust: tagged({ StringEquals: { "aws:RequestTag/kubernetes-namespace": "production" } }),
      },
    }),
    scene({
      at: "moved/moved",
      about: "The role's trust is for the cluster's former name",
      rule: "pi-trust-condition-mismatch",
      calls: ["sqs:SendMessage moved"],
      podIdentity: {
        trust: tagged({
          StringEquals: { "aws:SourceArn": "arn:aws:eks:us-west-2:111122223333:cluster/eks-galery" },
        }),
      },
    }),
    scene({
      at: "untagged/untagged",
      about: "Session tags are off, and the role's trust asks for one",
      rule: "pi-trust-condition-mismatch",
      calls: ["sqs:SendMessage untagged"],
      podIdentity: {
        disableSessionTags: true,
        trust: tagged({ StringEquals: { "aws:RequestTag/kubernetes-namespace": "untagged" } }),
      },
    }),
    scene({
      at: "ghost/ghost",
      about: "The association's role was deleted",
      rule: "pi-role-deleted",
      calls: ["sqs:SendMessage ghost"],
      podIdentity: {},
      twist: ({ account, at, roleArn }) => at(20, () => account.deleteRole(roleArn)),
    }),
    scene({
      at: "relay/relay",
      about: "The target role trusts the association's role, but not with tags",
      rule: "pi-target-role-trust",
      sdk: "go-v2",
      calls: ["sqs:SendMessage relay"],
      podIdentity: {
        allows: [
          "sts:AssumeRole arn:aws:iam::111122223333:role/eks-gallery-relay-target",
          "sts:TagSession arn:aws:iam::111122223333:role/eks-gallery-relay-target",
        ],
        targetRoleArn: "arn:aws:iam::111122223333:role/eks-gallery-relay-target",
      },
      twist: (stage) => void otherRole(stage, "eks-gallery-relay-target", "sts:AssumeRole"),
    }),
    scene({
      at: "narrowed/narrowed",
      about: "The association's session policy allows reading only",
      rule: "pi-session-policy-denies",
      calls: ["dynamodb:GetItem table/Narrowed", "dynamodb:PutItem table/Narrowed"],
      podIdentity: {
        disableSessionTags: true,
        sessionPolicy: {
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action: "dynamodb:GetItem", Resource: "*" }],
        },
      },
    }),
    scene({
      at: "the-department-of-very-long-names-in-the-head-office/the-importer-of-the-quarterly-figures-of-every-branch",
      about: "Names so long that the session tags do not fit",
      rule: "pi-packed-policy-too-large",
      calls: ["sqs:SendMessage figures"],
      manifest: {
        serviceAccount:
          "the-importer-of-the-quarterly-figures-of-every-branch-of-the-company-in-every-country-of-the-world-since-it-was-founded-in-the-year-of-the-flood",
      },
      podIdentity: { roleName: "eks-gallery-figures" },
    }),
    scene({
      at: "hopper/hopper",
      about: "The application goes on to another role, which does not let tags in",
      rule: "pi-transitive-tags-chain",
      calls: ["sts:AssumeRole arn:aws:iam::111122223333:role/eks-gallery-hopper-target"],
      podIdentity: {
        allows: [
          "sts:AssumeRole arn:aws:iam::111122223333:role/eks-gallery-hopper-target",
          "sts:TagSession arn:aws:iam::111122223333:role/eks-gallery-hopper-target",
        ],
      },
      twist: (stage) => void otherRole(stage, "eks-gallery-hopper-target", "sts:AssumeRole"),
    }),
    scene({
      at: "abroad/abroad",
      about: "The association names a role of another account",
      rule: "pi-role-other-account",
      calls: ["sqs:SendMessage abroad"],
      twist: ({ account, at, namespace, name }) =>
        at(27, (cluster) =>
          account.addAssociation({
            cluster: cluster.name,
            namespace,
            serviceAccount: name,
            roleArn: "arn:aws:iam::444455556666:role/abroad",
          }),
        ),
    }),
    scene({
      at: "plugin/plugin",
      about: "An add-on owns the association; its role may not make the call",
      rule: "policy-not-attached",
      alsoWrong: ["addon-owned-association"],
      calls: ["sqs:SendMessage plugin"],
      podIdentity: {
        allows: [],
        ownerArn: "arn:aws:eks:us-west-2:111122223333:addon/eks-gallery/plugin/a1b2c3d4",
      },
    }),
    scene({
      at: "governed/governed",
      about:
        "The organization denies sts:AssumeRole on the role to everybody outside of it, and forgot AWS's services",
      rule: "pi-scp-on-trust",
      calls: ["sqs:SendMessage governed"],
      podIdentity: {},
      twist: ({ account, roleArn }) => {
        account.addResourceControlPolicy({
          name: "own-organization-only",
          document: {
            Version: "2012-10-17",
            Statement: {
              Effect: "Deny",
              Principal: "*",
              Action: "sts:AssumeRole",
              Resource: roleArn,
              Condition: { StringNotEqualsIfExists: { "aws:PrincipalOrgID": "o-exampleorgid" } },
            },
          },
        });
      },
    }),
  ],
};
