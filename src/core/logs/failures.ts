import { mayStartEvent } from "./event-start.ts";
import { errorsIn, mayMatter, type RecognisedError } from "./grammar.ts";
import { normalise } from "./normalise.ts";

/** The lines that tell of one failure. */
export interface Failure {
  /** The time of the line in which it was found. */
  readonly at: string | null;
  readonly text: string;
  readonly lines: number;
}

/**
 * Puts together what belongs to one failure, line by line: its stack, its causes, the rest of a sentence that was
 * wrapped. Unlike the events of a whole text, which hold all that a logger wrote at once, failures are looked for in a
 * log without an end, around the lines that could tell of one; so each is one, also where nothing separates two.
 */
export interface FailureReader {
  /** One line as the program wrote it. */
  line(at: string | null, text: string): void;
  /** True while a failure may go on in the next line, which then has to be given as well. */
  readonly open: boolean;
  /** What was begun is over. */
  end(): void;
}

/** So much of all lines of one failure is looked at. */
export const longestFailure = 65_536;
/** So many lines a failure may have, and so many frames of a stack trace between them. */
const maxLines = 40;
const maxFrames = 500;
/** The first frames show whose SDK it is. */
const keptFrames = 3;
/** So many lines before the one in which an error is found may belong to it. */
export const linesBefore = 3;

interface OpenFailure extends Failure {
  readonly first: string;
  readonly last: string;
  readonly frames: number;
  /** A blank line came after it: only what surely belongs to it goes on. */
  readonly afterBlank: boolean;
}

/** `matters` tells lines that could be part of one from all others; `take` is given every failure once it is whole. */
export function createFailureReader(
  matters: (line: string) => boolean,
  take: (failure: Failure) => void,
): FailureReader {
  let open: OpenFailure | null = null;
  /** The last lines in which nothing was found. */
  let before: readonly string[] = [];

  function end(): void {
    if (open === null) return;
    const failure = open;
    open = null;
    take(failure);
  }

  /** True: the line belongs to the failure that is open. */
  function taken(text: string): boolean {
    if (open === null) return false;
    if (/^\s+at /.test(text) && open.frames < maxFrames) {
      const kept = open.frames < keptFrames ? joined(open.text, text) : open.text;
      open = { ...open, text: kept, frames: open.frames + 1 };
      return true;
    }
    if (open.lines >= maxLines || open.text.length >= longestFailure) return false;
    if (text.trim() === "" && !open.afterBlank) {
      open = { ...open, afterBlank: true };
      return true;
    }
    if (text.trim() === "" || !goesOn(open, text)) return false;
    open = { ...open, last: text, text: joined(open.text, text), lines: open.lines + 1, afterBlank: false };
    return true;
  }

  return {
    get open() {
      return open !== null;
    },
    line(at, text) {
      if (taken(text)) return;
      end();
      if (!matters(text)) {
        before = [...before.slice(1 - linesBefore), text.length > longestWrapped ? "" : text];
        return;
      }
      open = { at, first: text, last: text, text, lines: 1, frames: 0, afterBlank: false };
      for (const earlier of before.toReversed()) {
        if (!leadsInto(earlier, open.first)) break;
        open = { ...open, first: earlier, text: joined(earlier, open.text), lines: open.lines + 1 };
      }
      before = [];
    },
    end() {
      end();
      before = [];
    },
  };
}

function joined(text: string, line: string): string {
  return text.length >= longestFailure ? text : `${text}\n${line}`.slice(0, longestFailure);
}

/** Causes, frames, what stands over them, and the body of an answer. */
const cause =
  /^\s*(?:caused by|at |\.\.\. \d+ (?:more|common)|--->|--- End of|(?:stack(?: ?trace)?|traceback)\b[^:]{0,40}:\s*$)/i;
const markup = /^\s*<(?:\?xml\b|\/?[A-Z]\w{1,60}>)/;

/** A line ends so where a sentence about an error goes on in the next one. */
const openEnd =
  /(?:[:,(]|\b(?:is|not|to|on|no|an?|the|in|with|because|when|calling|authorized|perform|explicit|resource|from|any|of|and|or|for|by))$/;

/** A line begins so where it goes on with such a sentence. */
const openStart =
  /^\s*(?:(?:is )?not authorized to|authorized to perform|to perform|perform:|on resource|resource:|because (?:no|it)|no (?:identity|resource|session|service|permissions|VPC)|(?:identity|resource)-based policy|(?:with )?an? explicit deny|explicit deny|deny in an?|policy allows|allows the|the [\w-]+:\w+ action|action\b|[a-z0-9-]+:[A-Z]\w+ (?:on resource|because|with an)|status code: \d|request id)/i;

/** Lines that begin with so many of the same characters say the same again. */
const sameStart = 16;
/** So long are lines at least that something wrapped. */
const wrapWidth = 40;
/** Longer lines were not wrapped by anything. */
export const longestWrapped = 4_096;

/**
 * Does a line belong to the failure before it? Certainly so where it is indented, tells a cause, or ends a sentence;
 * where it only could, it does unless it tells the same failure again: that is another one.
 */
function goesOn(record: OpenFailure, line: string): boolean {
  if (isBoxed(line)) return isBoxed(record.first);
  if (cause.test(line) || isBodyOf(record, line)) return true;
  if (record.afterBlank) return false;
  if (indentOf(line) > indentOf(record.first)) return true;
  if (mayStartEvent(line)) return false;
  if (isUnfinished(record.last, line) || namesCaller(record, line) || hasOpenText(record)) return true;
  const isSibling = indentOf(line) > 0 && indentOf(line) === indentOf(record.first);
  const couldBelong = (isSibling && record.last.length <= longestWrapped) || isWrapped(record.last, line);
  // A sentence that is spelled out, or a line like the first one, is a failure of its own: no need to read it.
  if (!couldBelong && line.includes("not authorized to perform")) return false;
  if (line.trimStart().startsWith(record.first.trimStart().slice(0, sameStart))) return false;
  const said = comparison(record.text, line);
  return said === "the same" || (couldBelong && said !== "another");
}

/** Does an error that is found in a line begin in the line before? */
function leadsInto(before: string, line: string): boolean {
  if (before.length > longestWrapped) return false;
  if (isBoxed(line)) return isBoxed(before);
  if (before.trim() === "" || mayStartEvent(line)) return false;
  return isUnfinished(before, line) || (isWrapped(before, line) && errorsIn(normalise(line)).length === 0);
}

/** The XML that a service answered, unless one has ended before. */
function isBodyOf({ text }: OpenFailure, line: string): boolean {
  return markup.test(line) && !(text.includes("</Error") && /<Error>|<\?xml/.test(line));
}

function isUnfinished(before: string, line: string): boolean {
  return (
    (before.length <= longestWrapped && openEnd.test(before.slice(-40).trimEnd())) || openStart.test(line)
  );
}

/** An object on one line that was wrapped: the text of one of its fields has not ended. */
function hasOpenText({ text }: OpenFailure): boolean {
  if (!text.includes('{"') || text.length > longestWrapped) return false;
  let isOpen = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') isOpen = !isOpen;
  }
  return isOpen;
}

/** Ruby and consoles write the name of an error in a line of its own, and then who was refused. */
function namesCaller({ last, text }: OpenFailure, line: string): boolean {
  return (
    /^\s*User ?: \S/.test(line) && /denied|unauthorized|forbidden/i.test(last) && !/\bUser ?: /.test(text)
  );
}

function isWrapped(before: string, line: string): boolean {
  return before.length >= wrapWidth && before.length <= longestWrapped && /^[a-z("'`*]/.test(line);
}

/**
 * Does a line tell the failure before it by another sign (the name of an exception, and then what it says), or another
 * one like it? Null: it tells of none, or of something else.
 */
function comparison(text: string, line: string): "the same" | "another" | null {
  if (!mayMatter(line)) return null;
  const again = tellings(line);
  if (again.size === 0) return null;
  const told = tellings(text);
  const known = [...again.keys()].filter((key) => told.has(key));
  if (known.length === 0) return null;
  if (known.length < again.size || line.length > longestWrapped) return "another";
  const both = tellings(`${text}\n${line}`);
  return known.every((key) => told.get(key) === both.get(key)) ? "the same" : "another";
}

/** How often each error is told in a text. */
export function tellings(text: string): ReadonlyMap<string, number> {
  const told = new Map<string, number>();
  for (const error of errorsIn(normalise(text))) {
    const key = identityOf(error);
    told.set(key, (told.get(key) ?? 0) + error.count);
  }
  return told;
}

/** What makes two tellings of an error the same, however much else they say. */
export function identityOf({ kind, action, resource, principalArn }: RecognisedError): string {
  return JSON.stringify([kind, action, resource, principalArn]);
}

/** Terraform draws a line down the left of what belongs together. */
function isBoxed(line: string): boolean {
  return /^\s*[│┃]/.test(line);
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
