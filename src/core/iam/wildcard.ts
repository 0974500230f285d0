/**
 * Patterns with `*` (any characters, also none) and `?` (exactly one), as policies use them in actions, resources and
 * values: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 *
 * A pattern is cut at its stars once; matching then looks for the pieces from left to right and never goes back, so a
 * hostile pattern costs no more than its length times the text's.
 */
export interface Wildcard {
  /** What stands before the first star; the whole pattern where there is none. */
  readonly first: Piece;
  readonly middle: readonly Piece[];
  /** What stands after the last star; null: there is no star. */
  readonly last: Piece | null;
}

interface Piece {
  readonly text: string;
  /** Whether `text` holds marks for `?`. */
  readonly marked: boolean;
  /** Its last character; ARNs begin alike and differ at their ends, so looking there first is quick. Empty: -1. */
  readonly lastCode: number;
}

// Inside a marked text the two wildcards are characters that no ARN, action or tag can hold. So a literal star (from
// `${*}` or from a variable's value) can stand beside a wildcard.
const starMark = "\uFFFE";
const anyMark = "\uFFFF";
const anyMarkCode = 0xffff;

/** Turns the wildcards of a text into marks; what is put in later is literal. */
export function markWildcards(text: string): string {
  return text.replaceAll("*", starMark).replaceAll("?", anyMark);
}

/** The text as a person would write it. */
export function unmarkWildcards(marked: string): string {
  return marked.replaceAll(starMark, "*").replaceAll(anyMark, "?");
}

/** Compiles a text in which every `*` and `?` is a wildcard. */
export function compileWildcard(text: string): Wildcard {
  return compileMarked(markWildcards(text));
}

/** Compiles a text made by `markWildcards`. */
export function compileMarked(marked: string): Wildcard {
  const pieces = marked.split(starMark).map(pieceOf);
  const first = pieces[0] ?? pieceOf("");
  const last = pieces.length > 1 ? (pieces.at(-1) ?? null) : null;
  return { first, middle: pieces.slice(1, -1).filter((piece) => piece.text !== ""), last };
}

function pieceOf(text: string): Piece {
  return {
    text,
    marked: text.includes(anyMark),
    lastCode: text === "" ? -1 : text.charCodeAt(text.length - 1),
  };
}

/** Does the whole text match? Case counts. */
export function matchWildcard(pattern: Wildcard, text: string): boolean {
  const { first, middle, last } = pattern;
  if (last === null) return first.text.length === text.length && standsAt(first, text, 0);
  const end = text.length - last.text.length;
  if (end < first.text.length) return false;
  if (!standsAt(first, text, 0) || !standsAt(last, text, end)) return false;
  let from = first.text.length;
  for (const piece of middle) {
    const at = find(piece, text, from, end);
    if (at < 0) return false;
    from = at + piece.text.length;
  }
  return true;
}

function standsAt(piece: Piece, text: string, at: number): boolean {
  if (!piece.marked) {
    const { lastCode, text: own } = piece;
    if (lastCode < 0) return true;
    return text.charCodeAt(at + own.length - 1) === lastCode && text.startsWith(own, at);
  }
  for (let i = 0; i < piece.text.length; i++) {
    const code = piece.text.charCodeAt(i);
    if (code !== anyMarkCode && code !== text.charCodeAt(at + i)) return false;
  }
  return true;
}

function find(piece: Piece, text: string, from: number, end: number): number {
  const lastStart = end - piece.text.length;
  if (!piece.marked) {
    const at = text.indexOf(piece.text, from);
    return at > lastStart ? -1 : at;
  }
  for (let at = from; at <= lastStart; at++) {
    if (standsAt(piece, text, at)) return at;
  }
  return -1;
}

/** Does a pattern match a text (or contain another pattern) when case does not count? */
export function covers(pattern: string, text: string): boolean {
  return matchWildcard(compileWildcard(pattern.toLowerCase()), text.toLowerCase());
}
