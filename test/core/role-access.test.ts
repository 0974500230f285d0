import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Evidence, EvidenceBundle } from "../../src/core/evidence.ts";
import { roleAccess } from "../../src/core/role-access.ts";

const path = join(import.meta.dirname, "../fixtures/rules/_bases/pod-identity-healthy.json");
const { evidence } = JSON.parse(readFileSync(path, "utf8")) as EvidenceBundle;
const table = "arn:aws:dynamodb:us-west-2:111122223333:table/Items";

function found(value: unknown) {
  return { status: "found", value, source: "test", at: "" };
}

function withEvidence(changed: Record<string, unknown>): Evidence {
  return { ...evidence, ...changed } as Evidence;
}

function policy(statement: object) {
  return found([{ name: "p", arn: null, document: { Version: "2012-10-17", Statement: [statement] } }]);
}

function decisionOf(given: Evidence, action = "dynamodb:Query", resource = table) {
  const access = roleAccess(given, action, resource);
  return access.outcome === "evaluated" ? access.decision.decision : access.because;
}

const association = evidence["eks.association"] as { readonly value: object };
const tagged = policy({
  Effect: "Allow",
  Action: "dynamodb:Query",
  Resource: "*",
  Condition: { StringEquals: { "aws:PrincipalTag/kubernetes-namespace": "carts" } },
});

describe("what a workload's role may do", () => {
  test("its identity policies decide", () => {
    expect(decisionOf(evidence)).toBe("allowed");
    expect(decisionOf(evidence, "s3:GetObject", "*")).toBe("implicitDeny");
  });

  test("the session tags of EKS Pod Identity are known, and so is that they are switched off", () => {
    expect(decisionOf(withEvidence({ "iam.role-policies": tagged }))).toBe("allowed");
    const disabled = found({ ...association.value, disableSessionTags: true });
    expect(decisionOf(withEvidence({ "iam.role-policies": tagged, "eks.association": disabled }))).toBe(
      "implicitDeny",
    );
  });

  test.each([
    ["a tag that neither session nor role has", "aws:PrincipalTag/team", []],
    [
      "the pod's name, which differs from call to call",
      "aws:PrincipalTag/kubernetes-pod-name",
      ["aws:PrincipalTag/kubernetes-pod-name"],
    ],
    ["the way through the network", "aws:SourceVpce", ["aws:SourceVpce"]],
    ["the organization", "aws:PrincipalOrgID", ["aws:PrincipalOrgID"]],
  ])("what is unknown is told, what is known to be absent is not: %s", (_what, key, missing) => {
    const on = policy({
      Effect: "Allow",
      Action: "*",
      Resource: "*",
      Condition: { StringEquals: { [key]: "x" } },
    });
    const access = roleAccess(withEvidence({ "iam.role-policies": on }), "dynamodb:Query", table);
    expect(access).toMatchObject({ decision: { decision: "implicitDeny", missingContext: missing } });
  });

  test.each([
    ["dynamodb:Query", table, "allowed"],
    ["dynamodb:Query", table.replace("us-west-2", "eu-west-1"), "implicitDeny"],
    ["iam:GetRole", "arn:aws:iam::111122223333:role/x", "implicitDeny"],
  ])("the Region of a call is the resource's: %s on %s", (action, resource, decision) => {
    const inRegion = { StringEquals: { "aws:RequestedRegion": "us-west-2" } };
    const on = policy({ Effect: "Allow", Action: "*", Resource: "*", Condition: inRegion });
    expect(decisionOf(withEvidence({ "iam.role-policies": on }), action, resource)).toBe(decision);
  });

  test("the association's session policy limits the role", () => {
    const sessionPolicy = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }],
    };
    const limited = found({ ...association.value, sessionPolicy, disableSessionTags: true });
    const access = roleAccess(withEvidence({ "eks.association": limited }), "dynamodb:Query", table);
    expect(access).toMatchObject({ decision: { decision: "implicitDeny", decidedBy: ["session"] } });
  });

  test("with a target role the calls are that role's", () => {
    const targetRoleArn = "arn:aws:iam::111122223333:role/target";
    const role = evidence["iam.role"] as { readonly value: object };
    const through = withEvidence({
      "eks.association": found({ ...association.value, targetRoleArn }),
      "iam.target-role": found({ ...role.value, arn: targetRoleArn, name: "target" }),
      "iam.target-role-policies": policy({ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }),
    });
    expect(decisionOf(through)).toBe("implicitDeny");
    expect(roleAccess(through, "s3:GetObject", "*")).toMatchObject({ roleArn: targetRoleArn });
  });

  test("what could not be read is no answer", () => {
    const unavailable = { status: "unavailable", reason: "access-denied", source: "s" };
    const permission = "iam:ListAttachedRolePolicies";
    expect(decisionOf(withEvidence({ "iam.role-policies": { ...unavailable, permission } }))).toContain(
      permission,
    );
    expect(decisionOf(withEvidence({ "iam.role": { status: "absent", source: "s", at: "" } }))).toContain(
      "does not exist",
    );
    expect(decisionOf(withEvidence({ "iam.role-policies": policy({ Effect: "Allow" }) }))).toContain(
      "not valid",
    );
  });

  test("a boundary that was not read is said to be missing", () => {
    const role = evidence["iam.role"] as { readonly value: object };
    const permissionsBoundaryArn = "arn:aws:iam::111122223333:policy/limit";
    const bounded = found({ ...role.value, permissionsBoundaryArn });
    const access = roleAccess(withEvidence({ "iam.role": bounded }), "dynamodb:Query", table);
    expect(access).toMatchObject({
      notEvaluated: expect.arrayContaining([expect.stringContaining("policy/limit")]),
    });
  });
});

describe("what lies outside the role", () => {
  const everything = policy({ Effect: "Allow", Action: "*", Resource: "*" });
  const full = {
    name: "FullAWSAccess",
    arn: null,
    document: document({ Effect: "Allow", Action: "*", Resource: "*" }),
  };
  const object = "arn:aws:s3:::data/a";

  function document(statement: object) {
    return { Version: "2012-10-17", Statement: [statement] };
  }
  function organization(scps: readonly object[], rcps: readonly object[] = []) {
    return found({
      accountId: "111122223333",
      serviceControlPolicies: [
        [full],
        [full, ...scps.map((one) => ({ name: "scp", arn: null, document: document(one) }))],
      ],
      resourceControlPolicies: [rcps.map((one) => ({ name: "rcp", arn: null, document: document(one) }))],
    });
  }
  function accessOf(changed: Record<string, unknown>, action: string, resource: string) {
    return roleAccess(withEvidence({ "iam.role-policies": everything, ...changed }), action, resource);
  }
  const denyAll = { Effect: "Deny", Principal: "*", Action: "*", Resource: "*" };
  const resourcePolicies = (statement: object | null, resourceArn = "arn:aws:s3:::data") =>
    found({
      policies: [{ resourceArn, document: statement === null ? null : document(statement) }],
      unread: [],
    });

  test.each([
    ["a service control policy", organization([{ Effect: "Deny", Action: "s3:*", Resource: "*" }]), ["scp"]],
    ["a resource control policy", organization([], [denyAll]), ["rcp"]],
  ] as const)("%s decides", (_what, seen, decidedBy) => {
    expect(accessOf({ "organizations.policies": seen }, "s3:GetObject", object)).toMatchObject({
      decision: { decision: "explicitDeny", decidedBy },
    });
  });

  test("resource control policies of services that they may not reach are not evaluated, and said to be", () => {
    const seen = { "organizations.policies": organization([], [denyAll]) };
    expect(accessOf(seen, "dynamodb:Query", table)).toMatchObject({
      decision: { decision: "allowed" },
      notEvaluated: expect.arrayContaining(["resource control policies of the organization"]),
    });
  });

  test("the resource's own policy decides, also over what is in a bucket, and not over another one", () => {
    const seen = { "aws.resource-policies": resourcePolicies(denyAll) };
    expect(accessOf(seen, "s3:GetObject", object)).toMatchObject({
      decision: { decision: "explicitDeny", decidedBy: ["resource-based"] },
    });
    expect(accessOf(seen, "s3:GetObject", "arn:aws:s3:::data-2/a")).toMatchObject({
      decision: { decision: "allowed" },
      notEvaluated: expect.arrayContaining(["the resource's own policy"]),
    });
  });

  test("what was seen not to be there is not told as missing", () => {
    const seen = {
      "organizations.policies": { status: "absent", source: "s", at: "" },
      "aws.resource-policies": resourcePolicies(null),
    };
    expect(accessOf(seen, "s3:GetObject", object)).toMatchObject({ notEvaluated: ["VPC endpoint policies"] });
  });

  test("another account's organization and resource control policies say nothing here", () => {
    const other = found({
      accountId: "444455556666",
      serviceControlPolicies: [[]],
      resourceControlPolicies: [],
    });
    expect(accessOf({ "organizations.policies": other }, "s3:GetObject", object)).toMatchObject({
      decision: { decision: "allowed" },
      notEvaluated: expect.arrayContaining(["service and resource control policies of the organization"]),
    });
    const foreign = "arn:aws:sqs:us-west-2:444455556666:orders";
    const seen = { "organizations.policies": organization([], [denyAll]) };
    expect(accessOf(seen, "sqs:SendMessage", foreign)).toMatchObject({
      decision: { decision: "implicitDeny", decidedBy: ["resource-based"] },
      notEvaluated: expect.arrayContaining(["resource control policies over account 444455556666"]),
    });
  });

  test("a policy that is not valid is no answer", () => {
    const seen = { "organizations.policies": organization([{ Effect: "Maybe" }]) };
    expect(accessOf(seen, "s3:GetObject", object)).toMatchObject({ outcome: "unknown" });
  });
});
