import { startsEvent } from "./event-start.ts";
import { oneLine, plainLines } from "./normalise.ts";

/** Terminals that cut lines in the middle of words are seldom narrower. */
const narrowest = 60;

/** What one message of a logger wrote. */
export interface LogEvent {
  readonly lines: readonly string[];
  /** On one line. */
  readonly text: string;
  /** The same, if its lines were cut in the middle of words; null: they cannot have been. */
  readonly uncut: string | null;
}

/**
 * The events of a text. An event has as many lines as its message needed: a stack trace, a cause, the rest of a sentence
 * that was wrapped, and all lines of a program that has no logger. Linear in the text.
 */
export function eventsOf(text: string): readonly LogEvent[] {
  const events: LogEvent[] = [];
  let lines: string[] = [];
  for (const line of plainLines(text).split("\n")) {
    if (lines.length > 0 && startsEvent(line)) {
      events.push(eventOf(lines));
      lines = [];
    }
    lines.push(line);
  }
  events.push(eventOf(lines));
  return events;
}

function eventOf(lines: readonly string[]): LogEvent {
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
  return { lines, text, uncut: isCut ? oneLine(uncut) : null };
}
