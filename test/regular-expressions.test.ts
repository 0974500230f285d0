import { globSync, readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";

interface Literal {
  readonly where: string;
  readonly source: string;
  readonly flags: string;
}

/** A slash begins a regular expression where a value is expected: after these, and after these words. */
const beforeValue = /(?:[(,=:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|await|yield)|^)\s*$/;

/** The literals of a TypeScript file: strings, templates and comments are passed over. */
function literalsIn(path: string): readonly Literal[] {
  const text = readFileSync(path, "utf8");
  const found: Literal[] = [];
  const open: string[] = [];
  let code = "";
  const shebang = text.startsWith("#!") ? text.indexOf("\n") : 0;
  for (let at = shebang; at < text.length; ) {
    const rest = text.slice(at, at + 2);
    const here = text[at] ?? "";
    if (rest === "//") at = endOf(text, "\n", at);
    else if (rest === "/*") at = endOf(text, "*/", at);
    else if (here === '"' || here === "'") at = endOfString(text, at);
    else if (here === "`" || (here === "}" && open.at(-1) === "`")) {
      if (here === "}") open.pop();
      at = endOfTemplate(text, at + 1, open);
    } else if (here === "/" && beforeValue.test(code.slice(-20))) {
      const end = endOfLiteral(text, at + 1);
      const flags = /^[a-z]*/.exec(text.slice(end + 1))?.[0] ?? "";
      const line = text.slice(0, at).split("\n").length;
      found.push({ where: `${path}:${line}`, source: text.slice(at + 1, end), flags });
      at = end + 1 + flags.length;
      code += "0";
      continue;
    } else {
      if (here === "{") open.push("{");
      if (here === "}") open.pop();
      code += here;
      at += 1;
      continue;
    }
    code += '"';
  }
  return found;
}

function endOf(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at < 0 ? text.length : at + mark.length;
}

function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== text[from]) at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}

function endOfTemplate(text: string, from: number, open: string[]): number {
  for (let at = from; at < text.length; at += text[at] === "\\" ? 2 : 1) {
    if (text[at] === "`") return at + 1;
    if (text.startsWith("${", at)) {
      open.push("`");
      return at + 2;
    }
  }
  return text.length;
}

function endOfLiteral(text: string, from: number): number {
  let inClass = false;
  for (let at = from; ; at += text[at] === "\\" ? 2 : 1) {
    if (text[at] === "[") inClass = true;
    if (text[at] === "]") inClass = false;
    if ((text[at] === "/" && !inClass) || text[at] === "\n" || at >= text.length) return at;
  }
}

/** Characters of most classes, and what expressions for lines and quotations care about. */
const usual = [..." \ta0A_-.:/=,;@\"'\\\n({[<"];

/** What an expression may be made to stumble over: the characters and the words that it names, alone and with more. */
function pumpsFor(source: string): readonly string[] {
  const plain = source.replace(/\\[bBdDsSwW]|\\[pP]\{[^}]*\}|\{\d+(?:,\d*)?\}|\(\?[:=!]|\(\?<[=!]/g, " ");
  const words = [...plain.matchAll(/[\w:./" -]{2,30}/g)]
    .map(([word]) => word.trim())
    .filter((word) => word !== "");
  const own = [...new Set(plain.replace(/[\\()[\]|?+^$]/g, ""))];
  const few = own.slice(0, 8);
  const all = [...usual, ...own.slice(0, 20), ...few.map((one) => `${one} `), ...few.map((one) => `a${one}`)];
  return [...new Set([...all, ...words.slice(0, 12), ...words.slice(0, 4).map((word) => `${word} `)])];
}

/** Milliseconds of this thread alone, whatever else the machine does; the better of two. */
function cost(expression: RegExp, text: string): number {
  return Math.min(costOnce(expression, text), costOnce(expression, text));
}

function costOnce(expression: RegExp, text: string): number {
  const from = process.threadCpuUsage();
  expression.lastIndex = 0;
  expression.exec(text);
  return process.threadCpuUsage(from).user / 1_000;
}

/** Blowing up shows early: what doubles with each character, what tries every three places. More would never end. */
const early = [20, 300];
/** What tries every pair of places takes some ten milliseconds for so many, and nine times as long for three times as many. */
const long = 2_000;

/** Null: no text that was tried costs more than its length. */
function stumblesOver(expression: RegExp): string | null {
  const head = /^[\w:/ -]{2,}/.exec(expression.source.replace(/^\^|^\\b/g, ""))?.[0];
  for (const pump of pumpsFor(expression.source)) {
    for (const begin of head === undefined ? [""] : ["", head]) {
      const text = (length: number) => `${begin}${pump.repeat(Math.ceil(length / pump.length))}\u0000`;
      const told = `${JSON.stringify(begin)} and then many ${JSON.stringify(pump)}`;
      const few = early.find((length) => costOnce(expression, text(length)) > 4);
      if (few !== undefined && cost(expression, text(few)) > 4) return told;
      if (costOnce(expression, text(long)) < 1.5) continue;
      const once = cost(expression, text(long));
      if (once > 1 && cost(expression, text(long * 3)) > once * 5) return told;
    }
  }
  return null;
}

/** Expressions that are put together when a module is loaded. */
async function builtIn(paths: readonly string[]): Promise<readonly RegExp[]> {
  const built: RegExp[] = [];
  vi.stubGlobal(
    "RegExp",
    new Proxy(RegExp, {
      construct(target, parts: [string, string?]) {
        const expression = new target(...parts);
        built.push(expression);
        return expression;
      },
    }),
  );
  for (const path of paths) await import(/* @vite-ignore */ `../${path}?anew`);
  vi.unstubAllGlobals();
  return built;
}

const literals = globSync(["src/**/*.ts", "jobs/**/*.ts"]).sort().flatMap(literalsIn);

test.each([
  ["runs at the end", /\s+$/],
  ["two that overlap", /^\w+-?\w+-?\w+!$/],
  ["nested ones", /^(?:a+)+$/],
  ["what follows a word", /arn:[^ ]*:[^ ]*:x/],
])("an expression that can blow up is seen: %s", (_, expression) => {
  expect(stumblesOver(expression)).not.toBeNull();
});

test("the files' expressions are found, and nothing else is taken for one", () => {
  expect(literals.length).toBeGreaterThan(300);
  for (const { source, flags } of literals) expect(() => new RegExp(source, flags)).not.toThrow();
});

test("no expression costs more than its text is long", async () => {
  const built = await builtIn(globSync("src/core/**/*.ts").sort());
  expect(built.length).toBeGreaterThan(10);
  const all = new Map([
    ...literals.map(({ where, source, flags }) => [where, new RegExp(source, flags)] as const),
    ...built.map((expression) => [String(expression), expression] as const),
  ]);
  const slow = [...all].flatMap(([where, expression]) => {
    const text = stumblesOver(expression);
    return text === null ? [] : [`${where} ${expression} stumbles over ${text}`];
  });
  expect(slow).toEqual([]);
}, 60_000);
