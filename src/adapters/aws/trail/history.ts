import { LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { z } from "zod";
import type { RateLimiter } from "../../../app/ports.ts";
import type { Lookup } from "../../../core/trail/wanted.ts";
import type { AwsClients } from "../clients.ts";
import { CallFailure, call, timedOut } from "../outcome.ts";
import { createSharedCalls } from "../reading/shared-calls.ts";
import { type TrailCache, throughCache } from "./cache.ts";
import { createTally, type TrailAnswer } from "./store.ts";

const pageSchema = z.object({
  Events: z.array(z.object({ CloudTrailEvent: z.string().optional() })),
  NextToken: z.string().optional(),
});

const maxPages = 4;

/**
 * Event history: one attribute a lookup, 50 events a page, two requests a second in an account and Region. Workloads that
 * need the same lookup at once share it, and processes for some seconds: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 * Permission: cloudtrail:LookupEvents.
 */
export function createTrailHistory(
  clients: AwsClients,
  limiter: RateLimiter,
  clock: () => string,
  cache: TrailCache | null,
) {
  const shared = createSharedCalls<TrailAnswer>();

  async function lookUp(lookup: Lookup, from: Date, signal: AbortSignal): Promise<TrailAnswer> {
    const to = clock();
    const tally = createTally("cloudtrail:LookupEvents");
    let token: string | undefined;
    for (let page = 0; page < maxPages; page++) {
      await limiter.take(lookup.region, signal).catch(() => {
        throw outOfTime();
      });
      const command = new LookupEventsCommand({
        LookupAttributes: [{ AttributeKey: lookup.key, AttributeValue: lookup.value }],
        StartTime: from,
        EndTime: new Date(to),
        ...(token === undefined ? {} : { NextToken: token }),
      });
      const send = () => clients.cloudtrail(lookup.region).send(command, { abortSignal: signal });
      const answer = await call("cloudtrail:LookupEvents", send, pageSchema, signal);
      for (const { CloudTrailEvent } of answer?.Events ?? []) tally.add(CloudTrailEvent);
      token = answer?.NextToken;
      if (token === undefined) return tally.answer(to, true);
    }
    return tally.answer(to, false);
  }

  return function lookUpOnce(lookup: Lookup, from: Date, signal: AbortSignal): Promise<TrailAnswer> {
    const key = [lookup.region, lookup.key, lookup.value, from.toISOString()].join(" ");
    const look = (sharedSignal: AbortSignal) =>
      throughCache(cache, key, () => lookUp(lookup, from, sharedSignal));
    return shared(key, signal, look).catch((error) => {
      throw error instanceof CallFailure || !signal.aborted ? error : outOfTime();
    });
  };
}

function outOfTime(): CallFailure {
  return timedOut(
    "cloudtrail:LookupEvents",
    "no answer before the deadline: AWS allows two lookups a second, and others wait for theirs too",
  );
}
