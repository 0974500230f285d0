import type { EventSelector, TrailEvent, TrailSession } from "../../../core/facts/trail.ts";
import type { WantedCalls } from "../../../core/trail/wanted.ts";
import { failedCall } from "../outcome.ts";
import { readRecord } from "./record.ts";

/** What one look at recorded calls found. */
export interface TrailAnswer {
  /** When the look began: what happened later is not in it. */
  readonly to: string;
  /** Failed calls. */
  readonly events: readonly TrailEvent[];
  readonly sessions: readonly TrailSession[];
  /** False where there was more, or something that cannot be read. */
  readonly complete: boolean;
}

/** A place where a trail or an event data store keeps recorded calls, other than event history. */
export interface TrailStore {
  readonly region: string;
  /** What it records; null: that may not be read. */
  selectors(signal: AbortSignal): Promise<readonly EventSelector[] | null>;
  /** What the last ones of these calls were, from a whole minute on. @throws CallFailure where it cannot be asked. */
  find(wanted: WantedCalls, from: Date, signal: AbortSignal): Promise<TrailAnswer>;
}

/**
 * Sorts records out as they come in. `answer` throws CallFailure where there were records and none could be read: that
 * says nothing of what happened.
 * @param source who gave them.
 */
export function createTally(source: string) {
  const events: TrailEvent[] = [];
  const sessions: TrailSession[] = [];
  let unreadable = 0;
  let readable = 0;
  return {
    add(json: string | undefined): void {
      const read = readRecord(json);
      if (read.type === "unreadable") unreadable += 1;
      else readable += 1;
      // Of the rest only failures matter.
      if (read.type === "failure") events.push(read.event);
      else if (read.type === "session") sessions.push(read.session);
    },
    answer(to: string, complete: boolean): TrailAnswer {
      if (unreadable > 0 && readable === 0)
        throw failedCall(source, "malformed answer: no record can be read");
      return { to, events, sessions, complete: complete && unreadable === 0 };
    },
  };
}
