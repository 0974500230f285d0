import type { Absent, Evidence, Found, LogErrorGroup } from "./evidence.ts";
import type { ResourcePoliciesFacts, ResourcePolicyFacts } from "./facts/aws.ts";
import { evaluate } from "./iam/evaluate.ts";
import { parsePolicy } from "./iam/policy.ts";
import type { JsonValue } from "./json.ts";
import { currentErrors, deniedCalls, listed } from "./subject.ts";

/** What calls are denied on now, where a resource's own policy may have decided: not where another layer is named. */
export function deniedResources(
  evidence: Evidence,
): readonly { readonly resource: string; readonly action: string }[] {
  return deniedCalls(currentErrors(evidence)).flatMap(({ resource, action, missingAction, denyLayer }) => {
    const concerns =
      denyLayer === null || denyLayer === "resource-based" || denyLayer === "explicit-deny-resource-based";
    if (resource === null || !concerns) return [];
    return [{ resource, action: (missingAction ?? action ?? "").toLowerCase() }];
  });
}

/**
 * The unique ids of roles that a resource policy names in place of ARNs: what IAM leaves behind when the role that the
 * policy named was deleted. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
export function roleIdsIn(document: JsonValue): readonly string[] {
  if (typeof document === "string") return /^AROA[A-Z0-9]{8,124}$/.test(document) ? [document] : [];
  if (document === null || typeof document !== "object") return [];
  const parts: readonly JsonValue[] = Array.isArray(document)
    ? document
    : Object.entries(document as Record<string, JsonValue>)
        .filter(([key]) => key !== "Condition")
        .map(([, value]) => value);
  return parts.flatMap(roleIdsIn);
}

/**
 * The Denies of these policies that fit calls which were refused, with the keys on which they depend: `statement 2, which
 * looks at aws:SourceVpce`. A key that the log does not show counts as missing from the call, as it mostly is.
 */
export function denyingStatements(
  policies: readonly ResourcePolicyFacts[],
  refused: readonly LogErrorGroup[],
): readonly string[] {
  return refused.flatMap(({ principalArn, resource, action, missingAction }) => {
    const own = policies.find(({ resourceArn }) => coversResource(resourceArn, resource ?? ""));
    const policy = own?.document == null ? null : parsePolicy(own.document, "resource");
    const asked = missingAction ?? action;
    if (own === undefined || policy?.ok !== true || principalArn === null || resource === null) return [];
    const { decision, matchedStatements } = evaluate(
      { principal: principalArn, action: asked ?? "", resource, context: {} },
      { identityPolicies: [], resourcePolicy: { name: own.resourceArn, policy: policy.value } },
    );
    if (decision !== "explicitDeny") return [];
    return matchedStatements.map(({ index, sid }) => {
      const statement = policy.value.statements.find((one) => one.index === index);
      const keys = [...new Set((statement?.conditions ?? []).map(({ key }) => key))];
      const looksAt = keys.length === 0 ? "" : `, which looks at ${listed(keys)}`;
      return `statement ${sid ?? index + 1}${looksAt}`;
    });
  });
}

/** Does the policy of this resource stand over that one: itself, or what is in the bucket? */
export function coversResource(policyOf: string, resource: string): boolean {
  return resource === policyOf || (policyOf.includes(":s3:") && resource.startsWith(`${policyOf}/`));
}

/** The resources whose policy names a role that is gone, with its id. */
export function stalePrincipals(
  policies: Found<ResourcePoliciesFacts> | Absent,
  liveRoleId: string,
): readonly { readonly resourceArn: string; readonly roleId: string }[] {
  if (policies.status === "absent") return [];
  return policies.value.policies.flatMap(({ resourceArn, document }) =>
    roleIdsIn(document)
      .filter((roleId) => roleId !== liveRoleId)
      .map((roleId) => ({ resourceArn, roleId })),
  );
}
