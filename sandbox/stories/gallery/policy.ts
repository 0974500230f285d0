import { workload } from "../manifests.ts";
import { allow, arnOf } from "../policies.ts";
import { allowing, type Stage, scene } from "../scene.ts";
import type { Theme } from "../story.ts";

/** A policy of a resource, an endpoint or an organization that denies something. */
function denying(statement: { readonly [key: string]: string | object }) {
  return { Version: "2012-10-17", Statement: { Effect: "Deny", ...statement } } as never;
}

/** A key's policy that lets one role use it; everybody whose own policies allow it may read about it. */
function keyPolicy(roleArn: string) {
  const statements = [
    [roleArn, ["kms:Decrypt", "kms:GenerateDataKey"]],
    ["arn:aws:iam::111122223333:root", ["kms:DescribeKey", "kms:GetKeyPolicy"]],
  ] as const;
  return {
    Version: "2012-10-17",
    Statement: statements.map(([AWS, Action]) => ({
      Effect: "Allow",
      Principal: { AWS },
      Action,
      Resource: "*",
    })),
  };
}

/** A queue of another account, whose policy lets nobody of this one in. */
const foreignQueue = "arn:aws:sqs:us-west-2:444455556666:partner-orders";

const keyOf = ({ world }: Pick<Stage, "world">, id: string) => arnOf(world, "kms", `key/${id}`);

/** Calls made as the right role, and refused. */
export const policy: Theme = {
  title: "The right role, and refused",
  stories: [
    scene({
      at: "wishlist/wishlist",
      about: "The role may read, and the program writes",
      rule: "identity-policy-missing-action",
      sdk: "go-v2",
      calls: ["dynamodb:PutItem table/Wishlist"],
      podIdentity: { allows: ["dynamodb:GetItem table/Wishlist"] },
    }),
    scene({
      at: "catalogue-prod/catalogue",
      about: "The role of the staging environment, which may less",
      rule: "identity-policy-missing-action",
      alsoWrong: ["wrong-role-associated"],
      calls: ["dynamodb:PutItem table/Catalogue"],
      podIdentity: { roleName: "catalogue-staging", allows: ["dynamodb:GetItem table/Catalogue"] },
    }),
    scene({
      at: "history/history",
      about: "The table is allowed, its index is not",
      rule: "identity-policy-resource-mismatch",
      sdk: "java-v1",
      calls: ["dynamodb:Query table/History/index/by-day"],
      irsa: { allows: ["dynamodb:Query table/History"] },
    }),
    scene({
      at: "tenants/tenants",
      about: "The policy asks for a session tag that only EKS Pod Identity sets",
      rule: "identity-policy-condition-mismatch",
      calls: ["dynamodb:GetItem table/Tenants"],
      irsa: {
        policies: {
          own: {
            Version: "2012-10-17",
            Statement: {
              Effect: "Allow",
              Action: "dynamodb:*",
              Resource: "*",
              Condition: { StringEquals: { "aws:PrincipalTag/kubernetes-namespace": "tenants" } },
            },
          },
        },
      },
    }),
    scene({
      at: "audit-log/audit-log",
      about: "The role has no policy at all",
      rule: "policy-not-attached",
      sdk: "js-v3",
      calls: ["s3:PutObject eks-gallery-audit/log.json"],
      podIdentity: { allows: [] },
    }),
    scene({
      at: "reviews/reviews",
      about: "The corrected policy is there, and is not the default version",
      rule: "policy-not-default-version",
      calls: ["dynamodb:PutItem table/Reviews"],
      podIdentity: { allows: [] },
      twist: ({ world, account, roleArn }) => {
        const arn = account.addManagedPolicy("reviews", allowing(world, ["dynamodb:GetItem table/Reviews"]));
        account.addPolicyVersion(arn, allowing(world, ["dynamodb:PutItem table/Reviews"]), {
          asDefault: false,
        });
        account.attachPolicy(roleArn, arn);
      },
    }),
    scene({
      at: "cleanup/cleanup",
      about: "A Deny of the role's own policies stands above its Allow",
      rule: "explicit-deny-identity-policy",
      sdk: "go-v2",
      calls: ["s3:DeleteObject eks-gallery-cleanup/old.csv"],
      irsa: {
        policies: {
          objects: allow("Objects", ["s3:*"], ["arn:aws:s3:::eks-gallery-cleanup/*"]),
          guard: denying({ Sid: "NoDeletes", Action: "s3:DeleteObject", Resource: "*" }),
        },
      },
    }),
    scene({
      at: "postman/postman",
      about: "The permissions boundary leaves out what the role allows",
      rule: "permissions-boundary",
      calls: ["sqs:SendMessage postman"],
      podIdentity: { boundary: ["dynamodb:GetItem table/Postman"] },
    }),
    scene({
      at: "scans/scans",
      about: "A service control policy denies the call in the whole account",
      rule: "scp-deny",
      sdk: "java-v2",
      calls: ["dynamodb:Scan table/Scans"],
      podIdentity: {},
      twist: ({ world, account }) =>
        account.addServiceControlPolicy({
          name: "no-scans",
          level: "ou",
          document: denying({ Action: "dynamodb:Scan", Resource: arnOf(world, "dynamodb", "table/Scans") }),
        }),
    }),
    scene({
      at: "letters/letters",
      about: "A resource control policy denies the call to the queue's account",
      rule: "rcp-deny",
      calls: ["sqs:SendMessage letters"],
      podIdentity: {},
      twist: ({ world, account }) =>
        account.addResourceControlPolicy({
          name: "letters-perimeter",
          document: denying({
            Principal: "*",
            Action: "sqs:SendMessage",
            Resource: arnOf(world, "sqs", "letters"),
          }),
        }),
    }),
    scene({
      at: "previews/previews",
      about: "The way to S3 leads through a VPC endpoint that leaves this bucket out",
      rule: "vpc-endpoint-policy-deny",
      sdk: "go-v2",
      calls: ["s3:GetObject eks-gallery-previews/1.png"],
      irsa: {},
      twist: ({ account }) =>
        account.addVpcEndpoint({
          vpcId: account.cluster("eks-gallery")?.vpcId ?? "",
          service: "s3",
          policy: {
            Version: "2012-10-17",
            Statement: [
              { Effect: "Allow", Principal: "*", Action: "*", Resource: "*" },
              {
                Effect: "Deny",
                Principal: "*",
                Action: "s3:GetObject",
                Resource: "arn:aws:s3:::eks-gallery-previews/*",
              },
            ],
          },
        }),
    }),
    scene({
      at: "archive/archive",
      about: "The bucket's policy denies everybody but its administrators",
      rule: "resource-policy-deny",
      calls: ["s3:GetObject eks-gallery-archive/2019.zip"],
      irsa: {},
      twist: ({ account }) =>
        account.addResource({
          arn: "arn:aws:s3:::eks-gallery-archive",
          policy: denying({
            Principal: "*",
            Action: "s3:GetObject",
            Resource: "arn:aws:s3:::eks-gallery-archive/*",
            Condition: {
              StringNotLike: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/archive-admin" },
            },
          }),
        }),
    }),
    scene({
      at: "partners/partners",
      about: "The queue is another account's, whose policy does not let the role in",
      rule: "resource-policy-missing-cross-account",
      calls: [`sqs:SendMessage ${foreignQueue}`],
      podIdentity: {},
      twist: ({ account }) => account.addResource({ arn: foreignQueue }),
    }),
    scene({
      at: "vault/vault",
      about: "The role was made anew, and the key's policy still names the one that is gone",
      rule: "stale-principal-in-resource-policy",
      calls: ["kms:Decrypt key/0f9e8d7c-6b5a-4433-8211-00ffeeddccbb"],
      podIdentity: {},
      twist: (stage) => {
        const { account, roleArn } = stage;
        const arn = keyOf(stage, "0f9e8d7c-6b5a-4433-8211-00ffeeddccbb");
        account.addResource({ arn, policy: keyPolicy(roleArn) });
        const role = account.role(roleArn);
        if (role === undefined) return;
        account.deleteRole(roleArn);
        account.addRole({
          name: role.name,
          trustPolicy: role.trustPolicy,
          inline: Object.fromEntries(role.inline.map(({ name, document }) => [name, document])),
        });
      },
    }),
    scene({
      at: "contracts/contracts",
      about: "The role may read the bucket, and not use the key that its objects are encrypted with",
      rule: "kms-key-denied",
      sdk: "js-v3",
      calls: ["s3:GetObject eks-gallery-contracts/1.pdf"],
      podIdentity: {
        allows: [
          "s3:GetObject eks-gallery-contracts/*",
          "kms:Decrypt key/1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d",
        ],
      },
      twist: (stage) => {
        const keyArn = keyOf(stage, "1a2b3c4d-5e6f-4a1b-8c2d-3e4f5a6b7c8d");
        stage.account.addResource({
          arn: keyArn,
          policy: keyPolicy("arn:aws:iam::111122223333:role/contracts-admin"),
        });
        stage.account.addResource({ arn: "arn:aws:s3:::eks-gallery-contracts", keyArn });
      },
    }),
    scene({
      at: "tailors/tailors",
      about: "The program asks STS for a session under a policy that leaves out what it then does",
      rule: "session-policy-deny",
      calls: ["dynamodb:PutItem table/Tailors"],
      sessions: { policy: allow("Read", ["dynamodb:GetItem"], ["*"]) },
      irsa: {},
    }),
    scene({
      at: "launchers/launchers",
      about: "EC2 refuses in a message that has to be decoded",
      rule: "encoded-denial",
      sdk: "go-v2",
      calls: ["ec2:RunInstances *"],
      podIdentity: { allows: ["ec2:DescribeInstances *"] },
    }),
    scene({
      at: "overseas/overseas",
      about: "The bucket is in another Region than the one that is asked",
      rule: "wrong-account-or-region",
      sdk: "go-v2",
      calls: ["s3:GetObject eks-gallery-overseas/1.csv"],
      irsa: {},
      twist: ({ account }) =>
        account.addResource({ arn: "arn:aws:s3:::eks-gallery-overseas", region: "eu-central-1" }),
    }),
    scene({
      at: "rush/rush",
      about: "The table answers more slowly than it is asked: its quota, not its permissions",
      rule: "throttling-not-denial",
      calls: ["dynamodb:PutItem table/Rush"],
      podIdentity: {},
      twist: ({ world, account }) =>
        account.throttle("dynamodb:PutItem", arnOf(world, "dynamodb", "table/Rush")),
    }),
    scene({
      at: "compass/compass",
      about: "No identity and no Region: the SDK gives up before it asks anybody",
      rule: "region-missing",
      calls: ["dynamodb:GetItem table/Compass"],
      regionFromEnvironment: true,
    }),
    scene({
      at: "shelves/shelves",
      about: "Two workloads share a service account whose role may everything with every table",
      rule: "identity-policy-missing-action",
      alsoWrong: ["shared-sa-overprivileged"],
      calls: ["sqs:SendMessage shelves"],
      podIdentity: { policies: { tables: allow("Tables", ["dynamodb:*"], ["*"]) } },
      twist: ({ at }) =>
        at(20, (cluster) =>
          cluster.create(
            workload({
              kind: "Deployment",
              namespace: "shelves",
              name: "labels-printer",
              image: "registry.example.com/labels-printer:1",
              serviceAccount: "shelves",
              replicas: 0,
            }),
          ),
        ),
    }),
    scene({
      at: "finder/finder",
      about: "OpenSearch refuses the role by its own permissions, and says so in its own words",
      rule: null,
      alsoWrong: ["data-plane-own-authorization"],
      calls: ["s3:GetObject eks-gallery-finder/1.json"],
      irsa: {},
      alsoLogs: () => [
        '{"error":{"type":"security_exception","reason":"no permissions for [indices:data/read/search] and User [name=arn:aws:iam::111122223333:role/eks-gallery-finder, backend_roles=[]]"},"status":403}',
      ],
    }),
    scene({
      at: "janitor/janitor",
      about: "Kubernetes' own permissions refuse the program; AWS does not",
      rule: null,
      alsoWrong: ["not-iam"],
      calls: ["s3:GetObject eks-gallery-janitor/1.json"],
      irsa: {},
      alsoLogs: () => [
        'pods is forbidden: User "system:serviceaccount:janitor:janitor" cannot list resource "pods" in API group "" in the namespace "janitor"',
      ],
    }),
    scene({
      at: "pictures/pictures",
      about: "The bucket is another account's: S3 says Access Denied and no more",
      rule: null,
      inconclusive: true,
      alsoWrong: ["s3-bare-403"],
      calls: ["s3:GetObject partner-pictures/1.png"],
      irsa: {},
      twist: ({ account }) =>
        account.addResource({ arn: "arn:aws:s3:::partner-pictures", ownerAccountId: "444455556666" }),
    }),
  ],
};
