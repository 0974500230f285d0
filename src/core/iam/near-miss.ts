import { parseArn } from "./arn.ts";
import { type Condition, holds } from "./conditions.ts";
import { type Asked, resourceMatches, statementsFor } from "./match.ts";
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

interface Candidate {
  readonly policy: string;
  readonly statement: Statement;
  readonly differs: readonly Difference[];
  /** The least serious first: the number of differences, then the worst of them. */
  readonly rank: number;
  /** How many characters the nearest text has in common with what was asked. */
  readonly agreement: number;
}

/**
 * The Allow that differs in the fewest parts; of several, the one whose texts are nearest, then the first. Statements
 * about another service are no near miss.
 */
export function nearestMiss(policies: readonly NamedPolicy[], asked: Asked): NearMiss | null {
  const service = asked.action.slice(0, asked.action.indexOf(":") + 1);
  let best: Candidate | null = null;
  for (const { name, policy } of policies) {
    // The statements with the action are a part of all, in the same order.
    const withAction = statementsFor(policy, asked.action);
    let next = 0;
    for (const statement of policy.statements) {
      const hasAction = withAction[next] === statement;
      if (hasAction) next++;
      if (statement.effect !== "Allow" || !(hasAction || isOfService(statement, service))) continue;
      best = nearer(name, statement, asked, hasAction, best) ?? best;
    }
  }
  if (best === null) return null;
  const { policy, statement, differs } = best;
  const detail = differs.map((part) => describe(part, statement, asked)).join("; ");
  return { policy, sid: statement.sid, index: statement.index, differs, detail };
}

const weights: Readonly<Record<Difference, number>> = { condition: 1, resource: 2, principal: 3, action: 4 };

/** The statement as a candidate where it is nearer than the best so far; looks no further than that needs. */
function nearer(
  policy: string,
  statement: Statement,
  asked: Asked,
  hasAction: boolean,
  best: Candidate | null,
): Candidate | null {
  const differs: Difference[] = [];
  if (!hasAction) differs.push("action");
  const { principals } = statement;
  if (principals !== null && grantOf(principals, asked.caller, asked.bounded) === "none") {
    differs.push("principal");
  }
  if (!resourceMatches(statement, asked, [])) differs.push("resource");
  if (best !== null && rankOf(differs) > best.rank) return null;
  const atLeast = best === null || rankOf(differs) < best.rank ? -1 : best.agreement;
  const agreement = agreementOf(statement, asked, differs, atLeast);
  if (best !== null && rankOf(differs) === best.rank && agreement <= best.agreement) return null;
  if (statement.conditions.some((condition) => !holds(condition, asked.context, [])))
    differs.push("condition");
  const rank = rankOf(differs);
  if (
    rank === 0 ||
    (best !== null && (rank > best.rank || (rank === best.rank && agreement <= best.agreement)))
  ) {
    return null;
  }
  return { policy, statement, differs, rank, agreement };
}

function rankOf(differs: readonly Difference[]): number {
  let worst = 0;
  for (const part of differs) worst = Math.max(worst, weights[part]);
  return differs.length * 10 + worst;
}

function isOfService({ actions }: Statement, service: string): boolean {
  return !actions.not && actions.patterns.some((pattern) => pattern.first.text.startsWith(service));
}

function agreementOf(
  statement: Statement,
  asked: Asked,
  differs: readonly Difference[],
  atLeast: number,
): number {
  if (differs.includes("resource")) {
    let best = atLeast;
    for (const { source } of statement.resources?.templates ?? [])
      best = commonLength(source, asked.resource, best);
    return best;
  }
  if (!differs.includes("action")) return 0;
  let best = atLeast;
  for (const { first } of statement.actions.patterns) best = commonLength(first.text, asked.action, best);
  return best;
}

/** The length of the common beginning where it is more than `known`, else `known`. */
function commonLength(one: string, other: string, known: number): number {
  if (
    known >= 0 &&
    (one.charCodeAt(known) !== other.charCodeAt(known) || !one.startsWith(other.slice(0, known)))
  ) {
    return known;
  }
  let length = Math.max(known, 0);
  while (length < one.length && one.charCodeAt(length) === other.charCodeAt(length)) length++;
  return length;
}

function resourceTexts(statement: Statement): readonly string[] {
  return (statement.resources?.templates ?? []).map((template) => template.source);
}

function nearestText(texts: readonly string[], asked: string): string {
  let best = texts[0] ?? "";
  for (const text of texts) {
    if (commonLength(text, asked, -1) > commonLength(best, asked, -1)) best = text;
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
  const has = actual === undefined ? "no value of it is known" : `the request has ${quoted(actual)}`;
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
