/**
 * Log text reaches us wrapped by terminals, boxed by Terraform and k9s, escaped once or twice by JSON
 * loggers and coloured. None of that changes a single letter of the message, only what stands between
 * the letters. So the message is matched without any white space; where it stood is kept on the side,
 * because fields end there.
 */

/** What stood before a character: nothing, white space, a line break that a terminal may have made, a true line break. */
export type Gap = "none" | "space" | "soft" | "line";

export interface Squeezed {
  /** The text without white space, box drawing and escapes. */
  readonly text: string;
  /** The same with ASCII letters in lower case: same length, same indexes. */
  readonly lower: string;
  gapBefore(index: number): Gap;
  /** Whether the line before a `soft` gap is as wide as the widest: only such a line can have been cut by a terminal. */
  wasFull(index: number): boolean;
  /** About where in the raw text a character stood; never decreasing. */
  rawAt(index: number): number;
  /** Index of the first character of the line that holds this one. */
  lineStart(index: number): number;
}

interface Piece {
  readonly at: number;
  readonly gap: Gap;
  readonly full: boolean;
  readonly raw: number;
  /** Where the line of this piece begins. */
  readonly line: number;
}

const ansi =
  /(?:\u001b|\\x1b|\\033|\\u001b|#033|\^\[)\[[0-9;?]{0,32}[A-Za-z]|\u001b\][^\u0007\u001b]*\u0007?/gi;
const invisible = /[\u0000-\u0008\u000e-\u001f\u007f\u200b-\u200f\ufeff]/g;
/** `carts-1  | text`: Docker Compose; `[java] text`: Ant; a quoted line of an issue; a box. */
const linePrefix = /^(?:[ \t]{0,16}(?:[│┃║┆┊╎▏▕] ?|\| |\[java\] ?)|> ?|[\w.-]{1,64}[ \t]{0,32}\| )/;
const runtimePrefix =
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)(?: (?:stdout|stderr) [FP])? ?/;
const boxEdge = "│┃║┆┊╎▏▕";
const boxDrawing = /[\u2500-\u257f]+/g;
const entities: Readonly<Record<string, string>> = {
  "&quot;": '"',
  "&#34;": '"',
  "&#39;": "'",
  "&apos;": "'",
  "&lt;": "<",
  "&gt;": ">",
  "&amp;": "&",
};

/** Escapes however often they were escaped: any run of backslashes before n, t, r, a quote or u00XX. */
function unescape(token: string): string {
  let plain = token;
  if (plain.includes("\\")) {
    plain = plain.replace(
      /\\{1,16}(?:([nrt])|(["'`/])|u00([0-7][0-9a-fA-F]))/g,
      (_all, control, quote, hex) => {
        if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
        if (quote !== undefined) return quote;
        return control === "n" ? "\n" : " ";
      },
    );
  }
  if (plain.includes("&"))
    plain = plain.replace(/&(?:quot|#34|#39|apos|lt|gt|amp);/g, (name) => entities[name] ?? name);
  return plain;
}

function clean(token: string): string {
  let plain = token;
  if (/[\u001b\\#^]/.test(plain)) plain = plain.replace(ansi, "");
  plain = unescape(plain);
  if (plain.includes("\u001b")) plain = plain.replace(ansi, "");
  return plain.replace(boxDrawing, " ").replace(invisible, "");
}

interface RawLine {
  readonly body: string;
  /** Offset of `body` in the raw text. */
  readonly raw: number;
  readonly width: number;
  readonly indented: boolean;
}

function readLines(raw: string): readonly RawLine[] {
  const lines: RawLine[] = [];
  let start = 0;
  while (start <= raw.length) {
    const newline = raw.indexOf("\n", start);
    const end = newline < 0 ? raw.length : newline;
    let body = raw.slice(start, end);
    let offset = start;
    if (body.includes("\u001b")) body = body.replace(ansi, "");
    if (body.endsWith("\r")) body = body.slice(0, -1);
    for (const prefix of [linePrefix, runtimePrefix]) {
      const found = prefix.exec(body);
      if (found) {
        body = body.slice(found[0].length);
        offset += found[0].length;
      }
    }
    const width = contentWidth(body);
    lines.push({ body, raw: offset, width, indented: /^\s/.test(body) || width === 0 });
    if (newline < 0) break;
    start = newline + 1;
  }
  return lines;
}

/** Length without the padding and the right edge of a box. */
function contentWidth(body: string): number {
  let end = body.trimEnd().length;
  if (end > 0 && boxEdge.includes(body.charAt(end - 1))) end = body.slice(0, end - 1).trimEnd().length;
  return end;
}

/** A terminal narrower than this is not worth believing in. */
const minimumWrapWidth = 20;

/** Takes the white space, boxes, colours and escapes out of a piece of log. Linear in its length. */
export function squeeze(raw: string): Squeezed {
  const lines = readLines(joinCutEscapes(raw));
  const widest = lines.reduce((most, line) => Math.max(most, line.width), 0);
  const parts: string[] = [];
  const pieces: Piece[] = [];
  let length = 0;
  let line = 0;
  let gap: Gap = "line";
  let full = false;

  const add = (part: string, rawOffset: number): void => {
    if (part === "") return;
    if (gap === "line" || gap === "soft") line = length;
    pieces.push({ at: length, gap, full, raw: rawOffset, line });
    parts.push(part);
    length += part.length;
    gap = "none";
    full = false;
  };

  let previous: RawLine | undefined;
  for (const row of lines) {
    if (previous !== undefined) {
      const soft = !row.indented && previous.width > 0 && gap !== "line";
      gap = soft ? "soft" : "line";
      full =
        soft &&
        previous.width === widest &&
        widest >= minimumWrapWidth &&
        !startAlike(previous.body, row.body);
    }
    previous = row;
    for (const token of row.body.matchAll(/\S+/g)) {
      if (gap === "none") gap = "space";
      const plain = clean(token[0]);
      const rawOffset = row.raw + token.index;
      if (!/\s/.test(plain)) {
        add(plain, rawOffset);
        continue;
      }
      for (const piece of plain.matchAll(/(\s*)(\S*)/g)) {
        const white = piece[1] ?? "";
        if (white.includes("\n")) gap = "line";
        else if (white !== "" && gap === "none") gap = "space";
        add(piece[2] ?? "", rawOffset + piece.index);
      }
    }
  }
  return squeezed(parts.join(""), pieces);
}

/** A terminal may cut between the backslash and its letter. */
function joinCutEscapes(raw: string): string {
  return raw.includes("\\\n") ? raw.replace(/\\\n(?=[nrt"'\\])/g, "\\") : raw;
}

/** Two lines of one shape are two messages of the same length, not one message that was cut. */
function startAlike(one: string, other: string): boolean {
  return one.length >= 12 && one.slice(0, 12) === other.slice(0, 12);
}

function squeezed(text: string, pieces: readonly Piece[]): Squeezed {
  const byIndex = new Map(pieces.map((piece) => [piece.at, piece]));

  /** Position in `pieces` of the one that holds the character. */
  const pieceAt = (index: number): number => {
    let low = 0;
    let high = pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((pieces[middle]?.at ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  };

  return {
    text,
    lower: text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
    gapBefore: (index) => byIndex.get(index)?.gap ?? "none",
    wasFull: (index) => byIndex.get(index)?.full ?? false,
    rawAt: (index) => {
      const piece = pieces[pieceAt(index)];
      return piece === undefined ? 0 : piece.raw + index - piece.at;
    },
    lineStart: (index) => pieces[pieceAt(index)]?.line ?? 0,
  };
}
