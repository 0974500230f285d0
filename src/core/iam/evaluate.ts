import { parseArn, roleOfSession, sameRole } from "./arn.ts";
import { holds } from "./conditions.ts";
import { type RequestContext, requestContext } from "./context.ts";
import type { NamedPolicy, PrincipalPattern, Statement } from "./policy.ts";
import { fillTemplate, type Template } from "./template.ts";
import { compileMarked, compileWildcard, matchWildcard } from "./wildcard.ts";

/** The kinds of policy that a request meets, in AWS's order. */
export type Layer =
  | "resource-control"
  | "service-control"
  | "vpc-endpoint"
  | "resource-based"
  | "identity-based"
  | "permissions-boundary"
  | "session";

export interface AccessRequest {
  /** ARN of a user, a role or a session; for a service principal its name. */
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  /** The account that owns the resource, where its ARN does not say. */
  readonly resourceAccount?: string;
  readonly context: Readonly<Record<string, readonly string[]>>;
}

/** Null or absent: the layer does not apply. */
export interface PolicyLayers {
  readonly identityPolicies: readonly NamedPolicy[];
  readonly permissionsBoundary?: readonly NamedPolicy[] | null;
  readonly sessionPolicies?: readonly NamedPolicy[] | null;
  /** One list a level of the organization, root first. */
  readonly serviceControlPolicies?: readonly (readonly NamedPolicy[])[] | null;
  readonly resourceControlPolicies?: readonly (readonly NamedPolicy[])[] | null;
  readonly resourcePolicy?: NamedPolicy | null;
  readonly vpcEndpointPolicies?: readonly NamedPolicy[] | null;
}

export interface MatchedStatement {
  readonly policy: string;
  readonly sid: string | null;
  readonly index: number;
  readonly effect: "Allow" | "Deny";
}

export interface NearMiss {
  readonly policy: string;
  readonly sid: string | null;
  readonly index: number;
  readonly differs: readonly ("action" | "resource" | "principal" | "condition")[];
  /** What the statement has and what was asked, in a sentence. */
  readonly detail: string;
}

export interface Decision {
  readonly decision: "allowed" | "implicitDeny" | "explicitDeny";
  readonly decidedBy: readonly Layer[];
  readonly matchedStatements: readonly MatchedStatement[];
  readonly missingContext: readonly string[];
  /** For an implicit deny: the Allow that came nearest. */
  readonly nearestMiss?: NearMiss;
}

interface Asked {
  readonly request: AccessRequest;
  readonly action: string;
  readonly context: RequestContext;
}

interface LayerResult {
  readonly allows: readonly MatchedStatement[];
  readonly denies: readonly MatchedStatement[];
  /** An Allow of a resource policy that names the session or user itself, not its account or role. */
  readonly direct: boolean;
  readonly missing: readonly string[];
}

/**
 * AWS's policy evaluation logic: an explicit deny anywhere wins; otherwise every layer that applies must allow.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function evaluate(request: AccessRequest, layers: PolicyLayers): Decision {
  const asked: Asked = {
    request,
    action: request.action.toLowerCase(),
    context: requestContext(request.context, derivedContext(request)),
  };
  const results = new Map<Layer, LayerResult[]>();
  const run = (layer: Layer, policies: readonly NamedPolicy[]) =>
    results.set(layer, [...(results.get(layer) ?? []), runLayer(policies, asked)]);
  for (const level of layers.resourceControlPolicies ?? []) run("resource-control", level);
  for (const level of layers.serviceControlPolicies ?? []) run("service-control", level);
  if (layers.vpcEndpointPolicies) run("vpc-endpoint", layers.vpcEndpointPolicies);
  if (layers.resourcePolicy) run("resource-based", [layers.resourcePolicy]);
  run("identity-based", layers.identityPolicies);
  if (layers.permissionsBoundary) run("permissions-boundary", layers.permissionsBoundary);
  if (layers.sessionPolicies) run("session", layers.sessionPolicies);

  const all = [...results.values()].flat();
  const missingContext = [...new Set(all.flatMap((result) => result.missing))].sort();
  const denying = [...results].filter(([, found]) => found.some((result) => result.denies.length > 0));
  if (denying.length > 0) {
    const matchedStatements = denying.flatMap(([, found]) => found.flatMap((result) => result.denies));
    return {
      decision: "explicitDeny",
      decidedBy: denying.map(([layer]) => layer),
      matchedStatements,
      missingContext,
    };
  }
  const refusing = refusingLayers(results, asked, layers);
  if (refusing.length > 0) {
    const nearest = nearestMiss(policiesOf(refusing, layers), asked);
    return {
      decision: "implicitDeny",
      decidedBy: refusing,
      matchedStatements: [],
      missingContext,
      ...(nearest === null ? {} : { nearestMiss: nearest }),
    };
  }
  const allowing = [...results].filter(([, found]) => found.some((result) => result.allows.length > 0));
  return {
    decision: "allowed",
    decidedBy: allowing.map(([layer]) => layer),
    matchedStatements: allowing.flatMap(([, found]) => found.flatMap((result) => result.allows)),
    missingContext,
  };
}

function refusingLayers(
  results: ReadonlyMap<Layer, readonly LayerResult[]>,
  asked: Asked,
  layers: PolicyLayers,
): readonly Layer[] {
  const allows = (layer: Layer) => (results.get(layer) ?? []).every((result) => result.allows.length > 0);
  const present = (layer: Layer) => results.has(layer);
  const refusing: Layer[] = [];
  for (const layer of ["resource-control", "service-control", "vpc-endpoint"] as const) {
    if (present(layer) && !allows(layer)) refusing.push(layer);
  }
  const resource = results.get("resource-based")?.[0];
  const byResource = (resource?.allows.length ?? 0) > 0;
  if (isCrossAccount(asked.request)) {
    if (!byResource) refusing.push("resource-based");
    if (!allows("identity-based")) refusing.push("identity-based");
  } else if (!byResource && !allows("identity-based")) {
    refusing.push("identity-based");
  } else if (isKeyPolicy(asked.request) && layers.resourcePolicy && !byResource) {
    // IAM policies count for a KMS key only where the key policy lets them.
    refusing.push("resource-based");
  }
  // In the same account, a resource policy that names the session itself is not held back by boundary or session.
  const held = !(byResource && resource?.direct === true && !isCrossAccount(asked.request));
  for (const layer of ["permissions-boundary", "session"] as const) {
    if (held && present(layer) && !allows(layer)) refusing.push(layer);
  }
  return refusing;
}

/** Global keys that the request itself shows. */
function derivedContext({ principal }: AccessRequest): readonly (readonly [string, string])[] {
  const arn = parseArn(principal);
  if (arn === null) return [];
  const session = roleOfSession(principal);
  const role =
    session === null ? principal : `arn:${arn.partition}:iam::${session.accountId}:role/${session.roleName}`;
  return [
    ["aws:principalarn", role],
    ["aws:principalaccount", arn.accountId],
    ["aws:principaltype", session === null ? "User" : "AssumedRole"],
    ...(arn.resource.startsWith("user/")
      ? ([["aws:username", arn.resource.split("/").at(-1) ?? ""]] as const)
      : []),
  ];
}

function isCrossAccount({ principal, resource, resourceAccount }: AccessRequest): boolean {
  const owner = resourceAccount ?? parseArn(resource)?.accountId ?? "";
  const account = parseArn(principal)?.accountId ?? "";
  return owner !== "" && account !== "" && owner !== account;
}

function isKeyPolicy({ action }: AccessRequest): boolean {
  return action.toLowerCase().startsWith("kms:");
}

function runLayer(policies: readonly NamedPolicy[], asked: Asked): LayerResult {
  const allows: MatchedStatement[] = [];
  const denies: MatchedStatement[] = [];
  const missing: string[] = [];
  let direct = false;
  for (const { name, policy } of policies) {
    for (const statement of policy.statements) {
      if (!actionMatches(statement, asked.action)) continue;
      const match = principalMatch(statement, asked.request.principal);
      if (match === "no" || !resourceMatches(statement, asked, missing)) continue;
      if (!conditionsHold(statement, asked, missing)) continue;
      const { sid, index, effect } = statement;
      (effect === "Allow" ? allows : denies).push({ policy: name, sid, index, effect });
      if (effect === "Allow" && match === "direct") direct = true;
    }
  }
  return { allows, denies, direct, missing };
}

export function actionMatches(statement: Statement, action: string): boolean {
  const { not, patterns } = statement.actions;
  return patterns.some((pattern) => matchWildcard(pattern, action)) !== not;
}

function resourceMatches(statement: Statement, asked: Asked, missing: string[]): boolean {
  if (statement.resources === null) return true;
  const { not, templates } = statement.resources;
  return templates.some((template) => templateMatches(template, asked, missing)) !== not;
}

function templateMatches(template: Template, { request, context }: Asked, missing: string[]): boolean {
  if (template.fixed !== null) return matchWildcard(template.fixed, request.resource);
  const filled = fillTemplate(template, context, missing);
  return filled !== null && matchWildcard(compileMarked(filled), request.resource);
}

function conditionsHold(statement: Statement, { context }: Asked, missing: string[]): boolean {
  let all = true;
  for (const condition of statement.conditions) {
    const result = holds(condition, context);
    missing.push(...result.missing);
    if (!result.holds) all = false;
  }
  return all;
}

/** `direct`: the principal itself is named; `account`: its account, its role, or everybody. */
export function principalMatch(statement: Statement, principal: string): "direct" | "account" | "no" {
  if (statement.principals === null) return "account";
  const { not, patterns } = statement.principals;
  const matches = patterns.map((pattern) => onePrincipal(pattern, principal));
  const best = matches.includes("direct") ? "direct" : matches.includes("account") ? "account" : "no";
  if (!not) return best;
  return best === "no" ? "account" : "no";
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html */
function onePrincipal({ type, value }: PrincipalPattern, principal: string): "direct" | "account" | "no" {
  if (type === "*") return "account";
  if (type !== "AWS") return value === principal ? "direct" : "no";
  if (value === "*") return "account";
  if (value === principal) return "direct";
  const account = parseArn(principal)?.accountId;
  if (value === account || parseArn(value)?.resource === "root") {
    return account !== undefined && (value === account || parseArn(value)?.accountId === account)
      ? "account"
      : "no";
  }
  return sameRole(principal, value) ? "account" : "no";
}

function policiesOf(layers: readonly Layer[], all: PolicyLayers): readonly NamedPolicy[] {
  return layers.flatMap((layer): readonly NamedPolicy[] => {
    switch (layer) {
      case "identity-based":
        return all.identityPolicies;
      case "permissions-boundary":
        return all.permissionsBoundary ?? [];
      case "session":
        return all.sessionPolicies ?? [];
      case "resource-based":
        return all.resourcePolicy ? [all.resourcePolicy] : [];
      case "service-control":
        return (all.serviceControlPolicies ?? []).flat();
      case "resource-control":
        return (all.resourceControlPolicies ?? []).flat();
      case "vpc-endpoint":
        return all.vpcEndpointPolicies ?? [];
    }
  });
}

/** The Allow that fails in the fewest parts, first in order where several do. */
function nearestMiss(policies: readonly NamedPolicy[], asked: Asked): NearMiss | null {
  let best: NearMiss | null = null;
  for (const { name, policy } of policies) {
    for (const statement of policy.statements) {
      if (statement.effect !== "Allow") continue;
      const differs: NearMiss["differs"][number][] = [];
      if (!actionMatches(statement, asked.action)) differs.push("action");
      if (principalMatch(statement, asked.request.principal) === "no") differs.push("principal");
      if (!resourceMatches(statement, asked, [])) differs.push("resource");
      if (!conditionsHold(statement, asked, [])) differs.push("condition");
      if (differs.includes("action") && !sameService(statement, asked.action)) continue;
      if (best !== null && best.differs.length <= differs.length) continue;
      const detail = differs.map((part) => describe(part, statement, asked)).join("; ");
      best = { policy: name, sid: statement.sid, index: statement.index, differs, detail };
    }
  }
  return best;
}

function sameService(statement: Statement, action: string): boolean {
  const service = action.split(":")[0] ?? "";
  return statement.actions.texts.some((text) => text.toLowerCase().startsWith(`${service}:`));
}

function describe(part: NearMiss["differs"][number], statement: Statement, { request }: Asked): string {
  switch (part) {
    case "action":
      return `the action is ${request.action}, the statement has ${statement.actions.texts.join(", ")}`;
    case "resource":
      return `the resource is ${request.resource}, the statement has ${(statement.resources?.templates ?? []).map((t) => t.source).join(", ")}`;
    case "principal":
      return `the caller is ${request.principal}`;
    case "condition":
      return `a condition does not hold: ${statement.conditions.map((c) => `${c.operator} ${c.key} ${c.values.map((v) => v.source).join(", ")}`).join("; ")}`;
  }
}

/** Does one policy's Allow cover what another pattern names? Used to compare policies by their texts. */
export function covers(pattern: string, text: string): boolean {
  return matchWildcard(compileWildcard(pattern.toLowerCase()), text.toLowerCase());
}
