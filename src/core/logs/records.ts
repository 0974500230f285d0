import { oneLine, plainLines } from "./normalise.ts";

const time = String.raw`\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d`;
const level = "(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL|CRITICAL|SEVERE)";
const bracketed = String.raw`\[ ?(?:${level}|trace|debug|info|notice|warn(?:ing)?|error|fatal|critical) ?\]`;

/**
 * How loggers begin a line: with a time (ISO, klog, syslog), a level, or the brace of an object. What a wrapped line goes
 * on with seldom looks like this, and little is lost where it does.
 */
const recordStart = new RegExp(
  String.raw`^\s*(?:\[?${time}|time=|ts=|level=|[IWEF]\d{4} \d\d:\d\d:\d\d|[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d|\d\d:\d\d:\d\d[.,]\d{3}|\{"|${bracketed}|${level}[: ]|(?:FATA|ERRO|WARN|INFO|DEBU)\[\d)`,
);

/** Terminals that cut lines in the middle of words are seldom narrower. */
const narrowest = 60;

/** What one message of a logger wrote, on one line. */
export interface LogRecord {
  readonly text: string;
  /** The same, if its lines were cut in the middle of words; null: they cannot have been. */
  readonly uncut: string | null;
}

/**
 * The records of a log. A record has as many lines as its message needed: a stack trace, a cause, the rest of a sentence
 * that was wrapped. Linear in the text.
 */
export function recordsOf(text: string): readonly LogRecord[] {
  const records: LogRecord[] = [];
  let lines: string[] = [];
  for (const line of plainLines(text).split("\n")) {
    if (lines.length > 0 && recordStart.test(line)) {
      records.push(recordOf(lines));
      lines = [];
    }
    lines.push(line);
  }
  records.push(recordOf(lines));
  return records;
}

function recordOf(lines: readonly string[]): LogRecord {
  const text = oneLine(lines.join(" "));
  let uncut = "";
  let isCut = false;
  let before = "";
  for (const line of lines) {
    const cut = before.length >= narrowest && /\w$/.test(before) && /^\w/.test(line);
    uncut += cut ? line : ` ${line}`;
    isCut ||= cut;
    before = line;
  }
  return { text, uncut: isCut ? oneLine(uncut) : null };
}
