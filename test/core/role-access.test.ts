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
