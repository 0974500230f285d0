import type { Unavailable } from "../../../core/evidence.ts";
import { CallFailure, timedOut } from "../outcome.ts";
import { createSharedCalls } from "./shared-calls.ts";

/** What was read, and the ISO time at which it was. */
export interface Read<T> {
  readonly value: T;
  readonly at: string;
}

/** What is read, and for whom else an answer or a refusal holds. */
export interface ReadOf {
  /** The IAM action, of which a timeout is said. */
  readonly permission: string;
  /** Of what; two reads of the same are one. */
  readonly of: string;
  /** A service that looks at the action alone refuses it for everything. */
  readonly refusedFor: "this" | "everything";
}

/** Reads, or answers what was lately read or refused. @throws CallFailure */
export type OptionalReads<T> = (
  what: ReadOf,
  signal: AbortSignal,
  read: (signal: AbortSignal) => Promise<T>,
) => Promise<Read<T>>;

const keptForMs = { answers: 60_000, refusals: 300_000 };

/**
 * Reads of evidence that eksiam can do without, and that an account may never allow it: a refusal is remembered for some
 * minutes, so that an audit does not ask again for each workload. Answers are kept for a minute, unless told otherwise;
 * what is asked at once is asked once.
 */
export function createOptionalReads<T>(
  clock: () => string,
  { answersForMs = keptForMs.answers, refusalsForMs = keptForMs.refusals } = {},
): OptionalReads<T> {
  const shared = createSharedCalls<Read<T>>({ clock, keptForMs: answersForMs });
  const refusals = new Map<string, { readonly unavailable: Unavailable; readonly untilMs: number }>();

  function remember(key: string, unavailable: Unavailable): void {
    const nowMs = Date.parse(clock());
    for (const [old, { untilMs }] of refusals) if (untilMs <= nowMs) refusals.delete(old);
    refusals.set(key, { unavailable, untilMs: nowMs + refusalsForMs });
  }

  return async ({ permission, of, refusedFor }, signal, read) => {
    const key = `${permission} ${of}`;
    const refusalKey = refusedFor === "this" ? key : permission;
    const refused = refusals.get(refusalKey);
    if (refused !== undefined && Date.parse(clock()) < refused.untilMs) {
      throw new CallFailure(refused.unavailable);
    }
    try {
      return await shared(key, signal, async (sharedSignal) => {
        const at = clock();
        return { value: await read(sharedSignal), at };
      });
    } catch (error) {
      if (error instanceof CallFailure) {
        if (error.unavailable.reason === "access-denied") remember(refusalKey, error.unavailable);
        throw error;
      }
      throw signal.aborted ? timedOut(permission) : error;
    }
  };
}

/** What `load` gives, loaded once and only when it is asked for; a failure is not kept. */
export function lazily<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | null = null;
  return () => {
    loaded ??= load().catch((error: unknown) => {
      loaded = null;
      throw error;
    });
    return loaded;
  };
}
