import type { Evidence, PolicyFacts, RoleFacts } from "./evidence.ts";
import { sessionArn } from "./iam/arn.ts";
import { type Decision, evaluate } from "./iam/evaluate.ts";
import { type NamedPolicy, parsePolicy } from "./iam/policy.ts";
import { known } from "./identity.ts";
import { outerLayers } from "./outer-layers.ts";
import { callContext, sessionContext, unknownKeys } from "./session-context.ts";

/** What can be said of one call of a workload's role. */
export type RoleAccess =
  | {
      readonly outcome: "evaluated";
      readonly roleArn: string;
      readonly decision: Decision;
      /** Layers that AWS would look at and that were not seen, in words. */
      readonly notEvaluated: readonly string[];
    }
  /** Something without which nothing can be said. */
  | { readonly outcome: "unknown"; readonly because: string };

/** The evidence that `roleAccess` reads, in the order in which it is gathered. */
export const roleAccessNeeds = [
  "eks.cluster",
  "iam.role",
  "iam.role-policies",
  "iam.role-boundary",
  "iam.target-role",
  "iam.target-role-policies",
  "organizations.policies",
  "aws.resource-policies",
] as const;

/**
 * May the role that the evidence configures do this? Evaluates the role's identity policies, its boundary, the
 * association's session policy, and where they were seen the organization's policies and the resource's own, with what is known of the session: EKS Pod Identity's tags, IRSA's provider, the role's
 * own tags. With a target role the calls are that role's.
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
 */
export function roleAccess(evidence: Evidence, action: string, resource: string): RoleAccess {
  const association = known(evidence["eks.association"]);
  const throughTarget = association?.targetRoleArn != null;
  const observedRole = evidence[throughTarget ? "iam.target-role" : "iam.role"];
  const observedPolicies = evidence[throughTarget ? "iam.target-role-policies" : "iam.role-policies"];
  if (observedRole?.status !== "found") {
    const why = observedRole?.status === "absent" ? "the role does not exist" : reasonOf(observedRole);
    return { outcome: "unknown", because: `The role could not be read: ${why}.` };
  }
  if (observedPolicies?.status === "unavailable" || observedPolicies === undefined) {
    return {
      outcome: "unknown",
      because: `The role's policies could not be read: ${reasonOf(observedPolicies)}.`,
    };
  }
  const role = observedRole.value;
  const identity = compiled(observedPolicies.status === "found" ? observedPolicies.value : []);
  const boundary = boundaryOf(evidence, role, throughTarget);
  const sessionPolicy =
    association?.sessionPolicy == null
      ? null
      : compiled([
          { name: "the association's session policy", arn: null, document: association.sessionPolicy },
        ]);
  const broken = [identity, boundary.policies, sessionPolicy].find(
    (layer) => layer !== null && "error" in layer,
  );
  if (broken != null && "error" in broken) return { outcome: "unknown", because: broken.error };
  const outer = outerLayers(evidence, role.arn, action, resource);
  if (outer.error !== null) return { outcome: "unknown", because: outer.error };
  const session = sessionContext(evidence, role);
  const evaluated = evaluate(
    {
      principal: sessionArn(role.arn, "session") ?? role.arn,
      action,
      resource,
      context: { ...session.values, ...callContext(action, resource) },
    },
    {
      identityPolicies: listOf(identity) ?? [],
      permissionsBoundary: listOf(boundary.policies),
      sessionPolicies: listOf(sessionPolicy),
      ...outer.layers,
    },
  );
  const decision = { ...evaluated, missingContext: unknownKeys(session, evaluated.missingContext) };
  const notEvaluated = [
    ...boundary.notEvaluated,
    // What is denied explicitly stays so, whatever else would say.
    ...(decision.decision === "explicitDeny" ? [] : [...outer.notEvaluated, "VPC endpoint policies"]),
  ];
  return { outcome: "evaluated", roleArn: role.arn, decision, notEvaluated };
}

type Layer = readonly NamedPolicy[] | { readonly error: string } | null;

function compiled(policies: readonly PolicyFacts[]): Exclude<Layer, null> {
  const named: NamedPolicy[] = [];
  for (const { name, document } of policies) {
    const parsed = parsePolicy(document, "identity");
    if (!parsed.ok)
      return { error: `Policy ${name} is not valid: ${parsed.error.place}: ${parsed.error.message}.` };
    named.push({ name, policy: parsed.value });
  }
  return named;
}

function listOf(layer: Layer): readonly NamedPolicy[] | null {
  return layer === null || "error" in layer ? null : layer;
}

function boundaryOf(
  evidence: Evidence,
  role: RoleFacts,
  throughTarget: boolean,
): { readonly policies: Layer; readonly notEvaluated: readonly string[] } {
  if (role.permissionsBoundaryArn === null) return { policies: null, notEvaluated: [] };
  const boundary = throughTarget ? null : known(evidence["iam.role-boundary"]);
  if (boundary !== null) return { policies: compiled([boundary]), notEvaluated: [] };
  return { policies: null, notEvaluated: [`the permissions boundary ${role.permissionsBoundaryArn}`] };
}

function reasonOf(observation: Evidence["iam.role"] | Evidence["iam.role-policies"]): string {
  if (observation?.status !== "unavailable") return "it was not looked for";
  const { permission, detail, reason } = observation;
  return permission === undefined ? (detail ?? reason) : `${permission} is not granted`;
}
