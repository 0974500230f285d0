import { parseArn, sameRole } from "./arn.ts";
import { type Condition, holds } from "./conditions.ts";
import { requestContext } from "./context.ts";
import { actionMatches, type Decision, type MatchedStatement } from "./evaluate.ts";
import type { Policy, Statement } from "./policy.ts";

/** Who asks to assume a role. */
export type TrustCaller =
  | { readonly service: string }
  | {
      readonly webIdentity: {
        readonly providerArn: string;
        /** `https://oidc.eks.…/id/…`, with or without the scheme. */
        readonly issuer: string;
        readonly subject: string;
        readonly audience: string;
      };
    }
  | { readonly principal: string };

export type TrustAction = "sts:AssumeRole" | "sts:AssumeRoleWithWebIdentity" | "sts:TagSession";

export interface TrustRequest {
  readonly trustPolicy: Policy;
  readonly roleArn: string;
  readonly caller: TrustCaller;
  readonly action: TrustAction;
  readonly context: Readonly<Record<string, readonly string[]>>;
}

export interface FailedCondition {
  readonly operator: string;
  readonly key: string;
  readonly expected: readonly string[];
  /** Null: the request does not carry the key. */
  readonly actual: readonly string[] | null;
}

/** One Allow of a trust policy against one caller. */
export interface TrustStatement {
  readonly sid: string | null;
  readonly index: number;
  readonly principalMatches: boolean;
  readonly actionMatches: boolean;
  readonly actions: readonly string[];
  readonly failedConditions: readonly FailedCondition[];
}

export interface TrustExplanation {
  readonly allowed: boolean;
  /** A Deny matched: no Allow helps. */
  readonly denied: boolean;
  readonly statements: readonly TrustStatement[];
}

export interface PodIdentitySession {
  readonly clusterName: string;
  readonly clusterArn: string;
  readonly accountId: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Null: not known before a pod asks; conditions on it are then reported as missing context. */
  readonly podName: string | null;
  readonly podUid: string | null;
  readonly disableSessionTags: boolean;
}

/**
 * What EKS Auth sends when it assumes a role for a pod: six session tags, and the cluster as the source.
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
 */
export function podIdentityContext(session: PodIdentitySession): Record<string, readonly string[]> {
  const source = { "aws:SourceArn": [session.clusterArn], "aws:SourceAccount": [session.accountId] };
  if (session.disableSessionTags) return source;
  const tags: Record<string, string | null> = {
    "eks-cluster-arn": session.clusterArn,
    "eks-cluster-name": session.clusterName,
    "kubernetes-namespace": session.namespace,
    "kubernetes-service-account": session.serviceAccount,
    "kubernetes-pod-name": session.podName,
    "kubernetes-pod-uid": session.podUid,
  };
  const known = Object.entries(tags).flatMap(([tag, value]) =>
    value === null ? [] : [[tag, value] as const],
  );
  return {
    ...source,
    "aws:TagKeys": Object.keys(tags),
    ...Object.fromEntries(known.map(([tag, value]) => [`aws:RequestTag/${tag}`, [value]])),
  };
}

/**
 * The condition keys of a web identity: `<issuer without https://>:sub` and `:aud`.
 * https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
 */
export function webIdentityContext(
  issuer: string,
  subject: string,
  audience: string,
): Record<string, readonly string[]> {
  const provider = issuer.replace(/^https:\/\//, "");
  return { [`${provider}:sub`]: [subject], [`${provider}:aud`]: [audience] };
}

/** Does the trust policy let the caller? Identity policies of the caller are not looked at here. */
export function evaluateTrust(request: TrustRequest): Decision {
  const context = requestContext(callerContext(request));
  const missing: string[] = [];
  const matched: MatchedStatement[] = [];
  for (const statement of request.trustPolicy.statements) {
    if (!actionMatches(statement, request.action.toLowerCase()) || !callerMatches(statement, request.caller))
      continue;
    const results = statement.conditions.map((condition) => holds(condition, context));
    missing.push(...results.flatMap((result) => result.missing));
    if (!results.every((result) => result.holds)) continue;
    matched.push({
      policy: request.roleArn,
      sid: statement.sid,
      index: statement.index,
      effect: statement.effect,
    });
  }
  const denies = matched.filter((statement) => statement.effect === "Deny");
  const decision = denies.length > 0 ? "explicitDeny" : matched.length > 0 ? "allowed" : "implicitDeny";
  return {
    decision,
    decidedBy: ["resource-based"],
    matchedStatements: denies.length > 0 ? denies : matched,
    missingContext: [...new Set(missing)].sort(),
  };
}

/** The same with reasons, for people: which Allow names the caller and the action, and which condition fails. */
export function explainTrust(request: TrustRequest): TrustExplanation {
  const context = requestContext(callerContext(request));
  const { decision } = evaluateTrust(request);
  const statements = request.trustPolicy.statements
    .filter((statement) => statement.effect === "Allow")
    .map(
      (statement): TrustStatement => ({
        sid: statement.sid,
        index: statement.index,
        principalMatches: callerMatches(statement, request.caller),
        actionMatches: actionMatches(statement, request.action.toLowerCase()),
        actions: statement.actions.texts,
        failedConditions: statement.conditions
          .filter((condition) => !holds(condition, context).holds)
          .map((condition) => failed(condition, context.values.get(condition.key.toLowerCase()) ?? null)),
      }),
    );
  return { allowed: decision === "allowed", denied: decision === "explicitDeny", statements };
}

function failed(condition: Condition, actual: readonly string[] | null): FailedCondition {
  return {
    operator: condition.operator,
    key: condition.key,
    expected: condition.values.map((value) => value.source),
    actual,
  };
}

function callerContext({ caller, context }: TrustRequest): Readonly<Record<string, readonly string[]>> {
  if (!("webIdentity" in caller)) return context;
  const { issuer, subject, audience } = caller.webIdentity;
  return { ...webIdentityContext(issuer, subject, audience), ...context };
}

function callerMatches(statement: Statement, caller: TrustCaller): boolean {
  if (statement.principals === null) return false;
  const { not, patterns } = statement.principals;
  const named = patterns.some(({ type, value }) => {
    if (type === "*") return !("webIdentity" in caller) || statement.effect === "Deny";
    if ("service" in caller) return type === "Service" && value === caller.service;
    if ("webIdentity" in caller) return type === "Federated" && value === caller.webIdentity.providerArn;
    if (type !== "AWS") return false;
    const account = parseArn(caller.principal)?.accountId;
    const isAccount =
      value === account || (parseArn(value)?.resource === "root" && parseArn(value)?.accountId === account);
    return value === "*" || value === caller.principal || isAccount || sameRole(caller.principal, value);
  });
  return named !== not;
}
