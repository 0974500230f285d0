import type { RequestContext } from "./context.ts";
import {
  type AddressRange,
  inRange,
  readBinary,
  readBoolean,
  readDate,
  readNumber,
  readRange,
} from "./operands.ts";
import { type Comparison, type OperatorUse, readOperator } from "./operators.ts";
import { fillTemplate, parseTemplate, type Template } from "./template.ts";
import { compileMarked, matchWildcard, unmarkWildcards, type Wildcard } from "./wildcard.ts";

/** One operator with one key of a `Condition` block, compiled. Its values are ORed, conditions are ANDed. */
export interface Condition {
  /** As written: `ForAnyValue:StringLikeIfExists`. */
  readonly operator: string;
  readonly use: OperatorUse;
  /** As written; key names are compared without regard to case. */
  readonly key: string;
  readonly lowerKey: string;
  /** The expected values, as written. */
  readonly values: readonly string[];
  readonly operands: readonly Operand[];
}

/** One expected value, read once as what its operator compares. */
type Operand =
  | { readonly kind: "text"; readonly template: Template; readonly fixed: string | null }
  | { readonly kind: "pattern"; readonly template: Template }
  | { readonly kind: "arn"; readonly template: Template; readonly fixed: ArnPattern | null }
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "date"; readonly value: number }
  | { readonly kind: "boolean"; readonly template: Template }
  | { readonly kind: "binary"; readonly value: string }
  | { readonly kind: "address"; readonly value: AddressRange }
  | { readonly kind: "null"; readonly value: boolean };

/** The six parts of an ARN, each a pattern; `everything` is the lone star. */
type ArnPattern = readonly Wildcard[] | "everything";

type Compiled<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: { readonly place: string; readonly message: string } };

/** Reads and compiles a `Condition` block; `place` is where it stands in the document. */
export function parseConditions(
  block: unknown,
  place: string,
  variables: boolean,
): Compiled<readonly Condition[]> {
  const conditions: Condition[] = [];
  if (block === undefined) return { ok: true, value: conditions };
  if (!isObject(block)) return refuse(place, "a Condition is an object of operators");
  for (const [operator, keys] of Object.entries(block)) {
    const use = readOperator(operator);
    if (use === null) return refuse(`${place}.${operator}`, `"${operator}" is not a condition operator`);
    if (!isObject(keys))
      return refuse(`${place}.${operator}`, "an operator holds an object of condition keys");
    for (const [key, given] of Object.entries(keys)) {
      const at = `${place}.${operator}.${key}`;
      if (!/^[^:\s]+:\S/.test(key)) return refuse(at, `"${key}" is not a condition key: it names no service`);
      const values = readValues(given);
      if (values === null) return refuse(at, "a condition value is a text, a number or a boolean");
      const operands: Operand[] = [];
      for (const value of values) {
        const operand = readOperand(use, value, variables);
        if ("error" in operand) return refuse(at, operand.error);
        operands.push(operand);
      }
      conditions.push({ operator, use, key, lowerKey: key.toLowerCase(), values, operands });
    }
  }
  return { ok: true, value: conditions };
}

function refuse(place: string, message: string): Compiled<never> {
  return { ok: false, error: { place, message } };
}

function readValues(given: unknown): readonly string[] | null {
  const values: string[] = [];
  for (const value of Array.isArray(given) ? given : [given]) {
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return null;
    values.push(String(value));
  }
  return values;
}

function readOperand(
  use: OperatorUse,
  text: string,
  variables: boolean,
): Operand | { readonly error: string } {
  switch (use.family) {
    case "string":
    case "arn":
    case "boolean": {
      const template = parseTemplate(text, variables);
      if ("error" in template) return template;
      if (use.family === "arn") return { kind: "arn", template, fixed: compileArn(template.marked) };
      if (use.compare === "like") return { kind: "pattern", template };
      if (use.family === "string") {
        return {
          kind: "text",
          template,
          fixed: template.marked === null ? null : unmarkWildcards(template.marked),
        };
      }
      if (template.marked === null || readBoolean(text) !== null) return { kind: "boolean", template };
      return { error: `"${text}" is neither true nor false` };
    }
    case "number": {
      const value = readNumber(text);
      return value === null ? { error: `"${text}" is not a number` } : { kind: "number", value };
    }
    case "date": {
      const value = readDate(text);
      if (value === null)
        return { error: `"${text}" is neither an ISO 8601 date nor a UNIX time in seconds` };
      return { kind: "date", value };
    }
    case "binary": {
      const value = readBinary(text);
      return value === null ? { error: `"${text}" is not base64` } : { kind: "binary", value };
    }
    case "address": {
      const value = readRange(text);
      if (value === null) return { error: `"${text}" is neither an IP address nor a CIDR range` };
      return { kind: "address", value };
    }
    case "null": {
      const value = readBoolean(text);
      return value === null ? { error: `"${text}" is neither true nor false` } : { kind: "null", value };
    }
  }
}

function compileArn(marked: string | null): ArnPattern | null {
  if (marked === null) return null;
  if (unmarkWildcards(marked) === "*") return "everything";
  return (splitArn(marked) ?? []).map(compileMarked);
}

function splitArn(text: string): readonly string[] | null {
  const pieces = text.split(":");
  return pieces.length < 6 ? null : [...pieces.slice(0, 5), pieces.slice(5).join(":")];
}

/**
 * Does the condition hold for the request? Keys that the request lacks are added to `missing`, and AWS's rule for them
 * is applied: a plain operator fails, a negated one holds, ForAllValues holds, ForAnyValue fails, else IfExists holds.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
 */
export function holds(condition: Condition, context: RequestContext, missing: string[]): boolean {
  const { use, operands } = condition;
  const actual = context.values.get(condition.lowerKey);
  // With a set prefix, Null asks for nothing:
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html
  if (use.family === "null" && use.quantifier !== null) return use.quantifier === "ForAllValues";
  if (actual === undefined) missing.push(condition.key);
  if (use.family === "null") {
    return operands.some((operand) => operand.kind === "null" && operand.value === (actual === undefined));
  }
  if (actual === undefined) {
    // Of no value none fits: ForAnyValue fails also with IfExists, which is about each value by itself.
    if (use.quantifier !== null) return use.quantifier === "ForAllValues";
    return use.ifExists || use.negated;
  }
  if (use.quantifier === null) {
    // Of several values none may match a negated operator, as none may of several expected ones.
    return actual.some((value) => matchesOne(condition, value, context, missing)) !== use.negated;
  }
  // Empty texts are a null set for the set operators.
  if (actual.every((value) => value === "")) return use.quantifier === "ForAllValues";
  const fits = (value: string) => matchesOne(condition, value, context, missing) !== use.negated;
  return use.quantifier === "ForAllValues" ? actual.every(fits) : actual.some(fits);
}

function matchesOne(
  condition: Condition,
  value: string,
  context: RequestContext,
  missing: string[],
): boolean {
  const { compare } = condition.use;
  for (const operand of condition.operands) {
    if (matches(operand, compare, value, context, missing)) return true;
  }
  return false;
}

function matches(
  operand: Operand,
  compare: Comparison,
  value: string,
  context: RequestContext,
  missing: string[],
): boolean {
  switch (operand.kind) {
    case "text": {
      const expected = operand.fixed ?? filled(operand.template, context, missing);
      if (expected === null) return false;
      return compare === "equal" ? expected === value : expected.toLowerCase() === value.toLowerCase();
    }
    case "pattern": {
      if (operand.template.fixed !== null) return matchWildcard(operand.template.fixed, value);
      const marked = fillTemplate(operand.template, context, missing);
      return marked !== null && matchWildcard(compileMarked(marked), value);
    }
    case "arn":
      return matchesArn(operand.fixed ?? compileArn(fillTemplate(operand.template, context, missing)), value);
    case "number":
      return compareNumbers(readNumber(value), operand.value, compare);
    case "date":
      return compareNumbers(readDate(value), operand.value, compare);
    case "boolean": {
      const expected = filled(operand.template, context, missing);
      const actual = readBoolean(value);
      return actual !== null && expected !== null && readBoolean(expected) === actual;
    }
    case "binary":
      return readBinary(value) === operand.value;
    case "address": {
      const range = readRange(value);
      return range !== null && inRange(range, operand.value);
    }
    case "null":
      return false;
  }
}

function filled(template: Template, context: RequestContext, missing: string[]): string | null {
  const marked = fillTemplate(template, context, missing);
  return marked === null ? null : unmarkWildcards(marked);
}

/** Each of the six parts is compared on its own, so a star never crosses a colon before the resource. */
function matchesArn(pattern: ArnPattern | null, value: string): boolean {
  if (pattern === null) return false;
  if (pattern === "everything") return true;
  const parts = splitArn(value);
  if (parts === null || pattern.length === 0) return false;
  return pattern.every((part, index) => matchWildcard(part, parts[index] ?? ""));
}

function compareNumbers(actual: number | null, expected: number, compare: Comparison): boolean {
  if (actual === null) return false;
  switch (compare) {
    case "less":
      return actual < expected;
    case "less-or-equal":
      return actual <= expected;
    case "greater":
      return actual > expected;
    case "greater-or-equal":
      return actual >= expected;
    default:
      return actual === expected;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
