import type { JsonValue } from "../../../src/core/json.ts";

const maxPattern = 1_024;

type Test = (record: JsonValue) => boolean;

/**
 * A filter pattern over JSON: `{ ($.a = "b") && ($.c = *) || … }`.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-json-log-events.html
 * @throws Error that says what is wrong.
 */
export function parsePattern(pattern: string): Test {
  if (pattern.length > maxPattern) throw new Error(`must have length less than or equal to ${maxPattern}`);
  const tokens = tokensOf(pattern);
  let at = 0;
  const take = (value: string) => {
    if (tokens[at] !== value) return false;
    at++;
    return true;
  };
  const expect = (value: string) => {
    if (!take(value)) throw new Error(`${value} is missing`);
  };

  function comparison(): Test {
    if (take("(")) {
      const inner = either();
      expect(")");
      return inner;
    }
    const selector = tokens[at++] ?? "";
    if (!selector.startsWith("$.")) throw new Error("a selector is missing");
    expect("=");
    const given = tokens[at++] ?? "";
    const quoted = given.startsWith('"');
    if (!quoted && !/^[\w*.-]+$/.test(given)) throw new Error("a value is missing");
    const wanted = quoted ? given.slice(1, -1) : given;
    return (record) => fits(valueAt(record, selector.slice(2).split(".")), wanted);
  }

  function both(): Test {
    const tests = [comparison()];
    while (take("&&")) tests.push(comparison());
    return (record) => tests.every((one) => one(record));
  }

  function either(): Test {
    const tests = [both()];
    while (take("||")) tests.push(both());
    return (record) => tests.some((one) => one(record));
  }

  expect("{");
  const test = either();
  expect("}");
  if (at < tokens.length) throw new Error("there is more behind the pattern");
  return test;
}

/** An asterisk at either end stands for any text. */
function fits(actual: string | null, wanted: string): boolean {
  if (actual === null) return false;
  if (wanted === "*") return true;
  if (wanted.startsWith("*")) return actual.endsWith(wanted.slice(1));
  if (wanted.endsWith("*")) return actual.startsWith(wanted.slice(0, -1));
  return actual === wanted;
}

function valueAt(record: JsonValue, path: readonly string[]): string | null {
  let value: JsonValue | undefined = record;
  for (const part of path) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
    value = (value as { readonly [key: string]: JsonValue })[part];
  }
  return value === undefined || value === null || typeof value === "object" ? null : String(value);
}

function tokensOf(pattern: string): readonly string[] {
  const tokens: string[] = [];
  const grammar = /\s+|("[^"]*")|(&&|\|\||[{}()=])|([$\w.*-]+)/gy;
  while (grammar.lastIndex < pattern.length) {
    const at = grammar.lastIndex;
    const found = grammar.exec(pattern);
    if (found === null) throw new Error(`Invalid character(s) in term at ${at}`);
    const token = found[1] ?? found[2] ?? found[3];
    if (token !== undefined) tokens.push(token);
  }
  return tokens;
}
