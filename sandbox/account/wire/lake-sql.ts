import type { JsonValue } from "../../../src/core/json.ts";

/** A query as CloudTrail Lake takes it: one table, conditions, newest first, a limit. */
export interface LakeSelect {
  readonly store: string;
  readonly limit: number;
  matches(record: JsonValue): boolean;
}

type Token =
  | { readonly type: "text"; readonly value: string }
  | { readonly type: "word"; readonly value: string }
  | { readonly type: "sign"; readonly value: string };

type Test = (record: JsonValue) => boolean;

/**
 * Reads the part of Trino's SELECT that the product writes, and no other: a text that ends early, or a name that does not
 * stay a text, is an error here as it would be there. @throws Error that says what is wrong.
 */
export function parseSelect(statement: string): LakeSelect {
  const tokens = tokensOf(statement);
  let at = 0;
  const peek = (): Token | undefined => tokens[at];
  const isWord = (value: string) =>
    peek()?.type === "word" && peek()?.value.toUpperCase() === value.toUpperCase();
  const isSign = (value: string) => peek()?.type === "sign" && peek()?.value === value;
  const next = (): Token => {
    const token = tokens[at++];
    if (token === undefined) throw new Error("the statement ends early");
    return token;
  };
  const word = (value: string) => {
    if (!isWord(value)) throw new Error(`${value} is missing`);
    at++;
  };
  const sign = (value: string) => {
    if (!isSign(value)) throw new Error(`${value} is missing`);
    at++;
  };
  const take = (found: boolean) => {
    if (found) at++;
    return found;
  };

  function text(): string {
    const token = next();
    if (token.type !== "text") throw new Error("a text is missing");
    return token.value;
  }

  function operand(): (record: JsonValue) => string | null {
    const token = next();
    if (token.type !== "word") throw new Error("a column is missing");
    if (token.value.toLowerCase() !== "element_at")
      return (record) => valueAt(record, token.value.split("."));
    sign("(");
    const map = next().value;
    sign(",");
    const key = text();
    sign(")");
    return (record) => valueAt(record, [...map.split("."), key]);
  }

  function comparison(): Test {
    if (take(isSign("("))) {
      const inner = either();
      sign(")");
      return inner;
    }
    const of = operand();
    if (take(isWord("IS"))) {
      const not = take(isWord("NOT"));
      word("NULL");
      return (record) => (of(record) === null) !== not;
    }
    if (take(isWord("IN"))) {
      sign("(");
      const values = [text()];
      while (take(isSign(","))) values.push(text());
      sign(")");
      return (record) => values.includes(of(record) ?? "\u0000");
    }
    if (take(isWord("LIKE"))) {
      const [start = "", end = "", ...more] = text().split("%");
      if (start !== "" || more.length > 0 || end.includes("_")) throw new Error("LIKE of this form");
      return (record) => of(record)?.endsWith(end) === true;
    }
    const operator = next().value;
    const value = text();
    const time = (given: string) => given.replace("T", " ").replace(/Z$/, "");
    switch (operator) {
      case "=":
        return (record) => of(record) === value;
      case ">=":
        return (record) => time(of(record) ?? "") >= value;
      case "<=":
        return (record) => time(of(record) ?? "~") <= value;
      default:
        throw new Error(`the operator ${operator}`);
    }
  }

  function both(): Test {
    const tests = [comparison()];
    while (take(isWord("AND"))) tests.push(comparison());
    return (record) => tests.every((one) => one(record));
  }

  function either(): Test {
    const tests = [both()];
    while (take(isWord("OR"))) tests.push(both());
    return (record) => tests.some((one) => one(record));
  }

  word("SELECT");
  word("eventJson");
  word("FROM");
  const store = next().value;
  word("WHERE");
  const matches = either();
  for (const expected of ["ORDER", "BY", "eventTime", "DESC", "LIMIT"]) word(expected);
  const limit = Number(next().value);
  if (!Number.isInteger(limit) || peek() !== undefined) throw new Error("the end of the statement");
  return { store, limit, matches };
}

/** Columns are spelled in any case: `userIdentity` is `useridentity`. */
function valueAt(record: JsonValue, path: readonly string[]): string | null {
  let value: JsonValue | undefined = record;
  for (const part of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
    const fields: readonly (readonly [string, JsonValue])[] = Object.entries(value);
    value = fields.find(([name]) => name.toLowerCase() === part.toLowerCase())?.[1];
  }
  return value === undefined || value === null ? null : String(value);
}

function tokensOf(statement: string): readonly Token[] {
  const tokens: Token[] = [];
  const pattern = /\s+|'((?:[^']|'')*)'|([\w.-]+)|(>=|<=|[=(),])/gy;
  while (pattern.lastIndex < statement.length) {
    const at = pattern.lastIndex;
    const found = pattern.exec(statement);
    if (found === null) throw new Error(`what stands at ${at}`);
    const [, quoted, bare, operator] = found;
    if (quoted !== undefined) tokens.push({ type: "text", value: quoted.replaceAll("''", "'") });
    else if (bare !== undefined) tokens.push({ type: "word", value: bare });
    else if (operator !== undefined) tokens.push({ type: "sign", value: operator });
  }
  return tokens;
}
