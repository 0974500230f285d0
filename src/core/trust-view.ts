import type { Absent, ClusterFacts, Evidence, Found, RoleFacts, WorkloadFacts } from "./evidence.ts";
import { covers } from "./iam/evaluate.ts";
import { parsePolicy } from "./iam/policy.ts";
import {
  explainTrust,
  type FailedCondition,
  podIdentityContext,
  type TrustAction,
  type TrustCaller,
  type TrustExplanation,
  type TrustStatement,
} from "./iam/trust.ts";
import { known } from "./identity.ts";
import { inClusterAccount, irsaRole, issuerOf, providerArnOf, tokenAudience } from "./irsa.ts";
import type { JsonValue } from "./json.ts";
import type { Result } from "./result.ts";
import { tokenSubject } from "./subject.ts";

type Seen<T> = Found<T> | Absent;

/** Why a trust policy is not read further: no Allow in it counts. */
export const denyDecides = "a Deny in the trust policy decides";

/** The trust policy of the workload's role against the token that its pods show to STS. */
export interface IrsaTrust {
  readonly role: RoleFacts;
  readonly providerArn: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  readonly explanation: TrustExplanation;
  /** Of the statements that name provider and action, the one with the fewest failing conditions. */
  readonly nearest: TrustStatement | null;
}

type IrsaEvidence = Evidence & {
  readonly "k8s.workload": Seen<WorkloadFacts>;
  readonly "eks.cluster": Seen<ClusterFacts>;
  readonly "iam.role": Seen<RoleFacts>;
};

/**
 * Reads the trust policy as STS does for `AssumeRoleWithWebIdentity`. The error says why there is nothing to read.
 * https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
 */
export function irsaTrust(evidence: IrsaEvidence): Result<IrsaTrust, string> {
  const workload = known(evidence["k8s.workload"]);
  const cluster = known(evidence["eks.cluster"]);
  const account = known(evidence["k8s.service-account"]);
  const role = known(evidence["iam.role"]);
  const roleArn = irsaRole(evidence);
  if (roleArn === null || workload === null || cluster === null || account === null) {
    return { ok: false, error: "no role is given by annotation" };
  }
  if (!inClusterAccount(roleArn, cluster)) return { ok: false, error: "the role is in another account" };
  if (role === null) return { ok: false, error: "the role does not exist" };
  const issuer = issuerOf(cluster);
  if (issuer === null) return { ok: false, error: "the cluster shows no OIDC issuer" };
  const providerArn = providerArnOf(cluster, issuer);
  const subject = tokenSubject(workload);
  const audience = tokenAudience(account);
  const explanation = explain(
    role,
    { webIdentity: { providerArn, issuer, subject, audience } },
    "sts:AssumeRoleWithWebIdentity",
    {},
  );
  if (explanation === null) return { ok: false, error: "the trust policy cannot be read" };
  if (explanation.denied) return { ok: false, error: denyDecides };
  const nearest = nearestOf(explanation);
  return { ok: true, value: { role, providerArn, issuer, subject, audience, explanation, nearest } };
}

/** The trust policy of an association's role against what EKS Auth asks of it. */
export interface PodIdentityTrust {
  readonly role: RoleFacts;
  readonly names: boolean;
  /** Actions that no statement for EKS Pod Identity names. */
  readonly lackingActions: readonly TrustAction[];
  /** The statement that comes nearest, where its conditions alone refuse; null: they do not. */
  readonly refusing: TrustStatement | null;
}

type PodIdentityEvidence = Evidence & {
  readonly "eks.cluster": Seen<ClusterFacts>;
  readonly "iam.role": Seen<RoleFacts>;
};

/** The service that assumes the roles of Pod Identity associations. */
export const podIdentityService = "pods.eks.amazonaws.com";

/**
 * Reads the trust policy as STS does for EKS Auth, which calls `AssumeRole` with session tags.
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
 */
export function podIdentityTrust(evidence: PodIdentityEvidence): Result<PodIdentityTrust, string> {
  const association = known(evidence["eks.association"]);
  const cluster = known(evidence["eks.cluster"]);
  const role = known(evidence["iam.role"]);
  if (association === null || cluster === null) return { ok: false, error: "there is no association" };
  if (role === null) return { ok: false, error: "the role does not exist" };
  const pod = known(evidence["k8s.pods"])?.pods[0];
  const context = podIdentityContext({
    clusterName: cluster.name,
    clusterArn: cluster.arn,
    accountId: cluster.accountId,
    namespace: association.namespace,
    serviceAccount: association.serviceAccount,
    podName: pod?.name ?? null,
    podUid: pod?.uid ?? null,
    disableSessionTags: association.disableSessionTags,
  });
  const actions: readonly TrustAction[] = association.disableSessionTags
    ? ["sts:AssumeRole"]
    : ["sts:AssumeRole", "sts:TagSession"];
  const asked: { readonly action: TrustAction; readonly explanation: TrustExplanation }[] = [];
  for (const action of actions) {
    const explanation = explain(role, { service: podIdentityService }, action, context);
    if (explanation === null) return { ok: false, error: "the trust policy cannot be read" };
    if (explanation.denied) return { ok: false, error: denyDecides };
    asked.push({ action, explanation });
  }
  const names = asked.some(({ explanation }) => explanation.statements.some((one) => one.principalMatches));
  const lackingActions = asked
    .filter(({ explanation }) => candidates(explanation).length === 0)
    .map(({ action }) => action);
  const refused = asked.find(({ explanation }) => !explanation.allowed);
  const refusing = lackingActions.length > 0 || refused === undefined ? null : nearestOf(refused.explanation);
  return { ok: true, value: { role, names, lackingActions, refusing } };
}

function explain(
  role: RoleFacts,
  caller: TrustCaller,
  action: TrustAction,
  context: Readonly<Record<string, readonly string[]>>,
): TrustExplanation | null {
  const trustPolicy = parsePolicy(role.trustPolicy, "trust");
  if (!trustPolicy.ok) return null;
  return explainTrust({ trustPolicy: trustPolicy.value, roleArn: role.arn, caller, action, context });
}

function candidates({ statements }: TrustExplanation): readonly TrustStatement[] {
  return statements.filter((statement) => statement.principalMatches && statement.actionMatches);
}

function nearestOf(explanation: TrustExplanation): TrustStatement | null {
  const byFailures = [...candidates(explanation)].sort(
    (a, b) => a.failedConditions.length - b.failedConditions.length,
  );
  return byFailures[0] ?? null;
}

/** A condition as a person would write it: `StringEquals "a", "b"`. */
export function describeCondition({ operator, expected }: FailedCondition): string {
  return `${operator} ${expected.map((value) => `"${value}"`).join(", ")}`;
}

/** The trust policy with one more statement. */
export function withStatement(document: JsonValue, statement: JsonValue): JsonValue {
  if (!isObject(document)) return { Version: "2012-10-17", Statement: [statement] };
  return { ...document, Statement: [...statementsOf(document), statement] };
}

/** The trust policy with one of its statements changed. */
export function withChanged(
  document: JsonValue,
  index: number,
  change: (statement: Readonly<Record<string, JsonValue>>) => JsonValue,
): JsonValue {
  if (!isObject(document)) return document;
  const changed = statementsOf(document).map((statement, at) =>
    at === index && isObject(statement) ? change(statement) : statement,
  );
  return { ...document, Statement: changed };
}

/** A statement whose condition on `key` is what `values` makes of its present values; no value: the key goes. */
export function withCondition(
  statement: Readonly<Record<string, JsonValue>>,
  operator: string,
  key: string,
  values: (present: readonly string[]) => readonly string[],
): Readonly<Record<string, JsonValue>> {
  const conditions = isObject(statement["Condition"] ?? null) ? (statement["Condition"] as JsonObject) : {};
  const operatorAs = spelled(conditions, operator);
  const keys = isObject(conditions[operatorAs] ?? null) ? (conditions[operatorAs] as JsonObject) : {};
  const keyAs = spelled(keys, key);
  const { [keyAs]: old, ...otherKeys } = keys;
  const { [operatorAs]: _old, ...otherOperators } = conditions;
  const present = [old ?? []].flat().map(String);
  const next = values(present);
  const kept =
    next.length === 0 ? otherKeys : { ...otherKeys, [keyAs]: next.length === 1 ? (next[0] ?? "") : next };
  const condition =
    Object.keys(kept).length === 0 ? otherOperators : { ...otherOperators, [operatorAs]: kept };
  return { ...statement, Condition: condition };
}

type JsonObject = Readonly<Record<string, JsonValue>>;

function spelled(object: JsonObject, name: string): string {
  return Object.keys(object).find((key) => key.toLowerCase() === name.toLowerCase()) ?? name;
}

function statementsOf(document: JsonObject): readonly JsonValue[] {
  const statements = document["Statement"] ?? [];
  return Array.isArray(statements) ? statements : [statements];
}

function isObject(value: JsonValue): value is JsonObject {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

/** Whom a trust policy lets in, as its document names them. */
export function principalsOf(document: JsonValue): readonly string[] {
  const statements = isObject(document) ? statementsOf(document) : [];
  return statements.flatMap((statement) => {
    if (!isObject(statement) || statement["Effect"] !== "Allow") return [];
    const principal = statement["Principal"] ?? [];
    if (!isObject(principal)) return [principal].flat().map(String);
    return Object.values(principal).flatMap((values) => [values].flat().map(String));
  });
}

/** Is this condition key the subject of the issuer's tokens? Keys are not case-sensitive. */
export function isSubjectOf(key: string, issuer: string): boolean {
  return key.toLowerCase() === `${issuer}:sub`.toLowerCase();
}

/**
 * Would the value match if its wildcards were wildcards? Only the Like operators know them:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export function isLiteralWildcard({ operator, expected }: FailedCondition, subject: string): boolean {
  if (!/^(?:for(?:any|all)values?:)?stringequals/i.test(operator)) return false;
  return expected.some((value) => /[*?]/.test(value) && covers(value, subject));
}
