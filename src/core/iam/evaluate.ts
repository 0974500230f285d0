import { isAccountId, parseArn } from "./arn.ts";
import { derivedContext, requestContext } from "./context.ts";
import { type Asked, grantBy, statementsFor } from "./match.ts";
import { type NearMiss, nearestMiss } from "./near-miss.ts";
import { resourceMustAllow } from "./own-policy.ts";
import type { NamedPolicy } from "./policy.ts";
import { accountOf, type Caller, callerOf, type Grant } from "./principals.ts";

export { actionMatches } from "./match.ts";
export { covers } from "./wildcard.ts";

/** The kinds of policy that a request meets. */
export type Layer =
  | "rcp"
  | "scp"
  | "vpc-endpoint"
  | "resource-based"
  | "identity-based"
  | "permissions-boundary"
  | "session";

export interface AccessRequest {
  /** ARN of a user, a role, a session or the root user; a service's name; `anonymous`. */
  readonly principal: string;
  readonly action: string;
  /** `*` for actions that name no resource. */
  readonly resource: string;
  /** The account that owns the resource, where its ARN does not say; absent: the caller's own. */
  readonly resourceAccount?: string;
  /** Condition keys with their values. What the principal shows (`aws:PrincipalArn`, …) need not be given. */
  readonly context: Readonly<Record<string, readonly string[]>>;
}

/** Null or absent: the layer does not apply. An empty list applies, and allows nothing. */
export interface PolicyLayers {
  readonly identityPolicies: readonly NamedPolicy[];
  readonly permissionsBoundary?: readonly NamedPolicy[] | null;
  readonly sessionPolicies?: readonly NamedPolicy[] | null;
  /** One list a level of the organization, root first; every level must allow. */
  readonly serviceControlPolicies?: readonly (readonly NamedPolicy[])[] | null;
  readonly resourceControlPolicies?: readonly (readonly NamedPolicy[])[] | null;
  /** A bucket, queue or key policy, or the trust policy of the role that is to be assumed. */
  readonly resourcePolicy?: NamedPolicy | null;
  readonly vpcEndpointPolicies?: readonly NamedPolicy[] | null;
}

export interface MatchedStatement {
  readonly policy: string;
  readonly sid: string | null;
  readonly index: number;
  readonly effect: "Allow" | "Deny";
}

export interface Decision {
  readonly decision: "allowed" | "implicitDeny" | "explicitDeny";
  /** Of an allow: the layers that grant. Of a deny: every layer that stands in the way, in AWS's order. */
  readonly decidedBy: readonly Layer[];
  /** Of an explicit deny the Denies, else the Allows that fit, layer by layer. */
  readonly matchedStatements: readonly MatchedStatement[];
  /** Keys that policies ask for and the request lacks, where they could change the answer; sorted. */
  readonly missingContext: readonly string[];
  /** For an implicit deny: the Allow that came nearest. */
  readonly nearestMiss?: NearMiss;
  /**
   * There where such a request always meets a layer of which no policy was given: another account's resource, a KMS
   * key or a role without its policy. The answer then holds only if there is none.
   */
  readonly notGiven?: readonly Layer[];
}

/** What one set of policies says. */
interface Voice {
  readonly layer: Layer;
  readonly policies: readonly NamedPolicy[];
  readonly allows: MatchedStatement[];
  readonly denies: MatchedStatement[];
  /** The closest that an Allow names the caller. */
  grant: Grant;
  /** Whether an Allow, a Deny, fits whatever the keys that the request lacks would be. */
  allowIsCertain: boolean;
  denyIsCertain: boolean;
  readonly missingOfAllows: string[];
  readonly missingOfDenies: string[];
}

/**
 * AWS's policy evaluation logic: an explicit deny anywhere wins; otherwise every layer that applies must allow, with
 * the exceptions for resource-based policies within one account.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function evaluate(request: AccessRequest, layers: PolicyLayers): Decision {
  const caller = callerOf(request.principal, givenPrincipalArn(request));
  const resource = parseArn(request.resource);
  const owner = ownerOf(request, resource?.accountId);
  const action = request.action.toLowerCase();
  const asked: Asked = {
    action,
    actionText: request.action,
    resource: request.resource,
    caller,
    bounded: layers.permissionsBoundary != null,
    context: requestContext(request.context, derivedContext(caller, owner, action)),
  };
  if (asked.action === "sts:getcalleridentity") return answer("allowed", [], [], []);
  const voices = listen(asked, layers);
  const denying = voices.filter((voice) => voice.denies.length > 0);
  if (denying.length > 0) {
    const certain = denying.some((voice) => voice.denyIsCertain);
    const matched = denying.flatMap((voice) => voice.denies);
    return answer("explicitDeny", layersOf(denying), matched, certain ? [] : missingOf(voices));
  }
  const { refusing, granting } = judge(voices, caller, {
    crossAccount: owner !== "" && accountOf(caller) !== "" && owner !== accountOf(caller),
    resourceMustAllow: resourceMustAllow(asked.action, resource?.service, resource?.resource),
  });
  if (refusing.length === 0) {
    const granted = voices.filter((voice) => voice.allows.length > 0);
    return answer(
      "allowed",
      granting,
      granted.flatMap((voice) => voice.allows),
      missingOf(voices, granted),
    );
  }
  const matched = voices.flatMap((voice) => voice.allows);
  const nearest = nearestMiss(unheard(voices, refusing), asked);
  const unseen = refusing.includes("resource-based") && !layers.resourcePolicy;
  return {
    ...answer("implicitDeny", refusing, matched, missingOf(voices)),
    ...(nearest === null ? {} : { nearestMiss: nearest }),
    ...(unseen ? { notGiven: ["resource-based"] } : {}),
  };
}

/** A session's ARN has no path; the key has it, where the caller knows it. */
function givenPrincipalArn({ context }: AccessRequest): string | null {
  return contextValue(context, "aws:principalarn");
}

/** The account that owns the resource, as far as the request tells; empty: taken for the caller's own. */
function ownerOf({ resourceAccount, context }: AccessRequest, ofArn: string | undefined): string {
  if (resourceAccount !== undefined) return resourceAccount;
  if (ofArn !== undefined && isAccountId(ofArn)) return ofArn;
  return contextValue(context, "aws:resourceaccount") ?? "";
}

function contextValue(context: AccessRequest["context"], lowerKey: string): string | null {
  for (const key in context) {
    if (key.length === lowerKey.length && key.toLowerCase() === lowerKey) return context[key]?.[0] ?? null;
  }
  return null;
}

function answer(
  decision: Decision["decision"],
  decidedBy: readonly Layer[],
  matchedStatements: readonly MatchedStatement[],
  missingContext: readonly string[],
): Decision {
  return { decision, decidedBy, matchedStatements, missingContext };
}

/** Every layer that applies, in AWS's order; of an organization, a voice a level. */
function listen(asked: Asked, layers: PolicyLayers): readonly Voice[] {
  const { caller } = asked;
  const voices: Voice[] = [];
  // Organizations' policies do not reach service-linked roles, and service control policies no one without an account.
  const reached = !(caller.kind === "role" && caller.roleArn?.includes(":role/aws-service-role/") === true);
  if (reached) {
    for (const level of layers.resourceControlPolicies ?? []) voices.push(hear("rcp", level, asked));
    if (accountOf(caller) !== "") {
      for (const level of layers.serviceControlPolicies ?? []) voices.push(hear("scp", level, asked));
    }
  }
  if (layers.vpcEndpointPolicies != null)
    voices.push(hear("vpc-endpoint", layers.vpcEndpointPolicies, asked));
  if (layers.resourcePolicy) voices.push(hear("resource-based", [layers.resourcePolicy], asked));
  voices.push(hear("identity-based", layers.identityPolicies, asked));
  if (layers.permissionsBoundary != null) {
    voices.push(hear("permissions-boundary", layers.permissionsBoundary, asked));
  }
  if (layers.sessionPolicies != null) voices.push(hear("session", layers.sessionPolicies, asked));
  return voices;
}

function hear(layer: Layer, policies: readonly NamedPolicy[], asked: Asked): Voice {
  const voice: Voice = {
    layer,
    policies,
    allows: [],
    denies: [],
    grant: "none",
    allowIsCertain: false,
    denyIsCertain: false,
    missingOfAllows: [],
    missingOfDenies: [],
  };
  for (const { name, policy } of policies) {
    for (const statement of statementsFor(policy, asked.action)) {
      const { sid, index, effect } = statement;
      const missing = effect === "Allow" ? voice.missingOfAllows : voice.missingOfDenies;
      const before = missing.length;
      const grant = grantBy(statement, asked, missing);
      if (grant === "none") continue;
      const certain = missing.length === before;
      if (effect === "Deny") {
        voice.denies.push({ policy: name, sid, index, effect });
        if (certain) voice.denyIsCertain = true;
      } else {
        voice.allows.push({ policy: name, sid, index, effect });
        voice.grant = closer(voice.grant, grant);
        if (certain) voice.allowIsCertain = true;
      }
    }
  }
  return voice;
}

const closeness: Readonly<Record<Grant, number>> = { none: 0, account: 1, role: 2, direct: 3 };

function closer(one: Grant, other: Grant): Grant {
  return closeness[one] >= closeness[other] ? one : other;
}

interface Standing {
  readonly crossAccount: boolean;
  readonly resourceMustAllow: boolean;
}

interface Judgement {
  readonly refusing: readonly Layer[];
  readonly granting: readonly Layer[];
}

/** Which layers do not allow though they must, and which grant. Nobody denies explicitly. */
function judge(
  voices: readonly Voice[],
  caller: Caller,
  { crossAccount, resourceMustAllow }: Standing,
): Judgement {
  const silent = (layer: Layer) => voices.some((voice) => voice.layer === layer && voice.allows.length === 0);
  const grant = voices.find((voice) => voice.layer === "resource-based")?.grant ?? "none";
  const byIdentity = !silent("identity-based") || caller.kind === "root";
  const refusing: Layer[] = [];
  // A resource control policy has no implicit deny: its only Allow is the one that AWS attaches everywhere.
  if (silent("scp")) refusing.push("scp");
  if (silent("vpc-endpoint")) refusing.push("vpc-endpoint");
  const accountless = accountOf(caller) === "";
  if (grant === "none" && (crossAccount || resourceMustAllow || accountless)) refusing.push("resource-based");
  const needs = accountless ? none : crossAccount ? all : needsBeside(grant);
  if (needs.identity && !byIdentity) refusing.push("identity-based");
  if (needs.boundary && silent("permissions-boundary")) refusing.push("permissions-boundary");
  if (needs.session && silent("session")) refusing.push("session");
  const granting: Layer[] = [];
  if (!accountless && !silent("identity-based")) granting.push("identity-based");
  const counts =
    grant === "direct" || grant === "role" || (grant === "account" && (crossAccount || resourceMustAllow));
  if (counts) granting.push("resource-based");
  return { refusing, granting };
}

interface Needs {
  readonly identity: boolean;
  readonly boundary: boolean;
  readonly session: boolean;
}

const all: Needs = { identity: true, boundary: true, session: true };
const none: Needs = { identity: false, boundary: false, session: false };

/**
 * What must allow besides a resource-based policy of the same account. Naming the session, the user or everybody grants
 * without more; naming the role leaves boundary and session policies in force; naming the account leaves it all to the
 * account's policies. An implicit deny elsewhere does not limit a direct grant.
 */
function needsBeside(grant: Grant): Needs {
  if (grant === "direct") return none;
  return grant === "role" ? { identity: false, boundary: true, session: true } : all;
}

function layersOf(voices: readonly Voice[]): readonly Layer[] {
  return [...new Set(voices.map((voice) => voice.layer))];
}

/** Keys of the Denies that could still fit, and of the Allows of those voices whose Allow is not certain. */
function missingOf(voices: readonly Voice[], allowing: readonly Voice[] = voices): readonly string[] {
  const missing = new Set<string>();
  for (const voice of voices) for (const key of voice.missingOfDenies) missing.add(key);
  for (const voice of allowing) {
    if (!voice.allowIsCertain) for (const key of voice.missingOfAllows) missing.add(key);
  }
  return missing.size === 0 ? [] : [...missing].sort();
}

/** The policies of the layers that refuse, of an organization only those levels that do not allow. */
function unheard(voices: readonly Voice[], refusing: readonly Layer[]): readonly NamedPolicy[] {
  return voices
    .filter((voice) => refusing.includes(voice.layer) && voice.allows.length === 0)
    .flatMap((voice) => voice.policies);
}
