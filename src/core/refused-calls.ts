import type { Absent, Evidence, Found, LogErrorGroup, PolicyFacts } from "./evidence.ts";
import { actionMatches, evaluate } from "./iam/evaluate.ts";
import { type NamedPolicy, parsePolicy } from "./iam/policy.ts";
import { isExpectedRole } from "./identity.ts";
import { currentErrors, deniedCalls } from "./subject.ts";

/** A denied call of the expected role, and why its identity policies do not allow it. */
export interface RefusedCall {
  readonly error: LogErrorGroup;
  readonly action: string;
  readonly resource: string | null;
  readonly verdict: "allowed" | "denied" | "action" | "resource" | "condition";
  /** Resources of the Allows that name the action; empty where none does. */
  readonly allowedOn: readonly string[];
  /** What the nearest Allow has and what was asked, in words; null: no Allow came near. */
  readonly nearest: string | null;
}

/** Denials of the configured role that no other layer explains, with the action known. */
export function refusalsOfRole(evidence: Evidence): readonly LogErrorGroup[] {
  return deniedCalls(currentErrors(evidence)).filter(
    ({ principalArn, denyLayer, action, missingAction }) =>
      principalArn !== null &&
      isExpectedRole(evidence, principalArn) &&
      (denyLayer === null || denyLayer === "identity-based") &&
      (missingAction ?? action) !== null,
  );
}

/** Evaluates each refused call against the role's identity policies; null: one of them cannot be read. */
export function judgeRefusals(
  evidence: Evidence,
  observed: Found<readonly PolicyFacts[]> | Absent,
): readonly RefusedCall[] | null {
  const policies: NamedPolicy[] = [];
  for (const { name, document } of observed.status === "found" ? observed.value : []) {
    const policy = parsePolicy(document, "identity");
    if (!policy.ok) return null;
    policies.push({ name, policy: policy.value });
  }
  return refusalsOfRole(evidence).map((error) => judge(error, policies));
}

function judge(error: LogErrorGroup, policies: readonly NamedPolicy[]): RefusedCall {
  const action = error.missingAction ?? error.action ?? "";
  const { resource } = error;
  const request = { principal: error.principalArn ?? "", action, resource: resource ?? "*", context: {} };
  const { decision, decidedBy, nearestMiss } = evaluate(request, { identityPolicies: policies });
  const naming = policies
    .flatMap(({ policy }) => policy.statements)
    .filter((statement) => statement.effect === "Allow" && actionMatches(statement, action.toLowerCase()));
  const allowedOn = naming.flatMap(({ resources }) => {
    const texts = (resources?.templates ?? []).map(({ source }) => source);
    return resources?.not === true ? [`everything but ${texts.join(", ")}`] : texts;
  });
  const nearest = nearestMiss === undefined ? null : `policy ${nearestMiss.policy}: ${nearestMiss.detail}`;
  return { error, action, resource, allowedOn, nearest, verdict: verdictOf() };

  function verdictOf(): RefusedCall["verdict"] {
    if (decision === "allowed") return "allowed";
    if (decision === "explicitDeny") return "denied";
    // A key, or another account's resource, has a say of its own, which is not the identity policies' fault.
    if (!decidedBy.includes("identity-based")) return "allowed";
    if (naming.length === 0) return "action";
    // A statement that fits but for its condition may hold in the real request, whose context is not known here.
    return nearestMiss?.differs.join() === "condition" ? "condition" : "resource";
  }
}
