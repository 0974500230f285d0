import { awsErrorKinds } from "./aws-error.ts";
import { eventsOf, type LogEvent } from "./events.ts";
import { createFailureReader, identityOf, tellings } from "./failures.ts";
import { errorsIn, mayMatter, type RecognisedError, requestIdsIn } from "./grammar.ts";
import { foreign, foreignMetadata, harmless } from "./not-iam.ts";
import { toldOnce } from "./told-once.ts";

/** A line that is longer is many events that lack their line ends. */
const longestEvent = 16_384;

/**
 * Finds AWS credential and authorization errors in a log, most telling first. The grammar is that of
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html and of the SDKs' own messages. Takes
 * one event or many; each is judged for itself, by all of its lines, and an error counts as often as its lines tell of a
 * failure. Empty: the text shows no such error.
 */
export function recognise(text: string): readonly RecognisedError[] {
  return inOrder(eventsOf(text).flatMap((event) => counted(event, event.text.length > longestEvent)));
}

/** The same for a part of a line that holds any number of events: each telling counts. */
export function recogniseAll(text: string): readonly RecognisedError[] {
  return inOrder(eventsOf(text).flatMap((event) => counted(event, true)));
}

function inOrder(errors: readonly RecognisedError[]): readonly RecognisedError[] {
  const order = ({ kind }: RecognisedError) => awsErrorKinds.indexOf(kind);
  return toldOnce(errors, add).sort((a, b) => order(a) - order(b));
}

function add(a: RecognisedError, b: RecognisedError): RecognisedError {
  return { ...a, count: a.count + b.count, requestId: a.requestId ?? b.requestId };
}

function counted(event: LogEvent, isMany: boolean): readonly RecognisedError[] {
  const errors = errorsOf(event);
  if (errors.length === 0 || (isMany && event.lines.length === 1)) return errors;
  const told = toldOnce(errors, add);
  if (told.every(({ count }) => count === 1)) return told;
  const failures = event.lines.length === 1 ? null : failuresIn(event.lines);
  // A line of one event tells a failure in several fields; several failures have ids of their own.
  const ids = failures === null ? requestIdsIn(event.text) : 0;
  return told.map((error) => {
    const times = failures === null ? ids : (failures.get(identityOf(error)) ?? 0);
    return { ...error, count: Math.max(1, Math.min(error.count, times)) };
  });
}

function errorsOf({ text, uncut }: LogEvent): readonly RecognisedError[] {
  const errors = mayMatter(text) ? errorsIn(text) : [];
  if (errors.length > 0 || uncut === null || !mayMatter(uncut)) return errors;
  // What was not put together again may be what tells that nothing is wrong.
  return [harmless, foreign, foreignMetadata].some((sign) => sign.test(text)) ? [] : errorsIn(uncut);
}

/** In how many failures each error is told, by its identity. */
function failuresIn(lines: readonly string[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  const reader = createFailureReader(mayMatter, ({ text, lines }) => {
    const isMany = lines === 1 && text.length > longestEvent;
    for (const [key, count] of tellings(text)) times.set(key, (times.get(key) ?? 0) + (isMany ? count : 1));
  });
  for (const line of lines) reader.line(null, line);
  reader.end();
  return times;
}
