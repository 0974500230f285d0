import { endOfText, endOfValue, repeatedKey, skipSpace } from "../json-text.ts";
import {
  hasLevels,
  type KnownLists,
  type ListField,
  type ParsedCase,
  parseCase,
  parseListed,
} from "./case.ts";
import type { NamedPolicy } from "./policy.ts";

/** A case, with the id that it was given; null: it has none. */
export type ReadCase = ParsedCase & { readonly id: unknown };

/** Policies seen at one place are kept, this many of them, and at all places together about so many characters. */
const keptAtPlace = 32;
const keptCharacters = 1 << 23;

/**
 * Reads cases from JSON. Many cases mostly ask different things of the same policies, so a policy that was compiled is
 * known again by its text, and neither parsed nor compiled another time. What is read is what `readCase` would read.
 */
export function createCaseReader(): typeof readCase {
  const policyAt = createSeenPolicies();
  return (text, called) => readQuickly(text, policyAt) ?? readCase(text, called);
}

/** Reads one case from a JSON text, which errors call so: `line 7`. Errors in a policy name their place in the case. */
export function readCase(text: string, called: string): ReadCase {
  const value = parsed(text);
  if (value === undefined) return { id: null, ok: false, error: `${called} is not JSON` };
  const id = idOf(value);
  const twice = repeatedKey(text);
  if (twice !== null) return { id, ok: false, error: `${twice}: the key stands twice in one object` };
  return { id, ...parseCase(value) };
}

/** A value of a text, and where it ends: behind its last character. */
interface Span<T> {
  readonly value: T;
  readonly end: number;
}

/** Null: the text holds something odd, and `readCase` has to say what. */
function readQuickly(text: string, policyAt: PolicyAt): ReadCase | null {
  const lists: Record<string, unknown> = {};
  /** The members that are no lists of policies. */
  const others: string[] = [];
  const end = eachItem(text, skipSpace(text, 0), "}", (at) => {
    const afterKey = endOfText(text, at);
    const colon = skipSpace(text, afterKey + 1);
    const field = text.slice(at + 1, afterKey);
    if (text[at] !== '"' || text[colon] !== ":" || field.includes("\\")) return null;
    const levels = hasLevels(field);
    const start = skipSpace(text, colon + 1);
    if (levels === null || text[start] !== "[") {
      const after = endOfValue(text, start);
      others.push(text.slice(at, after));
      return after;
    }
    const policy = (from: number, place: string) => policyAt(text, from, field as ListField, place);
    const list = levels
      ? listAt(text, start, field, (from, place) => listAt(text, from, place, policy))
      : listAt(text, start, field, policy);
    if (list === null || lists[field] !== undefined) return null;
    lists[field] = list.value;
    return list.end;
  });
  if (end === null || skipSpace(text, end) < text.length) return null;
  const rest = `{${others.join()}}`;
  const value = parsed(rest);
  if (value === undefined || repeatedKey(rest) !== null) return null;
  const read = parseCase(value, lists as KnownLists);
  return read.ok ? { id: idOf(value), ...read } : null;
}

function listAt<T>(
  text: string,
  start: number,
  place: string,
  itemAt: (at: number, place: string) => Span<T> | null,
): Span<readonly T[]> | null {
  const value: T[] = [];
  const end = eachItem(text, start, "]", (at) => {
    const item = itemAt(at, `${place}[${value.length}]`);
    if (item === null) return null;
    value.push(item.value);
    return item.end;
  });
  return end === null ? null : { value, end };
}

/**
 * Walks over what stands between brackets with commas between: `read` gets the place where an item begins and gives the
 * one where it ends. Gives the place behind the closing bracket; null: something else stands there.
 */
function eachItem(
  text: string,
  start: number,
  close: "]" | "}",
  read: (at: number) => number | null,
): number | null {
  if (text[start] !== (close === "]" ? "[" : "{")) return null;
  let at = skipSpace(text, start + 1);
  if (text[at] === close) return at + 1;
  for (;;) {
    const end = read(at);
    if (end === null) return null;
    at = skipSpace(text, end);
    if (text[at] === close) return at + 1;
    if (text[at] !== ",") return null;
    at = skipSpace(text, at + 1);
  }
}

type PolicyAt = (text: string, at: number, field: ListField, place: string) => Span<NamedPolicy> | null;

interface SeenPolicy {
  /** From brace to brace, so that no other value begins so. */
  readonly text: string;
  readonly policy: NamedPolicy;
}

/** The policy whose text begins here; null: it is not valid. */
function createSeenPolicies(): PolicyAt {
  const seen = new Map<string, SeenPolicy[]>();
  let characters = 0;
  return (text, at, field, place) => {
    const here = seen.get(place) ?? [];
    const index = here.findIndex(
      // Compared as a slice: startsWith takes four times as long.
      (one) => text.slice(at, at + one.text.length) === one.text,
    );
    const known = here[index];
    if (known !== undefined) {
      if (index > 0) here.unshift(...here.splice(index, 1));
      return { value: known.policy, end: at + known.text.length };
    }
    const end = endOfValue(text, at);
    const own = text.slice(at, end);
    const value = parsed(own);
    const policy = value === undefined || repeatedKey(own) !== null ? null : parseListed(value, field, place);
    if (policy === null) return null;
    characters += own.length;
    if (characters > keptCharacters) {
      seen.clear();
      characters = own.length;
    }
    seen.set(place, [{ text: own, policy }, ...here.slice(0, keptAtPlace - 1)]);
    return { value: policy, end };
  };
}

/** The value of a JSON text; undefined: it is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function idOf(value: unknown): unknown {
  return value !== null && typeof value === "object" && "id" in value ? value.id : null;
}
