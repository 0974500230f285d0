import type { CandidateRole, ClusterFacts, LogErrorGroup, WorkloadFacts } from "./evidence.ts";
import { sessionArn } from "./iam/arn.ts";
import { evaluate } from "./iam/evaluate.ts";
import { excessWeight } from "./iam/excess.ts";
import type { NeededAccess } from "./iam/least-privilege.ts";
import { type NamedPolicy, parsePolicy } from "./iam/policy.ts";
import { evaluateTrust, podIdentityContext } from "./iam/trust.ts";
import { callContext } from "./session-context.ts";
import { podIdentityService } from "./trust-view.ts";

/** Which role a new association should hand out. */
export interface RoleChoice {
  /** Null: the evidence singles out none. */
  readonly chosen: CandidateRole | null;
  /** Roles that a person may consider, best first. */
  readonly candidates: readonly CandidateRole[];
  /** How many more would be let in, of which nothing says that they are meant: too many to be told one by one. */
  readonly others: number;
  /** What was denied, with the action that is missing. */
  readonly needed: readonly NeededAccess[];
}

/**
 * Chooses among roles that exist: one whose trust policy lets EKS Pod Identity in for this service account and whose
 * policies allow every denied call; of several, the one that allows the least beyond. Where no action is known,
 * only a name or tag that belongs to exactly one role decides.
 */
export function chooseRole(
  roles: readonly CandidateRole[],
  cluster: ClusterFacts,
  workload: WorkloadFacts,
  denied: readonly LogErrorGroup[],
): RoleChoice {
  const session = sessionContext(cluster, workload);
  const trusting = roles.filter((role) => trusts(role, session));
  const needed = neededBy(denied);
  if (needed.length === 0) {
    const named = trusting.filter((role) => isNamedFor(role, workload));
    const [only] = named;
    const chosen = only !== undefined && named.length === 1 ? only : null;
    if (named.length > 0) return { chosen, candidates: named, others: 0, needed };
    const few = trusting.length <= fewRoles;
    return { chosen, candidates: few ? trusting : [], others: few ? 0 : trusting.length, needed };
  }
  const fitting = trusting
    .filter((role) => needed.every((need) => allows(role, need, session)))
    .map((role) => ({ role, beyond: excessWeight(policiesOf(role), needed) }))
    .sort((a, b) => a.beyond - b.beyond || (a.role.name < b.role.name ? -1 : 1))
    .map(({ role }) => role);
  return { chosen: fitting[0] ?? null, candidates: fitting, others: 0, needed };
}

/** So many roles without any relation to the workload are still a choice; more are a list of other people's roles. */
const fewRoles = 3;

/** The distinct accesses that denials ask for; errors that name no action ask for nothing that could be checked. */
function neededBy(denied: readonly LogErrorGroup[]): readonly NeededAccess[] {
  const needed = denied.flatMap(({ action, missingAction, resource, principalArn }): NeededAccess[] => {
    const missing = missingAction ?? action;
    if (missing === null) return [];
    // Only a bare name needs to know whose account it is in; who was denied is else not part of the need.
    const bare = resource !== null && !resource.includes("arn:");
    return [{ action: missing, resource, ...(bare || resource === null ? { principalArn } : {}) }];
  });
  return [...new Map(needed.map((need) => [JSON.stringify(need), need])).values()];
}

type Context = Readonly<Record<string, readonly string[]>>;

function sessionContext(cluster: ClusterFacts, workload: WorkloadFacts): Context {
  return podIdentityContext({
    clusterName: cluster.name,
    clusterArn: cluster.arn,
    accountId: cluster.accountId,
    namespace: workload.namespace,
    serviceAccount: workload.template.serviceAccountName,
    podName: null,
    podUid: null,
    disableSessionTags: false,
  });
}

function trusts(role: CandidateRole, context: Context): boolean {
  const trustPolicy = parsePolicy(role.trustPolicy, "trust");
  if (!trustPolicy.ok) return false;
  const caller = { service: podIdentityService };
  return (["sts:AssumeRole", "sts:TagSession"] as const).every(
    (action) =>
      evaluateTrust({ trustPolicy: trustPolicy.value, roleArn: role.arn, caller, action, context })
        .decision === "allowed",
  );
}

function allows(role: CandidateRole, { action, resource }: NeededAccess, session: Context): boolean {
  const principal = sessionArn(role.arn, "eksiam");
  if (principal === null) return false;
  // The session's tags are the principal's tags in every later call.
  const tags = Object.entries(session).flatMap(([key, value]) =>
    key.startsWith("aws:RequestTag/") ? [[key.replace("RequestTag", "PrincipalTag"), value] as const] : [],
  );
  const own = Object.entries(role.tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, [value]] as const);
  const context = Object.fromEntries([...own, ...tags]);
  const request = {
    principal,
    action,
    resource: resource ?? "*",
    context: { ...context, ...callContext(action, resource ?? "") },
  };
  return evaluate(request, { identityPolicies: policiesOf(role) }).decision === "allowed";
}

function policiesOf(role: CandidateRole): readonly NamedPolicy[] {
  return role.policies.flatMap(({ name, document }) => {
    const policy = parsePolicy(document, "identity");
    return policy.ok ? [{ name, policy: policy.value }] : [];
  });
}

/** Does the role's name or a tag hold the workload's, its namespace's or its service account's name as a whole word? */
function isNamedFor(role: CandidateRole, { namespace, name, template }: WorkloadFacts): boolean {
  const own = [namespace, name, template.serviceAccountName].filter((word) => word !== "default");
  const texts = [role.name, ...Object.values(role.tags)];
  return own.some((word) => texts.some((text) => holdsWord(text.toLowerCase(), word.toLowerCase())));
}

function holdsWord(text: string, word: string): boolean {
  return `-${text.replace(/[^a-z0-9]+/g, "-")}-`.includes(`-${word.replace(/[^a-z0-9]+/g, "-")}-`);
}
