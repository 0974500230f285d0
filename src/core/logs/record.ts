import { mayMatter, recognise } from "./recognise.ts";

/** A line without what a container runtime, Compose or kubectl wrote before it. */
export interface LogLine {
  /** The runtime's time; null: it writes none, or another. */
  readonly at: string | null;
  readonly text: string;
  /** The runtime cut the line here: the next one goes on with it. */
  readonly cut: boolean;
}

/** https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md */
const criLine = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) std(?:out|err) ([FP]) /;
const toolPrefix = /^(?:[\w.-]{1,80} {1,20}\| ?|\[pod\/[\w./-]{1,300}\] )/;
const colours = /^(?:\u001b\[[0-9;?]{0,32}[A-Za-z])+/;

/** Takes off what was written before a line, so that what belongs together is seen to. */
export function unwrapLine(line: string): LogLine {
  const cri = criLine.exec(line);
  if (cri !== null) return { at: cri[1] ?? null, text: line.slice(cri[0].length), cut: cri[2] === "P" };
  if (line.startsWith('{"log":"')) {
    const docker = dockerLine(line);
    if (docker !== null) return docker;
  }
  return { at: null, text: line.replace(toolPrefix, "").replace(colours, ""), cut: false };
}

/** https://docs.docker.com/engine/logging/drivers/json-file/ */
function dockerLine(line: string): LogLine | null {
  try {
    const { log, time } = JSON.parse(line) as { log: unknown; time?: unknown };
    if (typeof log !== "string" || typeof time !== "string") return null;
    return { at: time, text: log.replace(/\r?\n$/, ""), cut: !log.endsWith("\n") };
  } catch {
    return null;
  }
}

/** What has been seen of a failure that takes several lines. */
export interface OpenRecord {
  readonly first: string;
  readonly last: string;
  readonly text: string;
}

const cause = /^\s*(?:caused by|at |\.\.\. \d+ (?:more|common)|--->|--- End of)/i;

/** Loggers begin each event with a time, a level, or an object. */
const event =
  /^\s*(?:\[?\d{2,4}[-/.:]\d\d|[IWEF]\d{4} |[{[]|<\d|(?:time|ts|level|lvl|t|at|msg)=|(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|FATAL|CRITICAL|PANIC)\b|(?:debug|info|warn|warning|error|fatal):|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b)/;

/** A line ends so where a sentence about an error goes on in the next one. */
const openEnd =
  /(?:[:,(]|\b(?:is|not|to|on|no|an?|the|in|with|because|when|calling|authorized|perform|explicit|resource|from|any|of|and|or|for|by))$/;

/** A line begins so where it goes on with such a sentence. */
const openStart =
  /^\s*(?:(?:is )?not authorized to|authorized to perform|to perform|perform:|on resource|resource:|because (?:no|it)|no (?:identity|resource|session|service|permissions|VPC)|(?:identity|resource)-based policy|(?:with )?an? explicit deny|explicit deny|deny in an?|policy allows|allows the|the [\w-]+:\w+ action|action\b|[a-z0-9-]+:[A-Z]\w+ (?:on resource|because|with an)|status code: \d|request id)/i;

/** So long are lines at least that something wrapped. */
const wrapWidth = 40;
/** Longer lines were not wrapped by anything. */
export const longestWrapped = 4_096;

/**
 * Does a line belong to the failure before it? Certainly so where it is indented, tells a cause, or ends a sentence;
 * where it only could, it does unless it tells the same failure again: that is another one.
 */
export function goesOn(record: OpenRecord, line: string): boolean {
  if (isBoxed(line)) return isBoxed(record.first);
  if (line.trim() === "") return false;
  if (cause.test(line) || indentOf(line) > indentOf(record.first)) return true;
  if (event.test(line)) return false;
  if (isUnfinished(record.last, line) || namesCaller(record, line) || hasOpenText(record)) return true;
  const isSibling = indentOf(line) > 0 && indentOf(line) === indentOf(record.first);
  return (
    ((isSibling && record.last.length <= longestWrapped) || isWrapped(record.last, line)) &&
    !tellsAgain(record.text, line)
  );
}

/** Does an error that is found in a line begin in the line before? */
export function leadsInto(before: string, line: string): boolean {
  if (before.length > longestWrapped) return false;
  if (isBoxed(line)) return isBoxed(before);
  if (before.trim() === "" || event.test(line)) return false;
  return isUnfinished(before, line) || (isWrapped(before, line) && recognise(line).length === 0);
}

function isUnfinished(before: string, line: string): boolean {
  return (
    (before.length <= longestWrapped && openEnd.test(before.slice(-40).trimEnd())) || openStart.test(line)
  );
}

/** An object on one line that was wrapped: the text of one of its fields has not ended. */
function hasOpenText({ text }: OpenRecord): boolean {
  if (!text.includes('{"') || text.length > longestWrapped) return false;
  let isOpen = false;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') isOpen = !isOpen;
  }
  return isOpen;
}

/** Ruby and consoles write the name of an error in a line of its own, and then who was refused. */
function namesCaller({ last, text }: OpenRecord, line: string): boolean {
  return (
    /^\s*User ?: \S/.test(line) && /denied|unauthorized|forbidden/i.test(last) && !/\bUser ?: /.test(text)
  );
}

function isWrapped(before: string, line: string): boolean {
  return before.length >= wrapWidth && before.length <= longestWrapped && /^[a-z("'`*]/.test(line);
}

function tellsAgain(text: string, line: string): boolean {
  if (!mayMatter(line)) return false;
  const told = new Set(recognise(text).map(identityOf));
  return recognise(line).some((error) => told.has(identityOf(error)));
}

function identityOf({ kind, action, resource, principalArn }: ReturnType<typeof recognise>[number]): string {
  return JSON.stringify([kind, action, resource, principalArn]);
}

/** Terraform draws a line down the left of what belongs together. */
function isBoxed(line: string): boolean {
  return /^\s*[│┃]/.test(line);
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
