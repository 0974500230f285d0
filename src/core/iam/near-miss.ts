import { parseArn } from "./arn.ts";
import { type Condition, holds } from "./conditions.ts";
import { type Asked, actionMatches, resourceMatches } from "./match.ts";
import type { NamedPolicy, Statement } from "./policy.ts";
import { grantOf } from "./principals.ts";

export type Difference = "action" | "resource" | "principal" | "condition";

/** An Allow that would have let the request through but for what `differs` names. */
export interface NearMiss {
  readonly policy: string;
  readonly sid: string | null;
  readonly index: number;
  readonly differs: readonly Difference[];
  /** What the statement has and what was asked, in a sentence. */
  readonly detail: string;
}

/**
 * The Allow that differs in the fewest parts; of several, the one whose texts are nearest, then the first. Statements
 * about another service are no near miss.
 */
export function nearestMiss(policies: readonly NamedPolicy[], asked: Asked): NearMiss | null {
  let best: {
    readonly name: string;
    readonly statement: Statement;
    readonly differs: readonly Difference[];
  } | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  const service = asked.action.slice(0, asked.action.indexOf(":") + 1);
  for (const { name, policy } of policies) {
    for (const statement of policy.statements) {
      if (statement.effect !== "Allow") continue;
      const action = actionMatches(statement, asked.action);
      if (!action && !isOfService(statement, service)) continue;
      const differs = differences(statement, asked, action);
      const distance =
        differs.length === 0 ? Number.POSITIVE_INFINITY : distanceOf(statement, asked, differs);
      if (distance >= bestDistance) continue;
      best = { name, statement, differs };
      bestDistance = distance;
    }
  }
  if (best === null) return null;
  const { name, statement, differs } = best;
  const detail = differs.map((part) => describe(part, statement, asked)).join("; ");
  return { policy: name, sid: statement.sid, index: statement.index, differs, detail };
}

function isOfService({ actions }: Statement, service: string): boolean {
  return !actions.not && actions.patterns.some((pattern) => pattern.first.text.startsWith(service));
}

function differences(statement: Statement, asked: Asked, action: boolean): readonly Difference[] {
  const differs: Difference[] = [];
  if (!action) differs.push("action");
  const { principals } = statement;
  if (principals !== null && grantOf(principals, asked.caller, asked.bounded) === "none")
    differs.push("principal");
  if (!resourceMatches(statement, asked, [])) differs.push("resource");
  if (statement.conditions.some((condition) => !holds(condition, asked.context, [])))
    differs.push("condition");
  return differs;
}

/** Fewer differences first; then a condition, a resource, the principal, an action; then how far the texts agree. */
function distanceOf(statement: Statement, asked: Asked, differs: readonly Difference[]): number {
  const weights: Readonly<Record<Difference, number>> = {
    condition: 1,
    resource: 2,
    principal: 3,
    action: 4,
  };
  const worst = Math.max(...differs.map((part) => weights[part]));
  const agreement = differs.includes("resource")
    ? agreementOf(nearestText(resourceTexts(statement), asked.resource), asked.resource)
    : differs.includes("action")
      ? agreementOf(nearestText(statement.actions.texts, asked.action).toLowerCase(), asked.action)
      : 0;
  return differs.length * 10 + worst - agreement;
}

function resourceTexts(statement: Statement): readonly string[] {
  return (statement.resources?.templates ?? []).map((template) => template.source);
}

/** How much of the longer text the common beginning is, below 1. */
function agreementOf(one: string, other: string): number {
  return commonLength(one, other) / (Math.max(one.length, other.length) + 1);
}

function commonLength(one: string, other: string): number {
  let length = 0;
  while (length < one.length && one.charCodeAt(length) === other.charCodeAt(length)) length++;
  return length;
}

function nearestText(texts: readonly string[], asked: string): string {
  let best = texts[0] ?? "";
  for (const text of texts) {
    if (agreementOf(text, asked) > agreementOf(best, asked)) best = text;
  }
  return best;
}

function describe(part: Difference, statement: Statement, asked: Asked): string {
  const allows = (not: boolean, texts: readonly string[]) => `${not ? "all but " : ""}${shown(texts)}`;
  switch (part) {
    case "action":
      return `it allows ${allows(statement.actions.not, statement.actions.texts)}, asked was ${asked.actionText}`;
    case "principal":
      return "it names other principals than the caller";
    case "resource": {
      const texts = resourceTexts(statement);
      const not = statement.resources?.not === true;
      const nearest = nearestText(texts, asked.resource);
      const hint = not ? null : hintOf(nearest, asked.resource);
      const what = `it is about ${not ? allows(true, texts) : nearest}${not || texts.length < 2 ? "" : " and others"}`;
      return `${what}, asked was ${asked.resource}${hint === null ? "" : ` (${hint})`}`;
    }
    case "condition":
      return statement.conditions
        .filter((condition) => !holds(condition, asked.context, []))
        .map((condition) => describeCondition(condition, asked.context.values.get(condition.lowerKey)))
        .join("; ");
  }
}

function describeCondition(
  { operator, key, values }: Condition,
  actual: readonly string[] | undefined,
): string {
  const has = actual === undefined ? "the request does not carry it" : `the request has ${quoted(actual)}`;
  return `${operator} ${key} wants ${quoted(values)}, ${has}`;
}

function quoted(texts: readonly string[]): string {
  return shown(texts.map((text) => `"${text}"`));
}

function shown(texts: readonly string[]): string {
  return texts.length <= 4
    ? texts.join(", ")
    : `${texts.slice(0, 4).join(", ")} and ${texts.length - 4} more`;
}

/** The usual ways in which two ARNs are nearly the same. */
function hintOf(pattern: string, asked: string): string | null {
  const has = parseArn(pattern);
  const wants = parseArn(asked);
  if (asked === "*") return 'the action names no resource, so only "*" allows it';
  if (has === null || wants === null || has.service !== wants.service) return null;
  if (pattern.toLowerCase() === asked.toLowerCase()) return "they differ in upper and lower case only";
  for (const part of ["partition", "region", "accountId"] as const) {
    if (has[part] !== wants[part] && !/[*?]/.test(has[part])) {
      const word = part === "accountId" ? "account" : part;
      return `another ${word}: ${has[part] || "none"} instead of ${wants[part] || "none"}`;
    }
  }
  if (has.service === "dynamodb" && wants.resource.startsWith(`${has.resource}/index/`)) {
    return "the table is named, its indexes are not";
  }
  if (has.service === "s3") return s3Hint(has.resource, wants.resource);
  if (has.service === "logs" && wants.resource === `${has.resource}:*`)
    return "the ARN of a log group ends with :*";
  if (
    has.service === "secretsmanager" &&
    /^-[A-Za-z0-9]{6}$/.test(wants.resource.slice(has.resource.length))
  ) {
    return wants.resource.startsWith(has.resource)
      ? "the ARN of a secret ends with six random characters"
      : null;
  }
  return null;
}

function s3Hint(has: string, wants: string): string | null {
  if (wants.startsWith(`${has}/`)) return "the bucket is named, its objects are not";
  if (has.startsWith(`${wants}/`)) return "the bucket's objects are named, the bucket itself is not";
  return null;
}
