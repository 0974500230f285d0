import type { RequestContext } from "./context.ts";
import { fillTemplate, parseTemplate, type Template } from "./template.ts";
import { compileMarked, matchWildcard, unmarkWildcards } from "./wildcard.ts";

/** One operator with one key: its values are ORed, conditions are ANDed. */
export interface Condition {
  /** As written, `ForAnyValue:StringLikeIfExists`. */
  readonly operator: string;
  readonly base: string;
  readonly set: "all" | "any" | null;
  readonly ifExists: boolean;
  readonly key: string;
  readonly values: readonly Template[];
}

export type ConditionResult = { readonly holds: boolean; readonly missing: readonly string[] };

type Test = (wanted: string, actual: string) => boolean;

interface Operator {
  readonly negated: boolean;
  /** Whether wildcards in the policy's value count. */
  readonly like: boolean;
  readonly test: Test | null;
}

const equalsText: Test = (wanted, actual) => wanted === actual;
const ignoringCase: Test = (wanted, actual) => wanted.toLowerCase() === actual.toLowerCase();
const numbers =
  (compare: (a: number, b: number) => boolean): Test =>
  (wanted, actual) => {
    const [w, a] = [Number(wanted), Number(actual)];
    return (
      wanted.trim() !== "" && actual.trim() !== "" && !Number.isNaN(w) && !Number.isNaN(a) && compare(a, w)
    );
  };
const dates =
  (compare: (a: number, b: number) => boolean): Test =>
  (wanted, actual) => {
    const [w, a] = [dateOf(wanted), dateOf(actual)];
    return !Number.isNaN(w) && !Number.isNaN(a) && compare(a, w);
  };
const operator = (test: Test | null, negated = false, like = false): Operator => ({ test, negated, like });

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
const operators: Readonly<Record<string, Operator>> = {
  stringequals: operator(equalsText),
  stringnotequals: operator(equalsText, true),
  stringequalsignorecase: operator(ignoringCase),
  stringnotequalsignorecase: operator(ignoringCase, true),
  stringlike: operator(null, false, true),
  stringnotlike: operator(null, true, true),
  arnequals: operator(null, false, true),
  arnlike: operator(null, false, true),
  arnnotequals: operator(null, true, true),
  arnnotlike: operator(null, true, true),
  numericequals: operator(numbers((a, w) => a === w)),
  numericnotequals: operator(
    numbers((a, w) => a === w),
    true,
  ),
  numericlessthan: operator(numbers((a, w) => a < w)),
  numericlessthanequals: operator(numbers((a, w) => a <= w)),
  numericgreaterthan: operator(numbers((a, w) => a > w)),
  numericgreaterthanequals: operator(numbers((a, w) => a >= w)),
  dateequals: operator(dates((a, w) => a === w)),
  datenotequals: operator(
    dates((a, w) => a === w),
    true,
  ),
  datelessthan: operator(dates((a, w) => a < w)),
  datelessthanequals: operator(dates((a, w) => a <= w)),
  dategreaterthan: operator(dates((a, w) => a > w)),
  dategreaterthanequals: operator(dates((a, w) => a >= w)),
  bool: operator(ignoringCase),
  binaryequals: operator(equalsText),
  ipaddress: operator(inNetwork),
  notipaddress: operator(inNetwork, true),
  null: operator(null),
};

/** Reads a Condition block. */
export function parseConditions(
  block: unknown,
  place: string,
  variables: boolean,
):
  | { readonly ok: true; readonly value: readonly Condition[] }
  | { readonly ok: false; readonly error: { readonly place: string; readonly message: string } } {
  const problem = (where: string, message: string) =>
    ({ ok: false, error: { place: where, message } }) as const;
  if (block === undefined) return { ok: true, value: [] };
  if (!isObject(block)) return problem(place, "a Condition is a JSON object of operators");
  const conditions: Condition[] = [];
  for (const [name, keys] of Object.entries(block)) {
    const read = readOperator(name);
    if (read === null) return problem(`${place}.${name}`, "this condition operator is unknown");
    if (!isObject(keys)) return problem(`${place}.${name}`, "an operator holds a JSON object of keys");
    for (const [key, given] of Object.entries(keys)) {
      const values: Template[] = [];
      for (const value of Array.isArray(given) ? given : [given]) {
        if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
          return problem(`${place}.${name}.${key}`, "a condition value is a text, a number or a boolean");
        }
        const template = parseTemplate(String(value), variables);
        if ("error" in template) return problem(`${place}.${name}.${key}`, template.error);
        values.push(template);
      }
      conditions.push({ ...read, operator: name, key, values });
    }
  }
  return { ok: true, value: conditions };
}

function readOperator(name: string): Pick<Condition, "base" | "set" | "ifExists"> | null {
  const colon = name.indexOf(":");
  const prefix = colon < 0 ? "" : name.slice(0, colon).toLowerCase();
  if (prefix !== "" && prefix !== "forallvalues" && prefix !== "foranyvalue") return null;
  const rest = name.slice(colon + 1).toLowerCase();
  const ifExists = rest.endsWith("ifexists");
  const base = ifExists ? rest.slice(0, -"ifexists".length) : rest;
  if (operators[base] === undefined || (base === "null" && ifExists)) return null;
  const set = prefix === "forallvalues" ? "all" : prefix === "foranyvalue" ? "any" : null;
  return { base, set, ifExists };
}

/** Does the condition hold for the request? Keys that it asked for and the request lacks are told in `missing`. */
export function holds(condition: Condition, context: RequestContext): ConditionResult {
  const { base, set, ifExists, key, values } = condition;
  const rule = operators[base];
  const actual = context.values.get(key.toLowerCase());
  const missing: string[] = [];
  if (base === "null") {
    const wantsAbsent = values.some((value) => value.source.toLowerCase() === "true");
    return { holds: wantsAbsent === (actual === undefined), missing };
  }
  if (rule === undefined) return { holds: false, missing };
  if (actual === undefined) {
    missing.push(key);
    // An absent key satisfies a negated operator, IfExists, and ForAllValues (of nothing, everything is true).
    return { holds: ifExists || set === "all" || (rule.negated && set !== "any"), missing };
  }
  const matches = (one: string) =>
    values.some((value) => {
      const filled = value.fixed === null || !rule.like ? fillTemplate(value, context, missing) : null;
      if (rule.like) {
        const pattern = value.fixed ?? (filled === null ? null : compileMarked(filled));
        return (
          pattern !== null &&
          (base.startsWith("arn") ? arnLike(value, filled, one) : matchWildcard(pattern, one))
        );
      }
      return filled !== null && rule.test !== null && rule.test(unmarkWildcards(filled), one);
    });
  const holdsFor = (one: string) => matches(one) !== rule.negated;
  const result =
    set === "all" || (set === null && rule.negated) ? actual.every(holdsFor) : actual.some(holdsFor);
  return { holds: result, missing };
}

/** Each of the six parts of an ARN is compared by itself, so that a star does not reach over a colon. */
function arnLike(value: Template, filled: string | null, actual: string): boolean {
  const wanted = splitArn(
    filled ?? value.parts.map((part) => (part.kind === "text" ? part.marked : "")).join(""),
  );
  const given = splitArn(actual);
  if (wanted.length !== 6 || given.length !== 6)
    return wanted.length === 1 && given.length > 0 && unmarkWildcards(wanted[0] ?? "") === "*";
  return wanted.every((part, index) => matchWildcard(compileMarked(part), given[index] ?? ""));
}

function splitArn(text: string): readonly string[] {
  const parts = text.split(":");
  return parts.length <= 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(":")];
}

function dateOf(text: string): number {
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : Date.parse(text);
}

function inNetwork(wanted: string, actual: string): boolean {
  const [network = "", bits] = wanted.split("/");
  const base = addressBits(network);
  const address = addressBits(actual);
  if (base === null || address === null || base.length !== address.length) return false;
  const length = bits === undefined ? base.length : Number(bits);
  return (
    Number.isInteger(length) &&
    length >= 0 &&
    length <= base.length &&
    base.slice(0, length) === address.slice(0, length)
  );
}

/** An IPv4 or IPv6 address as a text of zeros and ones; null where it is neither. */
function addressBits(text: string): string | null {
  const bits = (parts: readonly number[], width: number) =>
    parts.map((part) => part.toString(2).padStart(width, "0")).join("");
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const parts = text.split(".").map(Number);
    return parts.every((part) => part < 256) ? bits(parts, 8) : null;
  }
  if (!text.includes(":") || !/^[0-9a-fA-F:]+$/.test(text)) return null;
  const [head = "", tail, ...more] = text.split("::");
  if (more.length > 0) return null;
  const groups = (side: string) => (side === "" ? [] : side.split(":"));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = 8 - before.length - after.length;
  if (tail === undefined ? zeros !== 0 : zeros < 1) return null;
  const all = [...before, ...new Array<string>(tail === undefined ? 0 : zeros).fill("0"), ...after];
  return all.every((group) => group !== "" && group.length <= 4)
    ? bits(
        all.map((group) => Number.parseInt(group, 16)),
        16,
      )
    : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
