import { redact, redactAll } from "../redact.ts";
import { type AwsError, awsErrorKinds } from "./aws-error.ts";
import { createFailureReader, type Failure, longestFailure } from "./failures.ts";
import { mayMatter } from "./grammar.ts";
import { type LogLine, unwrapLine } from "./line-prefix.ts";
import { normalise } from "./normalise.ts";
import { recognise, recogniseAll } from "./recognise.ts";
import { type LogSignId, mayShowSign, signsIn } from "./signs.ts";
import { toldOnce } from "./told-once.ts";

/** One distinct error of a log. */
export interface ScannedError extends AwsError {
  readonly count: number;
  /** ISO times from the lines' own prefix (`kubectl logs --timestamps`); null where there is none. */
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
  /** Short and redacted. */
  readonly excerpt: string;
}

/** One sign with how often a log shows it. */
export interface ScannedSign {
  readonly sign: LogSignId;
  readonly count: number;
  readonly lastSeen: string | null;
  /** Short and redacted. */
  readonly excerpt: string;
}

export interface ScanResult {
  readonly lines: number;
  readonly errors: readonly ScannedError[];
  /** Empty unless they were asked for. */
  readonly signs: readonly ScannedSign[];
}

/** Takes a log in pieces of any size; keeps counts, times and excerpts, never the text. */
export interface LogScanner {
  push(chunk: string): void;
  /** One whole line without its end, instead of `push`. */
  line(text: string): void;
  /**
   * A part of a line that is too long to be looked at at once, instead of `line`: `text` begins with `told`, what the part
   * before it ended with, so that no sentence is cut in both.
   */
  part(text: string, told: string): void;
  /** True while an error may go on in the next line, which then has to be given as well. */
  readonly open: boolean;
  end(): ScanResult;
}

export interface LogScannerOptions {
  /** Lines begin with an RFC 3339 time, as the Kubernetes API writes them with `timestamps=true`. */
  readonly timestamps: boolean;
  /** Look for what narrows a fault down, too. Costs time, so only where rules will judge the log. */
  readonly signs?: boolean;
}

/** Longer lines are looked at in parts. */
const maxLine = longestFailure;
/** A sentence that a part cuts is whole in the next one, which begins so many characters earlier. */
const overlap = 8_192;
const excerptLength = 300;
/** So many distinct errors are told one by one; what comes after them is told without its resource, then by its kind. */
const maxDistinct = 1_000;

/** Memory is bounded by the number of distinct errors, whatever the log. */
export function createLogScanner({ timestamps, signs: wanted = false }: LogScannerOptions): LogScanner {
  const errors = new Map<string, ScannedError>();
  const signs = new Map<LogSignId, ScannedSign>();
  let lines = 0;
  /** What has come of the present line, or of its last part. */
  let partial = "";
  /** Is the beginning of the present line looked at already? */
  let begun: LogLine | null = null;
  /** What a program wrote of a line that is not whole yet; its first characters may have been told. */
  let held = "";
  let heldTold = 0;
  const failures = createFailureReader(
    (text) => mayMatter(text) || (wanted && mayShowSign(text)),
    takeFailure,
  );

  function takeFailure({ at, text }: Failure): void {
    for (const { count, ...error } of recognise(text)) add(error, count, at, text);
    if (wanted) for (const sign of signsIn(normalise(text))) addSign(sign, at, text);
  }

  /** What the part before told is taken back: where it was cut, it is told in full now. */
  function takePart(at: string | null, text: string, told: string): void {
    failures.end();
    if (mayMatter(text)) {
      for (const { count, ...error } of recogniseAll(text)) add(error, count, at, text);
      for (const { count, ...error } of mayMatter(told) ? recogniseAll(told) : []) takeBack(error, count);
    }
    if (!wanted) return;
    const known = signsIn(normalise(told));
    for (const sign of signsIn(normalise(text))) if (!known.includes(sign)) addSign(sign, at, text);
  }

  function addSign(sign: LogSignId, at: string | null, text: string): void {
    const known = signs.get(sign);
    signs.set(sign, {
      sign,
      count: (known?.count ?? 0) + 1,
      lastSeen: at ?? known?.lastSeen ?? null,
      excerpt: known?.excerpt ?? excerptOf(text),
    });
  }

  function add(error: AwsError, count: number, at: string | null, text: string): void {
    const key = keyOf(error);
    const known = errors.get(key);
    if (known === undefined && errors.size >= maxDistinct) {
      const coarser = coarserThan(error, errors.size >= 2 * maxDistinct);
      if (coarser !== null) {
        add(coarser, count, at, text);
        return;
      }
    }
    errors.set(key, {
      ...(known ?? redactAll(error)),
      // The newest request id is the one that CloudTrail still has.
      requestId: error.requestId ?? known?.requestId ?? null,
      count: (known?.count ?? 0) + count,
      firstSeen: known?.firstSeen ?? at,
      lastSeen: at ?? known?.lastSeen ?? null,
      excerpt: known?.excerpt ?? excerptOf(text),
    });
  }

  function takeBack(error: AwsError, count: number): void {
    const key = keyOf(error);
    const known = errors.get(key);
    if (known === undefined) return;
    if (known.count > count) errors.set(key, { ...known, count: known.count - count });
    else errors.delete(key);
  }

  /** A line, or as much of it as has come. */
  function raw(text: string, ends: boolean): void {
    if (begun === null) {
      lines++;
      const { at, text: stamped } = timestamps ? splitTime(text) : { at: null, text };
      const unwrapped = unwrapLine(stamped);
      begun = { ...unwrapped, at: at ?? timeOf(unwrapped.at) };
      written(begun.at, unwrapped.text, ends && !begun.cut);
    } else {
      written(begun.at, text, ends && !begun.cut);
    }
    if (ends) begun = null;
  }

  /** What a program wrote of a line; a runtime may have cut it into several. */
  function written(at: string | null, text: string, ends: boolean): void {
    held += text;
    while (held.length > maxLine) {
      takePart(at, held.slice(0, maxLine), held.slice(0, heldTold));
      held = held.slice(maxLine - overlap);
      heldTold = overlap;
    }
    if (!ends) return;
    if (heldTold > 0) takePart(at, held, held.slice(0, heldTold));
    else failures.line(at, held);
    held = "";
    heldTold = 0;
  }

  return {
    line: (text) => raw(text, true),
    part(text, told) {
      if (held !== "") written(null, "", true);
      takePart(null, text, told);
    },
    get open() {
      return failures.open || held !== "";
    },
    push(chunk) {
      const pieces = (partial + chunk).split("\n");
      partial = pieces.pop() ?? "";
      for (const piece of pieces) raw(withoutReturn(piece), true);
      if (partial.length <= maxLine) return;
      raw(partial, false);
      partial = "";
    },
    end() {
      if (partial !== "" || begun !== null) raw(withoutReturn(partial), true);
      partial = "";
      if (held !== "") written(null, "", true);
      failures.end();
      return { lines, errors: toldOnce(errors.values(), joinScanned), signs: [...signs.values()] };
    },
  };
}

function keyOf(error: AwsError): string {
  return JSON.stringify({ ...error, requestId: null, encodedMessage: null });
}

function joinScanned(a: ScannedError, b: ScannedError): ScannedError {
  const [first, last] = (a.firstSeen ?? "") <= (b.firstSeen ?? "") ? [a, b] : [b, a];
  return {
    ...a,
    requestId: last.requestId ?? first.requestId,
    count: a.count + b.count,
    firstSeen: first.firstSeen ?? last.firstSeen,
    lastSeen:
      [a.lastSeen, b.lastSeen]
        .filter((time) => time !== null)
        .sort()
        .at(-1) ?? null,
  };
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

/** The same error told with less; null: there is no less to tell. */
function coarserThan(error: AwsError, kindOnly: boolean): AwsError | null {
  const { kind, requestId, action, resource, principalArn } = error;
  if (!kindOnly) return resource === null ? null : { ...error, resource: null };
  if (action === null && resource === null && principalArn === null && error.sdk === null) return null;
  return {
    kind,
    requestId,
    principalArn: null,
    principalKind: "unknown",
    action: null,
    missingAction: null,
    resource: null,
    denyLayer: null,
    policyArn: null,
    sdk: null,
  };
}

/** Errors in the order in which they are told: by kind, then the most frequent. */
export function tellingFirst(errors: readonly ScannedError[]): readonly ScannedError[] {
  const order = ({ kind }: ScannedError) => awsErrorKinds.indexOf(kind);
  return [...errors].sort((a, b) => order(a) - order(b) || b.count - a.count);
}

function splitTime(line: string): { at: string | null; text: string } {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) ?/.exec(line);
  if (match?.[1] === undefined) return { at: null, text: line };
  return { at: timeOf(match[1]), text: line.slice(match[0].length) };
}

function timeOf(text: string | null): string | null {
  const time = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

/** The part around the error, not the banner before it. */
function excerptOf(text: string): string {
  const plain = redact(normalise(text)).trim();
  const sign = plain.search(/User: |not authorized|credentials|AccessDenied|Exception|expired|denied/i);
  const start =
    plain.length <= excerptLength || sign < 0
      ? 0
      : Math.max(0, Math.min(sign - 40, plain.length - excerptLength));
  const cut = [...plain.slice(start, start + excerptLength)].join("").toWellFormed();
  return `${start > 0 ? "…" : ""}${cut}${start + excerptLength < plain.length ? "…" : ""}`;
}
