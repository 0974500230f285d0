import { redact, redactAll } from "../redact.ts";
import { type AwsError, awsErrorKinds } from "./aws-error.ts";
import { normalise } from "./normalise.ts";
import { mayMatter, recognise } from "./recognise.ts";
import { goesOn, leadsInto, longestWrapped, type OpenRecord, unwrapLine } from "./record.ts";
import { type LogSignId, mayShowSign, signsIn } from "./signs.ts";

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

/** A line may be of any length, but only so much of it, and of all lines of one error, is looked at. */
const maxLine = 65_536;
/** So many lines an error may have, and so many frames of a stack trace between them. */
const maxRecordLines = 40;
const maxFrames = 500;
/** The first frames show whose SDK it is. */
const keptFrames = 3;
/** So many lines before the one in which an error is found may belong to it. */
export const linesBefore = 3;
const excerptLength = 300;
/** A line that is longer is many events that lack their line ends. */
const longestEvent = 16_384;
/** So many distinct errors are told one by one; what comes after them is told without its resource, then by its kind. */
const maxDistinct = 1_000;

interface Record extends OpenRecord {
  readonly at: string | null;
  readonly lines: number;
  readonly frames: number;
}

/** Memory is bounded by the number of distinct errors, whatever the log. */
export function createLogScanner({ timestamps, signs: wanted = false }: LogScannerOptions): LogScanner {
  const errors = new Map<string, ScannedError>();
  const signs = new Map<LogSignId, ScannedSign>();
  let partial = "";
  let lines = 0;
  let record: Record | null = null;
  /** What a runtime has cut off a line that is not whole yet. */
  let cutOff = "";
  /** The last lines in which nothing was found. */
  let before: readonly string[] = [];

  function finishRecord(): void {
    if (record === null) return;
    const { at, text, lines } = record;
    record = null;
    // A failure that is told again as its own cause, or in another field of the same event, is still one.
    const isOne = lines > 1 || text.length <= longestEvent;
    for (const { count, ...error } of recognise(text)) add(error, isOne ? 1 : count, at, text);
    if (!wanted) return;
    for (const sign of signsIn(normalise(text))) {
      const known = signs.get(sign);
      signs.set(sign, {
        sign,
        count: (known?.count ?? 0) + 1,
        lastSeen: at ?? known?.lastSeen ?? null,
        excerpt: known?.excerpt ?? excerptOf(text),
      });
    }
  }

  function add(error: AwsError, count: number, at: string | null, text: string): void {
    const key = JSON.stringify({ ...error, requestId: null, encodedMessage: null });
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

  function line(whole: string): void {
    lines++;
    const { at, text: stamped } = timestamps ? splitTime(whole) : { at: null, text: whole };
    const unwrapped = unwrapLine(stamped);
    const text = (cutOff + unwrapped.text).slice(0, maxLine);
    cutOff = unwrapped.cut ? text : "";
    if (!unwrapped.cut) event(at ?? timeOf(unwrapped.at), text);
  }

  /** One line as it was written by the program. */
  function event(at: string | null, text: string): void {
    if (record !== null && /^\s+at /.test(text) && record.frames < maxFrames) {
      const kept = record.frames < keptFrames ? joined(record.text, text) : record.text;
      record = { ...record, text: kept, frames: record.frames + 1 };
      return;
    }
    const isFull = record !== null && (record.lines >= maxRecordLines || record.text.length >= maxLine);
    if (record !== null && !isFull && goesOn(record, text)) {
      record = { ...record, last: text, text: joined(record.text, text), lines: record.lines + 1 };
      return;
    }
    finishRecord();
    if (!mayMatter(text) && !(wanted && mayShowSign(text))) {
      before = [...before.slice(1 - linesBefore), text.length > longestWrapped ? "" : text];
      return;
    }
    record = { at, first: text, last: text, text, lines: 1, frames: 0 };
    for (const earlier of before.toReversed()) {
      if (!leadsInto(earlier, record.first)) break;
      record = { ...record, first: earlier, text: joined(earlier, record.text), lines: record.lines + 1 };
    }
    before = [];
  }

  return {
    line: (text) => line(text.slice(0, maxLine)),
    get open() {
      return record !== null || cutOff !== "";
    },
    push(chunk) {
      const pieces = (partial + chunk).split("\n");
      partial = (pieces.pop() ?? "").slice(0, maxLine);
      for (const piece of pieces) line(withoutReturn(piece).slice(0, maxLine));
    },
    end() {
      if (partial !== "") line(withoutReturn(partial));
      partial = "";
      if (cutOff !== "") event(null, cutOff);
      cutOff = "";
      finishRecord();
      before = [];
      return { lines, errors: [...errors.values()], signs: [...signs.values()] };
    },
  };
}

function joined(text: string, line: string): string {
  return text.length >= maxLine ? text : `${text}\n${line}`.slice(0, maxLine);
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
