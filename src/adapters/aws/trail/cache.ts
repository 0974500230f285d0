import { z } from "zod";
import type { AnswerCache } from "../../../app/ports.ts";
import type { TrailEvent, TrailSession } from "../../../core/facts/trail.ts";
import { redactAll } from "../../../core/redact.ts";
import type { TrailAnswer } from "./store.ts";

/** Long enough for the other workloads of the same audit and cluster; the answer says until when it reaches. */
const keptForMs = 15_000;

/** What other processes may have lately looked up, and for whom: the same names mean other things in another account. */
export interface TrailCache {
  readonly answers: AnswerCache;
  /** The role that is assumed to look; null: the process's own credentials. */
  readonly roleArn: string | null;
}

const storedSchema = z.object({
  to: z.string(),
  events: z.array(z.looseObject({ eventId: z.string(), at: z.string() })),
  sessions: z.array(z.looseObject({ sessionArn: z.string(), at: z.string() })),
});

/** Looks, unless somebody lately did and saw everything. */
export async function throughCache(
  cache: TrailCache | null,
  asked: string,
  look: () => Promise<TrailAnswer>,
): Promise<TrailAnswer> {
  if (cache === null) return look();
  const key = JSON.stringify(["cloudtrail", cache.roleArn, asked]);
  const kept = read(await cache.answers.get(key));
  if (kept !== null) return kept;
  const answer = await look();
  if (answer.complete) await cache.answers.put(key, JSON.stringify(redactAll(answer)), keptForMs);
  return answer;
}

/** Null: nothing is kept, or it is of another version. */
function read(text: string | null): TrailAnswer | null {
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = storedSchema.safeParse(value);
  if (!parsed.success) return null;
  const { to, events, sessions } = parsed.data;
  // Written by a process like this one, from what it had read through its own schema.
  return {
    to,
    events: events as unknown as readonly TrailEvent[],
    sessions: sessions as unknown as readonly TrailSession[],
    complete: true,
  };
}
