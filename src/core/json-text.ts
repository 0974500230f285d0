/**
 * Where a JSON text has the same key twice in one object: `Statement[0].Action`; null: nowhere. `JSON.parse` keeps the
 * last of them without a word, AWS refuses the document. The text must be valid JSON. Takes time in proportion to it.
 */
export function repeatedKey(json: string): string | null {
  const open: Level[] = [];
  let level: Level | undefined;
  let isKey = false;
  for (let at = 0; at < json.length; at++) {
    switch (json.charCodeAt(at)) {
      case quote: {
        const end = endOfText(json, at);
        if (isKey && level !== undefined) {
          const key = textOf(json, at, end);
          level.at = key;
          if (level.keys.includes(key)) return pathOf(open);
          level.keys.push(key);
          isKey = false;
        }
        at = end;
        break;
      }
      case brace:
        level = { keys: [], at: "" };
        open.push(level);
        isKey = true;
        break;
      case bracket:
        level = { keys: [], at: 0 };
        open.push(level);
        isKey = false;
        break;
      case closingBrace:
      case closingBracket:
        open.pop();
        level = open.at(-1);
        isKey = false;
        break;
      case comma:
        isKey = typeof level?.at === "string";
        if (typeof level?.at === "number") level.at += 1;
        break;
    }
  }
  return null;
}

/** An object or a list that is open, and where in it the reading is. */
interface Level {
  readonly keys: string[];
  at: string | number;
}

const quote = 0x22;
const comma = 0x2c;
const bracket = 0x5b;
const closingBracket = 0x5d;
const brace = 0x7b;
const closingBrace = 0x7d;

/** Where what is not white space begins, at or after `at`; the text's length where nothing does. */
export function skipSpace(json: string, at: number): number {
  let next = at;
  while (next < json.length && isSpace(json.charCodeAt(next))) next++;
  return next;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/**
 * Where the value ends that begins at `start`: behind its last character. Finds the end of every valid value; one that
 * is not valid ends somewhere, too.
 */
export function endOfValue(json: string, start: number): number {
  let depth = 0;
  for (let at = start; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === quote) {
      at = endOfText(json, at);
      if (depth === 0) return Math.min(at + 1, json.length);
    } else if (code === brace || code === bracket) {
      depth++;
    } else if (code === closingBrace || code === closingBracket) {
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (code === comma || isSpace(code))) {
      return at;
    }
  }
  return json.length;
}

/** Where the quote stands that ends the text whose first quote is at `start`; the text's length where none does. */
export function endOfText(json: string, start: number): number {
  let end = json.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end < 0 ? json.length : end;
}

function isEscaped(json: string, at: number): boolean {
  let slashes = 0;
  while (json[at - 1 - slashes] === "\\") slashes++;
  return slashes % 2 === 1;
}

function textOf(json: string, start: number, end: number): string {
  const raw = json.slice(start + 1, end);
  return raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
}

function pathOf(open: readonly Level[]): string {
  let path = "";
  for (const { at } of open) {
    if (typeof at === "number") path += `[${at}]`;
    else path += path === "" ? at : `.${at}`;
  }
  return path;
}
