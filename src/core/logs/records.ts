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

/** Terminals that cut lines at their width are seldom narrower. */
const narrowest = 60;

/**
 * The records of a log, each on one line. A record is what one message of a logger wrote, on as many lines as it needed:
 * a stack trace, a cause, the rest of a sentence that was wrapped. Linear in the text.
 */
export function recordsOf(text: string): readonly string[] {
  const lines = plainLines(text).split("\n");
  const width = wrapWidth(lines);
  const records: string[] = [];
  let current = "";
  let before = "";
  for (const line of lines) {
    if (recordStart.test(line)) {
      if (current !== "") records.push(oneLine(current));
      current = line;
    } else {
      const cut = before.length === width && /\w$/.test(before) && /^\w/.test(line);
      current = current === "" ? line : `${current}${cut ? "" : " "}${line}`;
    }
    before = line;
  }
  if (current.trim() !== "") records.push(oneLine(current));
  return records;
}

/** The width at which a terminal cut the lines, in the middle of words; -1: it did not. */
function wrapWidth(lines: readonly string[]): number {
  const longest = lines.reduce((most, { length }) => Math.max(most, length), 0);
  const isCut = lines.some(
    (line, at) =>
      line.length === longest &&
      lines[at + 1]?.length === longest &&
      lines[at + 1] !== line &&
      lines[at + 2] !== undefined,
  );
  return isCut && longest >= narrowest ? longest : -1;
}
