import type { Absent, Evidence, Found, LogErrorGroup, PodFacts, PolicyFacts, RoleFacts } from "./evidence.ts";
import { roleOfSession } from "./iam/arn.ts";
import { actionMatches, type Decision, evaluate } from "./iam/evaluate.ts";
import { resourceFormOf } from "./iam/least-privilege.ts";
import { type NamedPolicy, parsePolicy } from "./iam/policy.ts";
import { isExpectedRole, known } from "./identity.ts";
import { callContext, type SessionContext, sessionContext, unknownKeys } from "./session-context.ts";
import { currentErrors, deniedCalls } from "./subject.ts";
import { podIdentityService } from "./trust-view.ts";

/** A denied call of the expected role, and why its identity policies do not allow it. */
export interface RefusedCall {
  readonly error: LogErrorGroup;
  readonly principalArn: string | null;
  readonly action: string;
  readonly resource: string | null;
  /** Who was to be handed the role, where `iam:PassRole` was refused and the log shows in which call. */
  readonly passedTo: string | null;
  /** `unnamed`: the action is allowed on some resources, and the log does not say on which it was refused. */
  readonly verdict: "allowed" | "denied" | "action" | "resource" | "condition" | "unnamed";
  /** Resources of the Allows that name the action; empty where none does. */
  readonly allowedOn: readonly string[];
  /** What the nearest Allow has and what was asked, in words; null: no Allow came near. */
  readonly nearest: string | null;
  /** The name of that Allow's policy. */
  readonly nearestPolicy: string | null;
  /** Condition keys that decide and whose value in the call nothing here shows. */
  readonly unknownKeys: readonly string[];
}

/** What judging refused calls looks at beside the denials themselves. */
export const refusalNeeds = ["eks.cluster", "iam.role", "iam.role-policies"] as const;

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

/**
 * Evaluates each refused call against the role's identity policies, with what is known of the session and of the call;
 * null: one of the policies cannot be read.
 */
export function judgeRefusals(
  evidence: Evidence,
  observed: Found<readonly PolicyFacts[]> | Absent,
): readonly RefusedCall[] | null {
  const role = known(evidence["iam.role"]);
  if (role === null) return null;
  const policies: NamedPolicy[] = [];
  for (const { name, document } of observed.status === "found" ? observed.value : []) {
    const policy = parsePolicy(document, "identity");
    if (!policy.ok) return null;
    policies.push({ name, policy: policy.value });
  }
  return refusalsOfRole(evidence).map((error) => judge(error, policies, evidence, role));
}

function judge(
  error: LogErrorGroup,
  policies: readonly NamedPolicy[],
  evidence: Evidence,
  role: RoleFacts,
): RefusedCall {
  const action = error.missingAction ?? error.action ?? "";
  const { resource } = error;
  const session = sessionOf(error, evidence, role);
  const request = {
    principal: error.principalArn ?? "",
    action,
    resource: resource ?? "*",
    context: { ...session.values, ...callContext(action, resource ?? "") },
  };
  const decision = evaluate(request, { identityPolicies: heard(error, policies) });
  const naming = policies
    .flatMap(({ policy }) => policy.statements)
    .filter((statement) => statement.effect === "Allow" && actionMatches(statement, action.toLowerCase()));
  const allowedOn = naming.flatMap(({ resources }) => {
    const texts = (resources?.templates ?? []).map(({ source }) => source);
    return resources?.not === true ? [`everything but ${texts.join(", ")}`] : texts;
  });
  const { nearestMiss, missingContext } = decision;
  const nearest = nearestMiss === undefined ? null : `policy ${nearestMiss.policy}: ${nearestMiss.detail}`;
  const unknown = unknownKeys(session, missingContext);
  const verdict =
    naming.length > 0 && resource === null && resourceFormOf(action) !== null
      ? "unnamed"
      : verdictOf(decision, error, naming.length > 0, unknown.length > 0);
  return {
    error,
    principalArn: error.principalArn,
    action,
    resource,
    passedTo: passedTo(action, error.excerpt),
    allowedOn,
    nearest,
    nearestPolicy: nearestMiss?.policy ?? null,
    verdict,
    unknownKeys: unknown,
  };
}

/**
 * An association hands its role to EKS Pod Identity, so who creates one has to be allowed to pass it:
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html
 */
function passedTo(action: string, excerpt: string): string | null {
  const associates = /(?:Create|Update)PodIdentityAssociation/.test(excerpt);
  return action === "iam:PassRole" && associates ? podIdentityService : null;
}

function sessionOf(error: LogErrorGroup, evidence: Evidence, role: RoleFacts): SessionContext {
  const sessionName = roleOfSession(error.principalArn ?? "")?.sessionName ?? null;
  return sessionContext(evidence, role, callerOf(error, evidence), sessionName);
}

/** The pod that made the calls, where it was one. */
function callerOf({ pods }: LogErrorGroup, evidence: Evidence): PodFacts | null {
  const seen = known(evidence["k8s.pods"])?.pods ?? [];
  return pods.length === 1 ? (seen.find(({ name }) => name === pods[0]) ?? null) : null;
}

/** Where AWS says that no policy allows, no Deny decided: those whose condition is not known did not fit. */
function heard({ denyLayer }: LogErrorGroup, policies: readonly NamedPolicy[]): readonly NamedPolicy[] {
  if (denyLayer !== "identity-based") return policies;
  return policies.map(({ name, policy }) => ({
    name,
    policy: { ...policy, statements: policy.statements.filter(({ effect }) => effect === "Allow") },
  }));
}

function verdictOf(
  { decision, decidedBy, nearestMiss }: Decision,
  { denyLayer }: LogErrorGroup,
  actionNamed: boolean,
  dependsOnUnknown: boolean,
): RefusedCall["verdict"] {
  // An Allow that holds only while an unknown key is absent did not hold, where AWS says that none did.
  if (decision === "allowed") {
    return dependsOnUnknown && denyLayer === "identity-based" ? "condition" : "allowed";
  }
  if (decision === "explicitDeny") return "denied";
  // A key, or another account's resource, has a say of its own, which is not the identity policies' fault.
  if (!decidedBy.includes("identity-based")) return "allowed";
  if (!actionNamed) return "action";
  return nearestMiss?.differs.join() === "condition" ? "condition" : "resource";
}

/** `statement NoDeletes of policy p` for every Deny that fits refused calls, as far as the role's policies are known. */
export function denyingStatements(
  evidence: Evidence,
  refused: readonly LogErrorGroup[],
  policies: readonly NamedPolicy[],
): readonly string[] {
  const role = known(evidence["iam.role"]);
  return refused.flatMap((error) => {
    const resource = error.resource ?? "*";
    const action = error.missingAction ?? error.action ?? "";
    const session = role === null ? {} : sessionOf(error, evidence, role).values;
    const context = { ...session, ...callContext(action, resource) };
    const request = { principal: error.principalArn ?? "", action, resource, context };
    const { decision, matchedStatements } = evaluate(request, { identityPolicies: policies });
    if (decision !== "explicitDeny") return [];
    return matchedStatements.map(
      ({ policy, sid, index }) => `statement ${sid ?? index + 1} of policy ${policy}`,
    );
  });
}
