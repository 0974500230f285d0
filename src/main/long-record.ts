const quote = 34;
const backslash = 92;
const pieceSize = 65_536;

/**
 * Reads a record `{"id": …, "log": "…"}` whose line is long: the log is decoded and handed on in pieces, so that it takes
 * no memory of its own. Null: it has to be read at once, or is no such record; what was handed on counts for nothing.
 */
export function readLongRecord(line: Buffer, take: (piece: string) => void): { readonly id: unknown } | null {
  const start = startOfLog(line);
  if (start === null) return null;
  const end = endOfString(line, start);
  try {
    const rest: unknown = JSON.parse(`${line.toString("utf8", 0, start)}${line.toString("utf8", end)}`);
    // A later field of the same name would win.
    if (rest === null || typeof rest !== "object" || !("log" in rest) || rest.log !== "") return null;
    for (let at = start; at < end; ) {
      const next = pieceEnd(line, at, end);
      take(JSON.parse(`"${line.toString("utf8", at, next)}"`) as string);
      at = next;
    }
    return { id: "id" in rest ? rest.id : null };
  } catch {
    return null;
  }
}

/** Where the text of the field `log` begins; null: there is no such text. */
function startOfLog(line: Buffer): number | null {
  let depth = 0;
  for (let at = 0; at < line.length; at++) {
    const byte = line[at];
    if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) depth--;
    if (byte !== quote) continue;
    const end = endOfString(line, at + 1);
    const colon = depth === 1 ? afterSpace(line, end + 1) : -1;
    if (line[colon] === 0x3a && line.toString("latin1", at + 1, end) === "log") {
      const value = afterSpace(line, colon + 1);
      return line[value] === quote ? value + 1 : null;
    }
    at = end;
  }
  return null;
}

function afterSpace(line: Buffer, from: number): number {
  let at = from;
  while (line[at] === 32 || line[at] === 9) at++;
  return at;
}

/** The quote that ends a string, or the end of the line where none does. */
function endOfString(line: Buffer, from: number): number {
  for (let at = line.indexOf(quote, from); at >= 0; at = line.indexOf(quote, at + 1)) {
    if (backslashesBefore(line, at, from) % 2 === 0) return at;
  }
  return line.length;
}

function backslashesBefore(line: Buffer, at: number, from: number): number {
  let first = at;
  while (first > from && line[first - 1] === backslash) first--;
  return at - first;
}

/** The end of a piece, between two characters. */
function pieceEnd(line: Buffer, at: number, end: number): number {
  if (end - at <= pieceSize) return end;
  let cut = at + pieceSize;
  // The bytes of a character in UTF-8 after its first.
  while (((line[cut] ?? 0) & 0xc0) === 0x80) cut--;
  const slash = line.subarray(cut - 5, cut).lastIndexOf(backslash);
  if (slash < 0) return cut;
  const begins = cut - 5 + slash;
  const isLiteral = backslashesBefore(line, begins, at) % 2 === 1;
  const length = line[begins + 1] === 0x75 ? 6 : 2;
  return isLiteral || begins + length <= cut ? cut : begins;
}
