import { describe, expect, it } from "vitest";
import {
  type AccessRequest,
  type Decision,
  evaluate,
  type PolicyLayers,
} from "../../../src/core/iam/evaluate.ts";
import { allow, deny, guide, type Json, named } from "./support.ts";

const account = "111122223333";
const other = "444455556666";
const role = `arn:aws:iam::${account}:role/carts`;
const session = `arn:aws:sts::${account}:assumed-role/carts/eks-shop-carts`;
const user = `arn:aws:iam::${account}:user/jane`;
const root = `arn:aws:iam::${account}:root`;
const table = `arn:aws:dynamodb:eu-west-1:${account}:table/Items`;
const bucket = "arn:aws:s3:::carts-data";
const canonicalUser = `79a59df900b949e55d96${"a1e698fbacedfd6e09d9"}8eacf8f8d5218e7cd47ef2be`;
const originAccess = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1EXAMPLE";
const key = `arn:aws:kms:eu-west-1:${account}:key/1234abcd`;

const identity = (...statements: readonly Json[]) => [named("identity", statements)];
const scp = (...statements: readonly Json[]) => [named("scp", statements)];
const rcp = (...statements: readonly Json[]) => [
  named(
    "rcp",
    statements.map((one) => ({ Principal: "*", ...one })),
  ),
];
const on = (Principal: unknown, statement: Json) => ({ Principal, ...statement });
const resource = (...statements: readonly Json[]) => named("resource", statements);
const endpoint = (...statements: readonly Json[]) => [named("vpc-endpoint", statements)];

interface Case {
  readonly what: string;
  readonly request?: Partial<AccessRequest>;
  readonly layers: Partial<PolicyLayers>;
  readonly expect: Decision["decision"];
  readonly by: Decision["decidedBy"];
  readonly missing?: readonly string[];
}

const query: AccessRequest = { principal: session, action: "dynamodb:Query", resource: table, context: {} };
const get = { action: "s3:GetObject", resource: `${bucket}/a`, resourceAccount: account };
const decrypt = { action: "kms:Decrypt", resource: key };
const everything = identity(allow("*"));

const tables: Readonly<Record<string, readonly Case[]>> = {
  [`${guide}reference_policies_evaluation-logic_policy-eval-denyallow.html`]: [
    { what: "nothing allows", layers: {}, expect: "implicitDeny", by: ["identity-based"] },
    { what: "an Allow", layers: { identityPolicies: everything }, expect: "allowed", by: ["identity-based"] },
    {
      what: "a Deny beats an Allow",
      layers: { identityPolicies: identity(allow("*"), deny("dynamodb:*")) },
      expect: "explicitDeny",
      by: ["identity-based"],
    },
    {
      what: "a Deny of another action",
      layers: { identityPolicies: identity(allow("*"), deny("s3:*")) },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "the root user needs no policy",
      request: { principal: root },
      layers: {},
      expect: "allowed",
      by: [],
    },
    {
      what: "the root user under a service control policy",
      request: { principal: root },
      layers: { serviceControlPolicies: [scp(allow("s3:*"))] },
      expect: "implicitDeny",
      by: ["scp"],
    },
    {
      what: "several layers stand in the way: all are told, in AWS's order",
      layers: { serviceControlPolicies: [scp(allow("s3:*"))], permissionsBoundary: identity(allow("s3:*")) },
      expect: "implicitDeny",
      by: ["scp", "identity-based", "permissions-boundary"],
    },
    {
      what: "who am I is always answered",
      request: { action: "sts:GetCallerIdentity", resource: "*" },
      layers: { identityPolicies: identity(deny("*")) },
      expect: "allowed",
      by: [],
    },
  ],
  [`${guide}reference_policies_elements_action.html`]: [
    {
      what: "actions are not case-sensitive",
      layers: { identityPolicies: identity(allow("DynamoDB:query", table)) },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "a wildcard in the name",
      layers: { identityPolicies: identity(allow("dynamodb:Q*y", table)) },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "another action",
      layers: { identityPolicies: identity(allow("dynamodb:GetItem", table)) },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "NotAction takes in all others",
      layers: { identityPolicies: identity({ Effect: "Allow", NotAction: "iam:*", Resource: "*" }) },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "NotAction leaves out what it names",
      layers: {
        identityPolicies: identity({ Effect: "Allow", NotAction: ["iam:*", "dynamodb:*"], Resource: "*" }),
      },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "Deny with NotAction",
      layers: {
        identityPolicies: identity(allow("*"), { Effect: "Deny", NotAction: "s3:*", Resource: "*" }),
      },
      expect: "explicitDeny",
      by: ["identity-based"],
    },
  ],
  [`${guide}reference_policies_elements_resource.html`]: [
    {
      what: "the resource itself",
      layers: { identityPolicies: identity(allow("dynamodb:*", table)) },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "resources are case-sensitive",
      layers: { identityPolicies: identity(allow("dynamodb:*", table.replace("Items", "items"))) },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "a table is not its indexes",
      request: { resource: `${table}/index/byName` },
      layers: { identityPolicies: identity(allow("dynamodb:*", table)) },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "a star over slashes",
      request: { resource: `${table}/index/byName` },
      layers: { identityPolicies: identity(allow("dynamodb:*", `${table}/*`)) },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "stars for Region and account",
      layers: { identityPolicies: identity(allow("dynamodb:*", "arn:aws:dynamodb:*:*:table/Items")) },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "a last star goes beyond colons",
      layers: { identityPolicies: identity(allow("dynamodb:*", "arn:aws:dynamodb:*")) },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "an action without a resource needs the star",
      request: { action: "dynamodb:ListTables", resource: "*" },
      layers: { identityPolicies: identity(allow("dynamodb:*", "arn:aws:dynamodb:*:*:table/*")) },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "NotResource leaves out what it names",
      layers: { identityPolicies: identity({ Effect: "Allow", Action: "*", NotResource: table }) },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "Deny with NotResource",
      layers: {
        identityPolicies: identity(allow("*"), { Effect: "Deny", Action: "*", NotResource: `${table}/*` }),
      },
      expect: "explicitDeny",
      by: ["identity-based"],
    },
  ],
  [`${guide}reference_policies_variables.html`]: [
    {
      what: "a variable in a resource",
      request: { ...get, context: { "aws:PrincipalTag/team": ["a"] }, resource: `${bucket}/a/x` },
      layers: { identityPolicies: identity(allow("s3:*", `${bucket}/\${aws:PrincipalTag/team}/*`)) },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "a variable without a value",
      request: get,
      layers: { identityPolicies: identity(allow("s3:*", `${bucket}/\${aws:PrincipalTag/team}`)) },
      expect: "implicitDeny",
      by: ["identity-based"],
      missing: ["aws:PrincipalTag/team"],
    },
    {
      what: "a star in a value is no wildcard",
      request: { ...get, context: { "aws:PrincipalTag/team": ["*"] } },
      layers: { identityPolicies: identity(allow("s3:*", `${bucket}/\${aws:PrincipalTag/team}`)) },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "a default",
      request: { ...get, resource: `${bucket}/all` },
      layers: { identityPolicies: identity(allow("s3:*", `${bucket}/\${aws:PrincipalTag/team, 'all'}`)) },
      expect: "allowed",
      by: ["identity-based"],
      missing: ["aws:PrincipalTag/team"],
    },
    {
      what: "a user's name is known from its ARN",
      request: { ...get, principal: `arn:aws:iam::${account}:user/dev/a` },
      layers: { identityPolicies: identity(allow("s3:*", `${bucket}/\${aws:username}`)) },
      expect: "allowed",
      by: ["identity-based"],
    },
  ],
  [`${guide}access_policies_boundaries.html`]: [
    {
      what: "the boundary allows too",
      layers: { identityPolicies: everything, permissionsBoundary: identity(allow("dynamodb:*")) },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "the boundary does not allow",
      layers: { identityPolicies: everything, permissionsBoundary: identity(allow("s3:*")) },
      expect: "implicitDeny",
      by: ["permissions-boundary"],
    },
    {
      what: "a boundary alone grants nothing",
      layers: { permissionsBoundary: everything },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "the boundary denies",
      layers: { identityPolicies: everything, permissionsBoundary: identity(allow("*"), deny("dynamodb:*")) },
      expect: "explicitDeny",
      by: ["permissions-boundary"],
    },
    {
      what: "no boundary is attached",
      layers: { identityPolicies: everything, permissionsBoundary: null },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "a boundary without a single statement",
      layers: { identityPolicies: everything, permissionsBoundary: [] },
      expect: "implicitDeny",
      by: ["permissions-boundary"],
    },
  ],
  [`${guide}access_policies.html#policies_session`]: [
    {
      what: "the session policy allows too",
      layers: { identityPolicies: everything, sessionPolicies: identity(allow("dynamodb:Query")) },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "the session policy does not allow",
      layers: { identityPolicies: everything, sessionPolicies: identity(allow("s3:*")) },
      expect: "implicitDeny",
      by: ["session"],
    },
    {
      what: "the session policy alone grants nothing",
      layers: { sessionPolicies: everything },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "the session policy denies",
      layers: { identityPolicies: everything, sessionPolicies: identity(deny("*")) },
      expect: "explicitDeny",
      by: ["session"],
    },
  ],
  "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html": [
    {
      what: "every level allows",
      layers: {
        identityPolicies: everything,
        serviceControlPolicies: [scp(allow("*")), scp(allow("dynamodb:*"))],
      },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "one level does not allow",
      layers: {
        identityPolicies: everything,
        serviceControlPolicies: [scp(allow("*")), scp(allow("s3:*")), scp(allow("*"))],
      },
      expect: "implicitDeny",
      by: ["scp"],
    },
    {
      what: "two policies of one level together",
      layers: {
        identityPolicies: everything,
        serviceControlPolicies: [[...scp(allow("s3:*")), ...scp(allow("dynamodb:*"))]],
      },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "a level without any policy",
      layers: { identityPolicies: everything, serviceControlPolicies: [scp(allow("*")), []] },
      expect: "implicitDeny",
      by: ["scp"],
    },
    {
      what: "one level denies",
      layers: {
        identityPolicies: everything,
        serviceControlPolicies: [scp(allow("*"), deny("dynamodb:*")), scp(allow("*"))],
      },
      expect: "explicitDeny",
      by: ["scp"],
    },
    {
      what: "it grants nothing by itself",
      layers: { serviceControlPolicies: [scp(allow("*"))] },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "it does not reach service-linked roles",
      request: {
        principal: `arn:aws:iam::${account}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS`,
      },
      layers: { identityPolicies: everything, serviceControlPolicies: [scp(deny("*"))] },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "it limits what a resource policy grants",
      request: get,
      layers: {
        serviceControlPolicies: [scp(allow("dynamodb:*"))],
        resourcePolicy: resource(on({ AWS: session }, allow("s3:*"))),
      },
      expect: "implicitDeny",
      by: ["scp"],
    },
    {
      what: "but not a service",
      request: { ...get, principal: "cloudtrail.amazonaws.com" },
      layers: {
        serviceControlPolicies: [scp(deny("*"))],
        resourcePolicy: resource(on({ Service: "cloudtrail.amazonaws.com" }, allow("s3:*"))),
      },
      expect: "allowed",
      by: ["resource-based"],
    },
  ],
  "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_evaluation.html": [
    {
      what: "the policy that AWS attaches",
      request: get,
      layers: { identityPolicies: everything, resourceControlPolicies: [rcp(allow("*"))] },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "a Deny at any level",
      request: get,
      layers: { identityPolicies: everything, resourceControlPolicies: [rcp(allow("*")), rcp(deny("s3:*"))] },
      expect: "explicitDeny",
      by: ["rcp"],
    },
    {
      what: "only Denies are given: the Allow is always attached",
      request: get,
      layers: { identityPolicies: everything, resourceControlPolicies: [rcp(deny("sqs:*"))] },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "a perimeter lets AWS services pass",
      request: { ...get, principal: "cloudtrail.amazonaws.com" },
      layers: {
        resourcePolicy: resource(on({ Service: "cloudtrail.amazonaws.com" }, allow("s3:*"))),
        resourceControlPolicies: [
          rcp(
            deny("s3:*", "*", {
              Condition: {
                StringNotEqualsIfExists: { "aws:PrincipalOrgID": "o-a1b2c3d4e5" },
                BoolIfExists: { "aws:PrincipalIsAWSService": "false" },
              },
            }),
          ),
        ],
      },
      expect: "allowed",
      by: ["resource-based"],
    },
    {
      what: "a perimeter without the organization known",
      request: get,
      layers: {
        identityPolicies: everything,
        resourceControlPolicies: [
          rcp(
            deny("s3:*", "*", {
              Condition: {
                StringNotEqualsIfExists: { "aws:PrincipalOrgID": "o-a1b2c3d4e5" },
                BoolIfExists: { "aws:PrincipalIsAWSService": "false" },
              },
            }),
          ),
        ],
      },
      expect: "explicitDeny",
      by: ["rcp"],
      missing: ["aws:PrincipalOrgID"],
    },
  ],
  "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html": [
    {
      what: "the endpoint allows",
      layers: { identityPolicies: everything, vpcEndpointPolicies: endpoint(on("*", allow("dynamodb:*"))) },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "the endpoint does not allow",
      layers: { identityPolicies: everything, vpcEndpointPolicies: endpoint(on("*", allow("s3:*"))) },
      expect: "implicitDeny",
      by: ["vpc-endpoint"],
    },
    {
      what: "the endpoint denies",
      layers: {
        identityPolicies: everything,
        vpcEndpointPolicies: endpoint(on("*", allow("*")), on("*", deny("dynamodb:*"))),
      },
      expect: "explicitDeny",
      by: ["vpc-endpoint"],
    },
    {
      what: "the endpoint lets another account's principals through",
      layers: { identityPolicies: everything, vpcEndpointPolicies: endpoint(on({ AWS: other }, allow("*"))) },
      expect: "implicitDeny",
      by: ["vpc-endpoint"],
    },
  ],
  [`${guide}reference_identifiers.html`]: [
    {
      what: "what AWS manages belongs to no other account",
      request: { action: "iam:GetPolicy", resource: "arn:aws:iam::aws:policy/ReadOnlyAccess" },
      layers: { identityPolicies: everything },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "the account of a bucket may stand in the context",
      request: {
        action: "s3:GetObject",
        resource: `${bucket}/a`,
        context: { "aws:ResourceAccount": [other] },
      },
      layers: { identityPolicies: everything },
      expect: "implicitDeny",
      by: ["resource-based"],
    },
  ],
  "https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-bucket-user-policy-specifying-principal-intro.html":
    [
      {
        what: "a canonical user",
        request: { ...get, principal: canonicalUser },
        layers: { resourcePolicy: resource(on({ CanonicalUser: canonicalUser }, allow("s3:*"))) },
        expect: "allowed",
        by: ["resource-based"],
      },
      {
        what: "another canonical user",
        request: { ...get, principal: canonicalUser.replace("79", "80") },
        layers: { resourcePolicy: resource(on({ CanonicalUser: canonicalUser }, allow("s3:*"))) },
        expect: "implicitDeny",
        by: ["resource-based"],
      },
      {
        what: "an origin access identity of CloudFront has no policies of its own",
        request: { ...get, principal: originAccess },
        layers: { resourcePolicy: resource(on({ AWS: originAccess }, allow("s3:GetObject"))) },
        expect: "allowed",
        by: ["resource-based"],
      },
    ],
  [`${guide}reference_policies_evaluation-logic_policy-eval-basics.html`]: [
    {
      what: "a resource policy names the role: its own policies need not allow",
      request: get,
      layers: { resourcePolicy: resource(on({ AWS: role }, allow("s3:*"))) },
      expect: "allowed",
      by: ["resource-based"],
    },
    {
      what: "the role is named: its boundary limits",
      request: get,
      layers: {
        permissionsBoundary: identity(allow("dynamodb:*")),
        resourcePolicy: resource(on({ AWS: role }, allow("s3:*"))),
      },
      expect: "implicitDeny",
      by: ["permissions-boundary"],
    },
    {
      what: "the role is named: its session policy limits",
      request: get,
      layers: {
        sessionPolicies: identity(allow("dynamodb:*")),
        resourcePolicy: resource(on({ AWS: role }, allow("s3:*"))),
      },
      expect: "implicitDeny",
      by: ["session"],
    },
    {
      what: "the session is named: nothing limits",
      request: get,
      layers: {
        permissionsBoundary: identity(allow("dynamodb:*")),
        sessionPolicies: identity(allow("dynamodb:*")),
        resourcePolicy: resource(on({ AWS: session }, allow("s3:*"))),
      },
      expect: "allowed",
      by: ["resource-based"],
    },
    {
      what: "the session is named: a Deny in the boundary still denies",
      request: get,
      layers: {
        permissionsBoundary: identity(deny("s3:*")),
        resourcePolicy: resource(on({ AWS: session }, allow("s3:*"))),
      },
      expect: "explicitDeny",
      by: ["permissions-boundary"],
    },
    {
      what: "everybody is named, by the role's ARN in a condition: nothing limits",
      request: get,
      layers: {
        permissionsBoundary: identity(allow("dynamodb:*")),
        resourcePolicy: resource(
          on("*", allow("s3:*", "*", { Condition: { ArnEquals: { "aws:PrincipalArn": role } } })),
        ),
      },
      expect: "allowed",
      by: ["resource-based"],
    },
    {
      what: "the user is named: the boundary does not limit",
      request: { ...get, principal: user },
      layers: {
        permissionsBoundary: identity(allow("dynamodb:*")),
        resourcePolicy: resource(on({ AWS: user }, allow("s3:*"))),
      },
      expect: "allowed",
      by: ["resource-based"],
    },
    {
      what: "the federated user is named",
      request: { ...get, principal: `arn:aws:sts::${account}:federated-user/jane` },
      layers: {
        resourcePolicy: resource(on({ AWS: `arn:aws:sts::${account}:federated-user/jane` }, allow("s3:*"))),
      },
      expect: "allowed",
      by: ["resource-based"],
    },
    {
      what: "the account is named: its policies decide",
      request: get,
      layers: { resourcePolicy: resource(on({ AWS: root }, allow("s3:*"))) },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "the account is named by its id, and a policy allows",
      request: get,
      layers: { identityPolicies: everything, resourcePolicy: resource(on({ AWS: account }, allow("s3:*"))) },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "both allow",
      request: get,
      layers: { identityPolicies: everything, resourcePolicy: resource(on({ AWS: role }, allow("s3:*"))) },
      expect: "allowed",
      by: ["identity-based", "resource-based"],
    },
    {
      what: "another session is named",
      request: get,
      layers: { resourcePolicy: resource(on({ AWS: `${session}2` }, allow("s3:*"))) },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "a role of the same name in another account is named",
      request: get,
      layers: { resourcePolicy: resource(on({ AWS: `arn:aws:iam::${other}:role/carts` }, allow("s3:*"))) },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "a role with a path is named, the session shows none",
      request: get,
      layers: {
        resourcePolicy: resource(on({ AWS: `arn:aws:iam::${account}:role/apps/carts` }, allow("s3:*"))),
      },
      expect: "allowed",
      by: ["resource-based"],
    },
    {
      what: "a resource policy that denies",
      request: get,
      layers: { identityPolicies: everything, resourcePolicy: resource(on("*", deny("s3:*"))) },
      expect: "explicitDeny",
      by: ["resource-based"],
    },
    {
      what: "anybody, where everybody is named",
      request: { ...get, principal: "anonymous" },
      layers: { resourcePolicy: resource(on({ AWS: "*" }, allow("s3:*"))) },
      expect: "allowed",
      by: ["resource-based"],
    },
    {
      what: "nobody in particular",
      request: { ...get, principal: "anonymous" },
      layers: { identityPolicies: everything },
      expect: "implicitDeny",
      by: ["resource-based"],
    },
    {
      what: "the id of a deleted role names nobody",
      request: get,
      layers: { resourcePolicy: resource(on({ AWS: `AROA${"EXAMPLE".repeat(2)}ABC` }, allow("s3:*"))) },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
  ],
  [`${guide}reference_policies_evaluation-logic-cross-account.html`]: [
    {
      what: "both sides allow",
      request: { ...get, resourceAccount: other },
      layers: { identityPolicies: everything, resourcePolicy: resource(on({ AWS: role }, allow("s3:*"))) },
      expect: "allowed",
      by: ["identity-based", "resource-based"],
    },
    {
      what: "the account is trusted as a whole",
      request: { ...get, resourceAccount: other },
      layers: { identityPolicies: everything, resourcePolicy: resource(on({ AWS: root }, allow("s3:*"))) },
      expect: "allowed",
      by: ["identity-based", "resource-based"],
    },
    {
      what: "the resource's side does not allow",
      request: { ...get, resourceAccount: other },
      layers: { identityPolicies: everything },
      expect: "implicitDeny",
      by: ["resource-based"],
    },
    {
      what: "the caller's side does not allow",
      request: { ...get, resourceAccount: other },
      layers: { resourcePolicy: resource(on({ AWS: session }, allow("s3:*"))) },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "the caller's boundary limits, whoever is named",
      request: { ...get, resourceAccount: other },
      layers: {
        identityPolicies: everything,
        permissionsBoundary: identity(allow("dynamodb:*")),
        resourcePolicy: resource(on("*", allow("s3:*"))),
      },
      expect: "implicitDeny",
      by: ["permissions-boundary"],
    },
    {
      what: "the account of the ARN counts",
      request: { resource: table.replace(account, other) },
      layers: { identityPolicies: everything },
      expect: "implicitDeny",
      by: ["resource-based"],
    },
    {
      what: "the root user of another account",
      request: { ...get, principal: root, resourceAccount: other },
      layers: {},
      expect: "implicitDeny",
      by: ["resource-based"],
    },
  ],
  [`${guide}reference_policies_elements_notprincipal.html`]: [
    {
      what: "role and account are named, the caller is known as the role only",
      request: { ...get, principal: role },
      layers: {
        identityPolicies: everything,
        resourcePolicy: resource({ NotPrincipal: { AWS: [role, root] }, ...deny("s3:*") }),
      },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "session, role and account are named",
      request: get,
      layers: {
        identityPolicies: everything,
        resourcePolicy: resource({ NotPrincipal: { AWS: [session, role, root] }, ...deny("s3:*") }),
      },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "role and account are named, but not the session",
      request: get,
      layers: {
        identityPolicies: everything,
        resourcePolicy: resource({ NotPrincipal: { AWS: [role, root] }, ...deny("s3:*") }),
      },
      expect: "explicitDeny",
      by: ["resource-based"],
    },
    {
      what: "session and account are named, but not the role",
      request: get,
      layers: {
        identityPolicies: everything,
        resourcePolicy: resource({ NotPrincipal: { AWS: [session, account] }, ...deny("s3:*") }),
      },
      expect: "explicitDeny",
      by: ["resource-based"],
    },
    {
      what: "user and account are named",
      request: { ...get, principal: user },
      layers: {
        identityPolicies: everything,
        resourcePolicy: resource({ NotPrincipal: { AWS: [user, root] }, ...deny("s3:*") }),
      },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "the account alone spares no role",
      request: get,
      layers: {
        identityPolicies: everything,
        resourcePolicy: resource({ NotPrincipal: { AWS: root }, ...deny("s3:*") }),
      },
      expect: "explicitDeny",
      by: ["resource-based"],
    },
    {
      what: "the role without its account is not spared",
      request: get,
      layers: {
        identityPolicies: everything,
        resourcePolicy: resource({ NotPrincipal: { AWS: role }, ...deny("s3:*") }),
      },
      expect: "explicitDeny",
      by: ["resource-based"],
    },
    {
      what: "others are not spared",
      request: { ...get, principal: user },
      layers: {
        identityPolicies: everything,
        resourcePolicy: resource({ NotPrincipal: { AWS: [role, root] }, ...deny("s3:*") }),
      },
      expect: "explicitDeny",
      by: ["resource-based"],
    },
    {
      what: "with a boundary nobody is spared",
      request: get,
      layers: {
        identityPolicies: everything,
        permissionsBoundary: everything,
        resourcePolicy: resource({ NotPrincipal: { AWS: [role, root] }, ...deny("s3:*") }),
      },
      expect: "explicitDeny",
      by: ["resource-based"],
    },
    {
      what: "a service is spared by its name",
      request: { ...get, principal: "cloudtrail.amazonaws.com" },
      layers: {
        resourcePolicy: resource(on("*", allow("s3:*")), {
          NotPrincipal: { Service: "cloudtrail.amazonaws.com" },
          ...deny("s3:*"),
        }),
      },
      expect: "allowed",
      by: ["resource-based"],
    },
  ],
  "https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html": [
    {
      what: "the key policy gives the account its say",
      request: decrypt,
      layers: { identityPolicies: everything, resourcePolicy: resource(on({ AWS: root }, allow("kms:*"))) },
      expect: "allowed",
      by: ["identity-based", "resource-based"],
    },
    {
      what: "the key policy does not mention the caller",
      request: decrypt,
      layers: { identityPolicies: everything, resourcePolicy: resource(on({ AWS: user }, allow("kms:*"))) },
      expect: "implicitDeny",
      by: ["resource-based"],
    },
    {
      what: "the key policy gives the account its say, which says nothing",
      request: decrypt,
      layers: { resourcePolicy: resource(on({ AWS: root }, allow("kms:*"))) },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "the key policy names the role",
      request: decrypt,
      layers: { resourcePolicy: resource(on({ AWS: role }, allow("kms:Decrypt"))) },
      expect: "allowed",
      by: ["resource-based"],
    },
    {
      what: "even the root user needs the key policy",
      request: { ...decrypt, principal: root },
      layers: { resourcePolicy: resource(on({ AWS: role }, allow("kms:*"))) },
      expect: "implicitDeny",
      by: ["resource-based"],
    },
    {
      what: "the root user where the key policy names the account",
      request: { ...decrypt, principal: root },
      layers: { resourcePolicy: resource(on({ AWS: root }, allow("kms:*"))) },
      expect: "allowed",
      by: ["resource-based"],
    },
    {
      what: "actions about no key need no key policy",
      request: { action: "kms:ListKeys", resource: "*" },
      layers: { identityPolicies: everything },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "both sides, across accounts",
      request: { action: "kms:Decrypt", resource: key.replace(account, other) },
      layers: { identityPolicies: everything, resourcePolicy: resource(on({ AWS: root }, allow("kms:*"))) },
      expect: "allowed",
      by: ["identity-based", "resource-based"],
    },
  ],
  [`${guide}id_roles_compare-resource-policies.html`]: [
    {
      what: "an identity policy alone assumes no role",
      request: { action: "sts:AssumeRole", resource: `arn:aws:iam::${account}:role/target` },
      layers: {
        identityPolicies: everything,
        resourcePolicy: named(
          "trust",
          on({ Service: "ec2.amazonaws.com" }, { Effect: "Allow", Action: "sts:AssumeRole" }),
        ),
      },
      expect: "implicitDeny",
      by: ["resource-based"],
    },
    {
      what: "a trust policy that names the role is enough",
      request: { action: "sts:AssumeRole", resource: `arn:aws:iam::${account}:role/target` },
      layers: {
        resourcePolicy: named("trust", on({ AWS: role }, { Effect: "Allow", Action: "sts:AssumeRole" })),
      },
      expect: "allowed",
      by: ["resource-based"],
    },
    {
      what: "a trust policy that names the account leaves it to the account",
      request: { action: "sts:AssumeRole", resource: `arn:aws:iam::${account}:role/target` },
      layers: {
        resourcePolicy: named("trust", on({ AWS: root }, { Effect: "Allow", Action: "sts:AssumeRole" })),
      },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "across accounts both must allow",
      request: { action: "sts:AssumeRole", resource: `arn:aws:iam::${other}:role/target` },
      layers: {
        resourcePolicy: named("trust", on({ AWS: role }, { Effect: "Allow", Action: "sts:AssumeRole" })),
      },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "a public identity provider that the role trusts",
      request: {
        principal: "accounts.google.com",
        action: "sts:AssumeRoleWithWebIdentity",
        resource: `arn:aws:iam::${account}:role/target`,
      },
      layers: {
        resourcePolicy: named(
          "trust",
          on(
            { Federated: "accounts.google.com" },
            { Effect: "Allow", Action: "sts:AssumeRoleWithWebIdentity" },
          ),
        ),
      },
      expect: "allowed",
      by: ["resource-based"],
    },
    {
      what: "a role does not trust itself by itself",
      request: { action: "sts:AssumeRole", resource: role },
      layers: {
        identityPolicies: everything,
        resourcePolicy: named(
          "trust",
          on({ Service: "pods.eks.amazonaws.com" }, { Effect: "Allow", Action: "sts:AssumeRole" }),
        ),
      },
      expect: "implicitDeny",
      by: ["resource-based"],
    },
  ],
  [`${guide}reference_policies_condition-keys.html`]: [
    {
      what: "the session's role is its principal ARN",
      layers: {
        identityPolicies: identity(
          allow("*", "*", { Condition: { ArnEquals: { "aws:PrincipalArn": role } } }),
        ),
      },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "the caller's word on the principal ARN counts",
      request: { context: { "aws:PrincipalArn": [`arn:aws:iam::${account}:role/apps/carts`] } },
      layers: {
        identityPolicies: identity(
          allow("*", "*", {
            Condition: { ArnEquals: { "aws:PrincipalArn": `arn:aws:iam::${account}:role/apps/carts` } },
          }),
        ),
      },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "the accounts of principal and resource are known",
      layers: {
        identityPolicies: identity(
          allow("*", "*", {
            Condition: { StringEquals: { "aws:PrincipalAccount": account, "aws:ResourceAccount": account } },
          }),
        ),
      },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "the account that owns a bucket is known to S3's own key",
      request: get,
      layers: {
        identityPolicies: identity(
          allow("s3:*", "*", { Condition: { StringEquals: { "s3:ResourceAccount": account } } }),
        ),
      },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "the caller's account is known to the key of KMS",
      request: decrypt,
      layers: {
        resourcePolicy: resource(
          on("*", allow("kms:*", "*", { Condition: { StringEquals: { "kms:CallerAccount": account } } })),
        ),
      },
      expect: "allowed",
      by: ["resource-based"],
    },
    {
      what: "the id of a federated user is its account and name",
      request: { ...get, principal: `arn:aws:sts::${account}:federated-user/jane` },
      layers: {
        identityPolicies: identity(
          allow("s3:*", "*", { Condition: { StringEquals: { "aws:userid": `${account}:jane` } } }),
        ),
      },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "the tags of a Pod Identity session",
      request: { context: { "aws:PrincipalTag/kubernetes-namespace": ["carts"] } },
      layers: {
        identityPolicies: identity(
          allow("*", "*", {
            Condition: { StringEquals: { "aws:PrincipalTag/kubernetes-namespace": "carts" } },
          }),
        ),
      },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "tags that IRSA does not give",
      layers: {
        identityPolicies: identity(
          allow("*", "*", {
            Condition: { StringEquals: { "aws:PrincipalTag/kubernetes-namespace": "carts" } },
          }),
        ),
      },
      expect: "implicitDeny",
      by: ["identity-based"],
      missing: ["aws:PrincipalTag/kubernetes-namespace"],
    },
    {
      what: "a Deny outside an endpoint, the endpoint unknown",
      layers: {
        identityPolicies: identity(
          allow("*"),
          deny("*", "*", { Condition: { StringNotEquals: { "aws:SourceVpce": "vpce-1" } } }),
        ),
      },
      expect: "explicitDeny",
      by: ["identity-based"],
      missing: ["aws:SourceVpce"],
    },
    {
      what: "an unknown key beside one that fails is no question",
      layers: {
        identityPolicies: identity(
          allow("*", "*", {
            Condition: { StringEquals: { "aws:SourceVpce": "vpce-1", "aws:PrincipalAccount": other } },
          }),
        ),
      },
      expect: "implicitDeny",
      by: ["identity-based"],
    },
    {
      what: "an unknown key in an Allow beside an Allow without is no question",
      layers: {
        identityPolicies: identity(
          allow("*"),
          allow("*", "*", { Condition: { StringEquals: { "aws:SourceVpce": "vpce-1" } } }),
        ),
      },
      expect: "allowed",
      by: ["identity-based"],
    },
    {
      what: "an unknown key in a Deny that might fit is a question",
      layers: {
        identityPolicies: identity(
          allow("*"),
          deny("*", "*", { Condition: { Bool: { "aws:SecureTransport": "false" } } }),
        ),
      },
      expect: "allowed",
      by: ["identity-based"],
      missing: ["aws:SecureTransport"],
    },
    {
      what: "an unknown key beside a Deny that fits anyway is no question",
      layers: {
        identityPolicies: identity(
          deny("*"),
          deny("*", "*", { Condition: { Bool: { "aws:SecureTransport": "false" } } }),
        ),
      },
      expect: "explicitDeny",
      by: ["identity-based"],
    },
  ],
};

describe.each(Object.entries(tables))("%s", (_page, cases) => {
  it.each(cases)("$what", ({ request, layers, expect: expected, by, missing = [] }) => {
    const { decision, decidedBy, missingContext } = evaluate(
      { ...query, ...request },
      { identityPolicies: [], ...layers },
    );
    expect({ decision, decidedBy, missingContext }).toEqual({
      decision: expected,
      decidedBy: by,
      missingContext: missing,
    });
  });
});

describe("the statements that matched", () => {
  const policies = [
    named(
      "identity",
      [allow("s3:*", "*", { Sid: "Storage" }), allow("dynamodb:*", table, { Sid: "Items" })],
      "first",
    ),
    named("identity", [allow("dynamodb:Query")], "second"),
  ];

  it("are the Allows, layer by layer", () => {
    const { matchedStatements } = evaluate(query, {
      identityPolicies: policies,
      permissionsBoundary: [named("identity", allow("*"), "boundary")],
    });
    expect(matchedStatements).toEqual([
      { policy: "first", sid: "Items", index: 1, effect: "Allow" },
      { policy: "second", sid: null, index: 0, effect: "Allow" },
      { policy: "boundary", sid: null, index: 0, effect: "Allow" },
    ]);
  });

  it("are only the Denies where one denies", () => {
    const denying = named("identity", deny("dynamodb:Query", table, { Sid: "No" }), "third");
    expect(evaluate(query, { identityPolicies: [...policies, denying] }).matchedStatements).toEqual([
      { policy: "third", sid: "No", index: 0, effect: "Deny" },
    ]);
  });
});

describe("what was not given", () => {
  const cross = { ...query, ...get, resourceAccount: other };

  it("is told where AWS would always ask it", () => {
    expect(evaluate(cross, { identityPolicies: everything }).notGiven).toEqual(["resource-based"]);
    expect(evaluate({ ...query, ...decrypt }, { identityPolicies: everything }).notGiven).toEqual([
      "resource-based",
    ]);
  });

  it("is nothing where the layer was given or is not needed", () => {
    const resourcePolicy = resource(on({ AWS: user }, allow("s3:*")));
    expect(evaluate(cross, { identityPolicies: everything, resourcePolicy }).notGiven).toBeUndefined();
    expect(evaluate(query, { identityPolicies: [] }).notGiven).toBeUndefined();
  });
});

describe("what the caller says of the context", () => {
  const ask = (context: AccessRequest["context"]) =>
    evaluate(
      { ...query, context },
      {
        identityPolicies: identity(allow("*", "*", { Condition: { Null: { "aws:PrincipalArn": "true" } } })),
      },
    ).decision;

  it("counts more than what the principal shows, an absent key included", () => {
    expect(ask({})).toBe("implicitDeny");
    expect(ask({ "AWS:principalarn": [] })).toBe("allowed");
  });

  it("gives a session its role's path", () => {
    const resourcePolicy = resource(on({ AWS: `arn:aws:iam::${account}:role/apps/carts` }, allow("s3:*")));
    const decided = (arn: string) =>
      evaluate(
        { ...query, ...get, context: { "aws:principalARN": [arn] } },
        { identityPolicies: [], resourcePolicy },
      ).decision;
    expect(decided(`arn:aws:iam::${account}:role/apps/carts`)).toBe("allowed");
    expect(decided(role)).toBe("implicitDeny");
  });
});

describe("the nearest miss", () => {
  const near = (request: Partial<AccessRequest>, ...statements: readonly Json[]) =>
    evaluate({ ...query, ...request }, { identityPolicies: identity(...statements) }).nearestMiss;
  const index = { resource: `${table}/index/byName` };

  it.each([
    [
      "a table without its indexes",
      index,
      [allow("dynamodb:Query", table)],
      "the table is named, its indexes are not",
    ],
    [
      "a bucket without its objects",
      get,
      [allow("s3:GetObject", bucket)],
      "the bucket is named, its objects are not",
    ],
    [
      "objects without their bucket",
      { action: "s3:ListBucket", resource: bucket },
      [allow("s3:*", `${bucket}/*`)],
      "the bucket's objects are named, the bucket itself is not",
    ],
    [
      "another Region",
      {},
      [allow("dynamodb:Query", table.replace("eu-west-1", "eu-west-2"))],
      "another region: eu-west-2 instead of eu-west-1",
    ],
    [
      "another account",
      {},
      [allow("dynamodb:Query", table.replace(account, other))],
      `another account: ${other} instead of ${account}`,
    ],
    [
      "another partition",
      {},
      [allow("dynamodb:Query", table.replace("aws", "aws-cn"))],
      "another partition: aws-cn instead of aws",
    ],
    [
      "upper and lower case",
      {},
      [allow("dynamodb:Query", table.replace("Items", "items"))],
      "upper and lower case only",
    ],
    [
      "a log group without its streams",
      { action: "logs:CreateLogStream", resource: `arn:aws:logs:eu-west-1:${account}:log-group:/carts:*` },
      [allow("logs:*", `arn:aws:logs:eu-west-1:${account}:log-group:/carts`)],
      "ends with :*",
    ],
    [
      "a secret without its suffix",
      {
        action: "secretsmanager:GetSecretValue",
        resource: `arn:aws:secretsmanager:eu-west-1:${account}:secret:db-a1B2c3`,
      },
      [allow("secretsmanager:*", `arn:aws:secretsmanager:eu-west-1:${account}:secret:db`)],
      "six random characters",
    ],
    [
      "an action without a resource",
      { action: "dynamodb:ListTables", resource: "*" },
      [allow("dynamodb:*", table)],
      'only "*" allows it',
    ],
  ])("says what differs: %s", (_what, request, statements, detail) => {
    const miss = near(request, ...statements);
    expect(miss?.differs).toEqual(["resource"]);
    expect(miss?.detail).toContain(detail);
  });

  it("names the action, as it was asked", () => {
    const miss = near({}, allow("dynamodb:GetItem", table, { Sid: "Items" }));
    expect(miss).toEqual({
      policy: "identity",
      sid: "Items",
      index: 0,
      differs: ["action"],
      detail: "it allows dynamodb:GetItem, asked was dynamodb:Query",
    });
  });

  it("names the condition with what it wants and what the request has", () => {
    const tagged = allow("dynamodb:*", table, {
      Condition: { StringEquals: { "aws:PrincipalTag/team": ["a", "b"] } },
    });
    expect(near({ context: { "aws:PrincipalTag/team": ["c"] } }, tagged)?.detail).toBe(
      'StringEquals aws:PrincipalTag/team wants "a", "b", the request has "c"',
    );
    expect(near({}, tagged)?.detail).toContain("no value of it is known");
  });

  it("prefers the statement that differs least, then the one whose texts are nearest", () => {
    const elsewhere = allow("dynamodb:Query", table.replace("Items", "Orders"));
    expect(
      near(index, allow("s3:*"), allow("dynamodb:GetItem", bucket), elsewhere, allow("dynamodb:Query", table))
        ?.index,
    ).toBe(3);
    expect(near({}, allow("dynamodb:GetItem", table), elsewhere)?.differs).toEqual(["resource"]);
  });

  it("is looked for in the layer that refuses", () => {
    const boundary = [named("identity", allow("dynamodb:GetItem"), "boundary")];
    expect(
      evaluate(query, { identityPolicies: everything, permissionsBoundary: boundary }).nearestMiss?.policy,
    ).toBe("boundary");
  });

  it("is none among statements about other services", () => {
    expect(near({}, allow("s3:*"))).toBeUndefined();
  });
});
