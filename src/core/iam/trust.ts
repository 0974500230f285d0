import { parseArn } from "./arn.ts";
import { type Condition, holds } from "./conditions.ts";
import { derivedContext, requestContext } from "./context.ts";
import type { Decision, MatchedStatement } from "./evaluate.ts";
import { type Asked, actionMatches, grantBy, statementsFor } from "./match.ts";
import type { Policy } from "./policy.ts";
import { type Caller, callerOf, type Grant, grantOf } from "./principals.ts";

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

/** `grant` says how the policy names the caller; `account`: the caller's own policies must allow the call too. */
export interface TrustDecision extends Decision {
  readonly grant: Grant;
}

/** One Allow of a trust policy against one caller. */
export interface TrustStatement {
  readonly sid: string | null;
  readonly index: number;
  /** Whom the statement names, as written. */
  readonly principals: readonly { readonly type: string; readonly value: string }[];
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

type TaggedSession = {
  readonly [K in keyof Omit<PodIdentitySession, "accountId" | "disableSessionTags">]: string | null;
};

/** The session tags of EKS Pod Identity; null: not known. */
export function podIdentityTags(session: TaggedSession): Readonly<Record<string, string | null>> {
  return {
    "eks-cluster-arn": session.clusterArn,
    "eks-cluster-name": session.clusterName,
    "kubernetes-namespace": session.namespace,
    "kubernetes-service-account": session.serviceAccount,
    "kubernetes-pod-name": session.podName,
    "kubernetes-pod-uid": session.podUid,
  };
}

/**
 * What EKS Auth sends when it assumes a role for a pod: six session tags, and the cluster as the source.
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
 */
export function podIdentityContext(session: PodIdentitySession): Record<string, readonly string[]> {
  const source = { "aws:SourceArn": [session.clusterArn], "aws:SourceAccount": [session.accountId] };
  if (session.disableSessionTags) return source;
  const tags = podIdentityTags(session);
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

/**
 * Does the trust policy let the caller? Only the trust policy is read: what the caller's own policies and those of its
 * organization say is for `evaluate`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html
 */
export function evaluateTrust(request: TrustRequest): TrustDecision {
  const asked = askedOf(request);
  const allows: MatchedStatement[] = [];
  const denies: MatchedStatement[] = [];
  const missing: string[] = [];
  let grant: Grant = "none";
  let certain = false;
  for (const statement of statementsFor(request.trustPolicy, asked.action)) {
    const before = missing.length;
    const found = grantBy(statement, asked, missing);
    if (found === "none") continue;
    const { sid, index, effect } = statement;
    (effect === "Allow" ? allows : denies).push({ policy: request.roleArn, sid, index, effect });
    if (effect === "Deny" && missing.length === before) certain = true;
    if (effect === "Allow" && (grant === "none" || found !== "account")) grant = found;
  }
  const decision = denies.length > 0 ? "explicitDeny" : allows.length > 0 ? "allowed" : "implicitDeny";
  return {
    decision,
    decidedBy: ["resource-based"],
    matchedStatements: denies.length > 0 ? denies : allows,
    missingContext: certain ? [] : [...new Set(missing)].sort(),
    grant: denies.length > 0 ? "none" : grant,
  };
}

/** The same with reasons, for people: which Allow names the caller and the action, and which condition fails. */
export function explainTrust(request: TrustRequest): TrustExplanation {
  const asked = askedOf(request);
  const { decision } = evaluateTrust(request);
  const statements = request.trustPolicy.statements
    .filter((statement) => statement.effect === "Allow")
    .map(
      (statement): TrustStatement => ({
        sid: statement.sid,
        index: statement.index,
        principals: (statement.principals?.patterns ?? []).map(({ type, value }) => ({ type, value })),
        principalMatches:
          statement.principals !== null &&
          grantOf(statement.principals, asked.caller, asked.bounded) !== "none",
        actionMatches: actionMatches(statement, asked.action),
        actions: statement.actions.texts,
        failedConditions: statement.conditions
          .filter((condition) => !holds(condition, asked.context, []))
          .map((condition) => failed(condition, asked.context.values.get(condition.lowerKey) ?? null)),
      }),
    );
  return { allowed: decision === "allowed", denied: decision === "explicitDeny", statements };
}

function failed({ operator, key, values }: Condition, actual: readonly string[] | null): FailedCondition {
  return { operator, key, expected: values, actual };
}

function askedOf({ roleArn, caller, action, context }: TrustRequest): Asked {
  const who = callerIn(caller);
  const given =
    "webIdentity" in caller
      ? {
          "aws:FederatedProvider": [caller.webIdentity.providerArn],
          ...webIdentityContext(
            caller.webIdentity.issuer,
            caller.webIdentity.subject,
            caller.webIdentity.audience,
          ),
          ...context,
        }
      : context;
  return {
    action: action.toLowerCase(),
    actionText: action,
    resource: roleArn,
    caller: who,
    bounded: false,
    context: requestContext(given, derivedContext(who, parseArn(roleArn)?.accountId ?? "")),
  };
}

function callerIn(caller: TrustCaller): Caller {
  if ("service" in caller) return { kind: "service", name: caller.service };
  if ("webIdentity" in caller) return { kind: "federated", name: caller.webIdentity.providerArn };
  return callerOf(caller.principal);
}
