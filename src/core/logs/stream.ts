import { redact, redactAll } from "../redact.ts";
import { type AwsError, awsErrorKinds } from "./aws-error.ts";
import { normalise } from "./normalise.ts";
import { mayMatter, recognise } from "./recognise.ts";
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

/** A line may be of any length, but only so much of it is looked at. */
const maxLine = 65_536;
/** So many lines of text an error may have, and so many frames of a stack trace between them. */
const maxRecordLines = 12;
const maxFrames = 500;
const excerptLength = 300;
/** So many distinct errors are told one by one; what comes after them is told without its resource, then by its kind. */
const maxDistinct = 1_000;

/** Memory is bounded by the number of distinct errors, whatever the log. */
export function createLogScanner({ timestamps, signs: wanted = false }: LogScannerOptions): LogScanner {
  const errors = new Map<string, ScannedError>();
  const signs = new Map<LogSignId, ScannedSign>();
  let partial = "";
  let lines = 0;
  let record: { at: string | null; text: string; lines: number; frames: number } | null = null;

  function finishRecord(): void {
    if (record === null) return;
    const { at, text, lines } = record;
    record = null;
    // A failure that is told again as its own cause is still one.
    for (const { count, ...error } of recognise(text)) add(error, lines > 1 ? 1 : count, at, text);
    if (!wanted) return;
    for (const sign of signsIn(normalise(text))) {
      const before = signs.get(sign);
      signs.set(sign, {
        sign,
        count: (before?.count ?? 0) + 1,
        lastSeen: at ?? before?.lastSeen ?? null,
        excerpt: before?.excerpt ?? excerptOf(text),
      });
    }
  }

  function add(error: AwsError, count: number, at: string | null, text: string): void {
    const key = JSON.stringify({ ...error, requestId: null, encodedMessage: null });
    const before = errors.get(key);
    if (before === undefined && errors.size >= maxDistinct) {
      const coarser = coarserThan(error, errors.size >= 2 * maxDistinct);
      if (coarser !== null) {
        add(coarser, count, at, text);
        return;
      }
    }
    errors.set(key, {
      ...(before ?? redactAll(error)),
      // The newest request id is the one that CloudTrail still has.
      requestId: error.requestId ?? before?.requestId ?? null,
      count: (before?.count ?? 0) + count,
      firstSeen: before?.firstSeen ?? at,
      lastSeen: at ?? before?.lastSeen ?? null,
      excerpt: before?.excerpt ?? excerptOf(text),
    });
  }

  function line(whole: string): void {
    lines++;
    const { at, text } = timestamps ? splitTime(whole) : { at: null, text: whole };
    if (record !== null && /^\s+at /.test(text) && record.frames < maxFrames) {
      record.frames++;
      return;
    }
    if (record !== null && record.lines < maxRecordLines && continues(record.text, text)) {
      record = { ...record, text: `${record.text}\n${text}`, lines: record.lines + 1 };
      return;
    }
    finishRecord();
    if (mayMatter(text) || (wanted && mayShowSign(text))) record = { at, text, lines: 1, frames: 0 };
  }

  return {
    line: (text) => line(text.slice(0, maxLine)),
    get open() {
      return record !== null;
    },
    push(chunk) {
      const pieces = (partial + chunk).split("\n");
      partial = (pieces.pop() ?? "").slice(0, maxLine);
      for (const piece of pieces) line(piece.slice(0, maxLine));
    },
    end() {
      if (partial !== "") line(partial);
      partial = "";
      finishRecord();
      return { lines, errors: [...errors.values()], signs: [...signs.values()] };
    },
  };
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

/** A line goes on with the record before it: indented, a cause, or the rest of a sentence that was cut. */
function continues(before: string, line: string): boolean {
  if (/^(?:\s|Caused by|caused by|at |│|\.\.\. \d+ more)/.test(line)) return true;
  return /(?:perform:|on resource:|because no|with an explicit deny in an?|calling the \w+ operation:)\s*$/.test(
    before,
  );
}

function splitTime(line: string): { at: string | null; text: string } {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) ?/.exec(line);
  if (match?.[1] === undefined) return { at: null, text: line };
  return { at: new Date(Date.parse(match[1])).toISOString(), text: line.slice(match[0].length) };
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
