const time = String.raw`\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d`;
const level = "(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL|CRITICAL|SEVERE)";
const bracketed = String.raw`\[ ?(?:${level}|trace|debug|info|notice|warn(?:ing)?|error|fatal|critical) ?\]`;

const surely = new RegExp(
  String.raw`^\s*(?:\[?${time}|time=|ts=|level=|[IWEF]\d{4} \d\d:\d\d:\d\d|[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d|\d\d:\d\d:\d\d[.,]\d{3}|\{"|${bracketed}|${level}[: ]|(?:FATA|ERRO|WARN|INFO|DEBU)\[\d)`,
);

const perhaps =
  /^\s*(?:\[?\d{2,4}[-/.:]\d\d|[IWEF]\d{4} |[{[]|<\d|(?:time|ts|level|lvl|t|at|msg)=|(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|PANIC)\b|(?:debug|info|warn|warning|error|fatal):|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b)/;

/**
 * Does a logger surely begin here: with a time (ISO, klog, syslog), a level, or the brace of an object? What a wrapped
 * line goes on with seldom looks like this, and little is lost where it does.
 */
export function startsEvent(line: string): boolean {
  return surely.test(line);
}

/** Could a logger begin here? Asked where lines that do not belong to a failure do more harm than lines that are missing. */
export function mayStartEvent(line: string): boolean {
  return perhaps.test(line);
}
