import { describe, expect, it } from "vitest";
import {
  type AccessRequest,
  type Decision,
  evaluate,
  type PolicyLayers,
} from "../../../src/core/iam/evaluate.ts";
import { allow, deny, guide, type Json, named } from "./support.ts";

/** Statements of AWS's pages that are easily got wrong, each held by one request. */

const account = "111122223333";
const other = "444455556666";
const role = `arn:aws:iam::${account}:role/carts`;
const session = `arn:aws:sts::${account}:assumed-role/carts/eks-shop-carts`;
const user = `arn:aws:iam::${account}:user/jane`;
const bucket = "arn:aws:s3:::carts-data";
const key = `arn:aws:kms:eu-west-1:${account}:key/1234abcd`;
const table = `arn:aws:dynamodb:eu-west-1:${account}:table/Items`;

const identity = (...statements: readonly Json[]) => [named("identity", statements)];
const scp = (...statements: readonly Json[]) => [named("scp", statements)];
const rcp = (...statements: readonly Json[]) => [
  named(
    "rcp",
    statements.map((one) => ({ Principal: "*", ...one })),
  ),
];
const on = (Principal: unknown, statement: Json) => ({ Principal, ...statement });
const of = (Principal: unknown, Action: string | readonly string[], more: Json = {}): Json => ({
  Effect: "Allow",
  Principal,
  Action,
  ...more,
});
const resource = (...statements: readonly Json[]) => named("resource", statements);
const trust = (...statements: readonly Json[]) => named("trust", statements);
const when = (Condition: Json) => ({ Condition });
const everything = identity(allow("*"));

const operators = `${guide}reference_policies_elements_condition_operators.html`;
const sets = `${guide}reference_policies_condition-single-vs-multi-valued-context-keys.html`;
const logic = `${guide}reference_policies_evaluation-logic_policy-eval-denyallow.html`;
const variables = `${guide}reference_policies_variables.html`;
const principals = `${guide}reference_policies_elements_principal.html`;
const across = `${guide}reference_policies_evaluation-logic-cross-account.html`;
const kms = "https://docs.aws.amazon.com/kms/latest/developerguide/";
const organizations = "https://docs.aws.amazon.com/organizations/latest/userguide/";
const sourceIdentity = `${guide}id_credentials_temp_control-access_monitor.html`;

interface Case {
  readonly page: string;
  readonly what: string;
  readonly request?: Partial<AccessRequest>;
  readonly layers: Partial<PolicyLayers>;
  readonly expect: Decision["decision"];
  readonly by?: Decision["decidedBy"];
}

const query: AccessRequest = { principal: session, action: "dynamodb:Query", resource: table, context: {} };
const get = { action: "s3:GetObject", resource: `${bucket}/a`, resourceAccount: account };
const decrypt = { action: "kms:Decrypt", resource: key };
const assume = { action: "sts:AssumeRole", resource: `arn:aws:iam::${account}:role/target` };

/** Is an Allow with this condition an Allow of a request with this context? */
const condition = (
  page: string,
  Condition: Json,
  context: AccessRequest["context"],
  holds: boolean,
): Case => ({
  page,
  what: `${JSON.stringify(Condition)} with ${JSON.stringify(context)}`,
  request: { context },
  layers: { identityPolicies: identity(allow("*", "*", { Condition })) },
  expect: holds ? "allowed" : "implicitDeny",
});

const cases: readonly Case[] = [
  condition(
    operators,
    { StringNotEquals: { "aws:PrincipalTag/team": ["a", "b"] } },
    { "aws:PrincipalTag/team": ["b"] },
    false,
  ),
  condition(operators, { StringNotLike: { "aws:PrincipalTag/team": "a*" } }, {}, true),
  condition(
    operators,
    { StringLike: { "aws:PrincipalTag/team": "?at*" } },
    { "aws:PrincipalTag/team": ["cats"] },
    true,
  ),
  condition(
    operators,
    { StringEquals: { "aws:PrincipalTag/team": "c*" } },
    { "aws:PrincipalTag/team": ["carts"] },
    false,
  ),
  condition(
    operators,
    { NotIpAddress: { "aws:SourceIp": "203.0.113.0/24" } },
    { "aws:SourceIp": ["2001:db8::1"] },
    true,
  ),
  condition(operators, { IpAddress: { "aws:SourceIp": "203.0.113.0/24" } }, {}, false),
  condition(
    operators,
    { ArnEquals: { "aws:SourceArn": "arn:aws:sns:*:*:news-?" } },
    { "aws:SourceArn": ["arn:aws:sns:eu-west-1:111122223333:news-1"] },
    true,
  ),
  condition(
    operators,
    { ArnLike: { "aws:SourceArn": "arn:aws:sns:*:news" } },
    { "aws:SourceArn": ["arn:aws:sns:eu-west-1:111122223333:news"] },
    false,
  ),
  condition(
    operators,
    { Null: { "aws:TokenIssueTime": "true" } },
    { "aws:TokenIssueTime": ["2026-11-20T12:00:00Z"] },
    false,
  ),
  condition(
    operators,
    { Null: { "aws:PrincipalTag/team": "false" }, StringEqualsIfExists: { "aws:PrincipalTag/team": "a" } },
    {},
    false,
  ),
  condition(operators, { BoolIfExists: { "aws:MultiFactorAuthPresent": "true" } }, {}, true),
  condition(
    operators,
    { Bool: { "aws:SecureTransport": "TRUE" } },
    { "aws:SecureTransport": ["true"] },
    true,
  ),
  condition(operators, { NumericLessThanEquals: { "s3:max-keys": 10 } }, { "s3:max-keys": ["10"] }, true),
  condition(
    operators,
    { DateLessThan: { "aws:CurrentTime": "2026-11-20T12:00:00+01:00" } },
    { "aws:CurrentTime": ["2026-11-20T11:30:00Z"] },
    false,
  ),
  condition(
    sets,
    { "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b"] } },
    { "aws:TagKeys": ["a", "c"] },
    false,
  ),
  condition(sets, { "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b"] } }, {}, true),
  condition(
    sets,
    { "ForAnyValue:StringEquals": { "aws:TagKeys": ["a", "b"] } },
    { "aws:TagKeys": ["c", "b"] },
    true,
  ),
  condition(sets, { "ForAnyValue:StringEquals": { "aws:TagKeys": "a" } }, {}, false),
  condition(
    variables,
    { StringEquals: { "aws:ResourceTag/team": "${aws:PrincipalTag/team}" } },
    { "aws:ResourceTag/team": [""] },
    false,
  ),
  condition(
    variables,
    { StringNotEquals: { "aws:ResourceTag/team": "${aws:PrincipalTag/team}" } },
    { "aws:ResourceTag/team": ["a"] },
    true,
  ),
  condition(
    variables,
    { StringLike: { "s3:prefix": "${aws:PrincipalTag/team, 'all'}/*" } },
    { "s3:prefix": ["all/x"] },
    true,
  ),
  {
    page: variables,
    what: "a variable without a value in NotResource is like nothing",
    layers: {
      identityPolicies: identity({
        Effect: "Allow",
        Action: "*",
        NotResource: `${table}\${aws:PrincipalTag/x}`,
      }),
    },
    expect: "allowed",
  },
  {
    page: logic,
    what: "a Deny in a session policy beats a session that a resource policy names",
    request: get,
    layers: {
      sessionPolicies: identity(allow("*"), deny("s3:GetObject")),
      resourcePolicy: resource(on({ AWS: session }, allow("s3:GetObject", `${bucket}/*`))),
    },
    expect: "explicitDeny",
    by: ["session"],
  },
  {
    page: logic,
    what: "a service control policy limits a session that a resource policy names",
    request: get,
    layers: {
      serviceControlPolicies: [scp(allow("dynamodb:*"))],
      resourcePolicy: resource(on({ AWS: session }, allow("s3:GetObject", `${bucket}/*`))),
    },
    expect: "implicitDeny",
    by: ["scp"],
  },
  {
    page: logic,
    what: "a Deny for the account is a Deny for its roles",
    request: get,
    layers: {
      identityPolicies: everything,
      resourcePolicy: resource(on({ AWS: account }, deny("s3:*", `${bucket}/*`))),
    },
    expect: "explicitDeny",
    by: ["resource-based"],
  },
  {
    page: principals,
    what: "everybody, by the account in a condition: nothing else need allow",
    request: get,
    layers: {
      resourcePolicy: resource(
        on(
          "*",
          allow("s3:GetObject", `${bucket}/*`, when({ StringEquals: { "aws:PrincipalAccount": account } })),
        ),
      ),
      permissionsBoundary: identity(allow("dynamodb:*")),
    },
    expect: "allowed",
    by: ["resource-based"],
  },
  {
    page: principals,
    what: "a service that is named is not the role that it works for",
    request: get,
    layers: { resourcePolicy: resource(on({ Service: "ec2.amazonaws.com" }, allow("s3:*", `${bucket}/*`))) },
    expect: "implicitDeny",
    by: ["identity-based"],
  },
  {
    page: principals,
    what: "one of several kinds of principal is enough",
    request: get,
    layers: {
      resourcePolicy: resource(
        on({ Service: "ec2.amazonaws.com", AWS: [other, role] }, allow("s3:*", `${bucket}/*`)),
      ),
    },
    expect: "allowed",
    by: ["resource-based"],
  },
  {
    page: across,
    what: "everybody is named in another account: the caller's own policies must still allow",
    request: { ...get, resourceAccount: other },
    layers: { resourcePolicy: resource(on("*", allow("s3:GetObject", `${bucket}/*`))) },
    expect: "implicitDeny",
    by: ["identity-based"],
  },
  {
    page: across,
    what: "the session policy counts across accounts, also where the session is named",
    request: { ...get, resourceAccount: other },
    layers: {
      identityPolicies: everything,
      sessionPolicies: identity(allow("dynamodb:*")),
      resourcePolicy: resource(on({ AWS: session }, allow("s3:GetObject", `${bucket}/*`))),
    },
    expect: "implicitDeny",
    by: ["session"],
  },
  {
    page: `${kms}key-policy-default.html`,
    what: "a key policy for the account leaves it to the role's policies",
    request: decrypt,
    layers: {
      identityPolicies: identity(allow("kms:Decrypt", key)),
      resourcePolicy: resource(on({ AWS: `arn:aws:iam::${account}:root` }, allow("kms:*"))),
    },
    expect: "allowed",
    by: ["identity-based", "resource-based"],
  },
  {
    page: `${kms}key-policy-default.html`,
    what: "an Allow on all keys is nothing without the key's own policy",
    request: decrypt,
    layers: { identityPolicies: everything },
    expect: "implicitDeny",
    by: ["resource-based"],
  },
  {
    page: `${kms}conditions-kms.html`,
    what: "only through another service",
    request: { ...decrypt, context: { "kms:ViaService": ["secretsmanager.eu-west-1.amazonaws.com"] } },
    layers: {
      identityPolicies: everything,
      resourcePolicy: resource(
        on(
          "*",
          allow(
            "kms:*",
            "*",
            when({
              StringEquals: { "kms:ViaService": "s3.eu-west-1.amazonaws.com", "kms:CallerAccount": account },
            }),
          ),
        ),
      ),
    },
    expect: "implicitDeny",
    by: ["resource-based"],
  },
  {
    page: `${kms}key-policy-modifying-external-accounts.html`,
    what: "a key of another account: an Allow for the account as a whole and one in the caller's policies",
    request: { ...decrypt, resource: key.replace(account, other) },
    layers: {
      identityPolicies: identity(allow("kms:Decrypt", key.replace(account, other))),
      resourcePolicy: resource(on({ AWS: `arn:aws:iam::${account}:root` }, allow("kms:Decrypt"))),
    },
    expect: "allowed",
  },
  {
    page: `${guide}id_roles_update-role-trust-policy.html`,
    what: "a trust policy for the account needs the caller's own Allow",
    request: assume,
    layers: { resourcePolicy: trust(of({ AWS: account }, "sts:AssumeRole")) },
    expect: "implicitDeny",
    by: ["identity-based"],
  },
  {
    page: `${guide}id_session-tags.html`,
    what: "tags of a session are a permission of their own in the trust policy",
    request: { ...assume, action: "sts:TagSession" },
    layers: { identityPolicies: everything, resourcePolicy: trust(of({ AWS: role }, "sts:AssumeRole")) },
    expect: "implicitDeny",
    by: ["resource-based"],
  },
  {
    page: sourceIdentity,
    what: "so is a source identity",
    request: { ...assume, action: "sts:SetSourceIdentity" },
    layers: { identityPolicies: everything, resourcePolicy: trust(of({ AWS: role }, "sts:AssumeRole")) },
    expect: "implicitDeny",
    by: ["resource-based"],
  },
  {
    page: sourceIdentity,
    what: "a source identity that the trust policy lets be set",
    request: { ...assume, action: "sts:SetSourceIdentity", context: { "sts:SourceIdentity": ["jane"] } },
    layers: {
      identityPolicies: everything,
      resourcePolicy: trust(
        of(
          { AWS: role },
          ["sts:AssumeRole", "sts:SetSourceIdentity"],
          when({ StringLike: { "sts:SourceIdentity": "j*" } }),
        ),
      ),
    },
    expect: "allowed",
  },
  {
    page: `${guide}id_roles_create_for-user_externalid.html`,
    what: "an external id that the caller did not give",
    request: assume,
    layers: {
      identityPolicies: everything,
      resourcePolicy: trust(
        of({ AWS: account }, "sts:AssumeRole", when({ StringEquals: { "sts:ExternalId": "7" } })),
      ),
    },
    expect: "implicitDeny",
    by: ["resource-based"],
  },
  {
    page: `${organizations}orgs_manage_policies_scps_evaluation.html`,
    what: "an Allow at the root is nothing without one at the account",
    layers: {
      identityPolicies: everything,
      serviceControlPolicies: [scp(allow("*")), scp(allow("*")), scp(allow("s3:*"))],
    },
    expect: "implicitDeny",
    by: ["scp"],
  },
  {
    page: `${organizations}orgs_manage_policies_scps_syntax.html`,
    what: "a Region that is not among those of a Deny with NotAction",
    request: { context: { "aws:RequestedRegion": ["eu-west-1"] } },
    layers: {
      identityPolicies: everything,
      serviceControlPolicies: [
        scp(allow("*"), {
          Effect: "Deny",
          NotAction: ["iam:*", "sts:*"],
          Resource: "*",
          ...when({ StringNotEquals: { "aws:RequestedRegion": ["us-east-1"] } }),
        }),
      ],
    },
    expect: "explicitDeny",
    by: ["scp"],
  },
  {
    page: `${organizations}orgs_manage_policies_rcps.html`,
    what: "a resource control policy binds callers of other accounts too",
    request: { ...get, principal: session.replace(account, other), resourceAccount: account },
    layers: {
      identityPolicies: everything,
      resourcePolicy: resource(on("*", allow("s3:*", `${bucket}/*`))),
      resourceControlPolicies: [
        rcp(
          deny(
            "s3:*",
            "*",
            when({
              StringNotEqualsIfExists: { "aws:PrincipalOrgID": "o-a1b2c3d4e5" },
              BoolIfExists: { "aws:PrincipalIsAWSService": "false" },
            }),
          ),
        ),
      ],
    },
    expect: "explicitDeny",
    by: ["rcp"],
  },
  {
    page: `${guide}access_policies_boundaries.html`,
    what: "a boundary does not limit a user that a resource policy names",
    request: { ...get, principal: user },
    layers: {
      permissionsBoundary: identity(allow("dynamodb:*")),
      resourcePolicy: resource(on({ AWS: user }, allow("s3:GetObject", `${bucket}/*`))),
    },
    expect: "allowed",
    by: ["resource-based"],
  },
  {
    page: `${guide}reference_policies_elements_notaction.html`,
    what: "an Allow with NotAction gives no Deny for what it leaves out",
    layers: {
      identityPolicies: identity(
        { Effect: "Allow", NotAction: "dynamodb:*", Resource: "*" },
        allow("dynamodb:Query", table),
      ),
    },
    expect: "allowed",
  },
  {
    page: `${guide}reference_policies_elements_notresource.html`,
    what: "a Deny with NotResource spares what it names",
    layers: {
      identityPolicies: identity(allow("*"), {
        Effect: "Deny",
        Action: "*",
        NotResource: [table, `${table}/*`],
      }),
    },
    expect: "allowed",
  },
];

describe("what AWS documents", () => {
  it.each(cases.map((one) => [one.page, one.what, one] as const))("%s: %s", (_page, _what, test) => {
    const decision = evaluate({ ...query, ...test.request }, { identityPolicies: [], ...test.layers });

    expect(decision.decision).toBe(test.expect);
    if (test.by !== undefined) expect(decision.decidedBy).toEqual(test.by);
  });
});
