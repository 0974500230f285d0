import { LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { z } from "zod";
import type { CollectContext, Collectors, RateLimiter } from "../../app/ports.ts";
import type { TrailEvent } from "../../core/evidence.ts";
import { parseArn } from "../../core/iam/arn.ts";
import { injectedInto, known, roleAnnotation } from "../../core/identity.ts";
import { redact } from "../../core/redact.ts";
import type { AwsClients } from "./clients.ts";
import { CallFailure, call, observing, timedOut } from "./outcome.ts";
import { seen } from "./prerequisite.ts";
import { createSharedCalls } from "./shared-calls.ts";

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? null);
const recordSchema = z.object({
  eventID: z.string(),
  eventTime: z.string(),
  awsRegion: z.string().default(""),
  eventSource: z.string(),
  eventName: z.string(),
  errorCode: text,
  errorMessage: text,
  requestID: text,
  userAgent: text,
  userIdentity: z.object({ type: text, arn: text, userName: text }).nullish(),
  requestParameters: z.object({ roleArn: text }).nullish().catch(null),
  resources: z.array(z.object({ ARN: text })).nullish(),
});
const pageSchema = z.object({
  Events: z.array(z.object({ CloudTrailEvent: z.string().optional() })),
  NextToken: z.string().optional(),
});

interface LookupAnswer {
  /** When the lookup began: what happened later is not in it. */
  readonly to: string;
  readonly events: readonly TrailEvent[];
  readonly complete: boolean;
}

interface Lookup {
  readonly region: string;
  readonly key: "ResourceName" | "Username";
  readonly value: string;
}

const maxPages = 4;
const maxNodes = 1;

/**
 * Event history around the workload: the failed assumptions of its role, the agent's failed calls for its cluster,
 * and what a node was denied on which its pods run without an identity. One attribute a lookup, 50 events a page, two
 * requests a second; workloads that need the same lookup at once share it:
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 * Permission: cloudtrail:LookupEvents.
 */
export function createTrailCollector(
  clients: AwsClients,
  limiter: RateLimiter,
  clock: () => string,
): Pick<Collectors, "cloudtrail.events"> {
  const shared = createSharedCalls<LookupAnswer>();

  async function lookUp(lookup: Lookup, from: Date, signal: AbortSignal): Promise<LookupAnswer> {
    const to = clock();
    const events: TrailEvent[] = [];
    let unreadable = 0;
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
      for (const { CloudTrailEvent } of answer?.Events ?? []) {
        const event = readEvent(CloudTrailEvent);
        if (event === null) unreadable += 1;
        // Only failures matter; there is no lookup attribute for them.
        else if (event.errorCode !== null) events.push(event);
      }
      token = answer?.NextToken;
      if (token === undefined) return { to, events, complete: unreadable === 0 };
    }
    return { to, events, complete: false };
  }

  function lookUpOnce(lookup: Lookup, from: Date, signal: AbortSignal): Promise<LookupAnswer> {
    const key = [lookup.region, lookup.key, lookup.value, from.toISOString()].join(" ");
    return shared(key, signal, (sharedSignal) => lookUp(lookup, from, sharedSignal)).catch((error) => {
      throw error instanceof CallFailure || !signal.aborted ? error : outOfTime();
    });
  }

  return {
    "cloudtrail.events": {
      kind: "cloudtrail.events",
      group: "cloudtrail",
      after: ["k8s.pods", "k8s.nodes", "k8s.service-account", "eks.association"],
      collect: (context) =>
        observing(async () => {
          const at = clock();
          const from = windowStart(at, context.question.sinceSeconds);
          const lookups = lookupsFor(context, clients.region);
          const answers = await Promise.all(
            lookups.map((lookup) => lookUpOnce(lookup, from, context.signal)),
          );
          const events = new Map(
            answers.flatMap((answer) => answer.events).map((event) => [event.eventId, event]),
          );
          return {
            status: "found",
            source: "cloudtrail:LookupEvents",
            at,
            value: {
              from: from.toISOString(),
              to: [at, ...answers.map((answer) => answer.to)].sort()[0] ?? at,
              regions: [...new Set(lookups.map((lookup) => lookup.region))],
              lookups: lookups.map(({ key, value, region }) => `${key}=${value} in ${region}`),
              events: [...events.values()].sort((a, b) =>
                a.at === b.at ? (a.eventId < b.eventId ? -1 : 1) : a.at < b.at ? 1 : -1,
              ),
              complete: answers.every((answer) => answer.complete),
            },
          };
        }),
    },
  };
}

/** Whole minutes, so that questions of the same minute look for the same. */
function windowStart(at: string, sinceSeconds: number): Date {
  const minute = 60_000;
  return new Date(Math.floor((Date.parse(at) - sinceSeconds * 1_000) / minute) * minute);
}

function outOfTime(): CallFailure {
  return timedOut(
    "cloudtrail:LookupEvents",
    "no answer before the deadline: AWS allows two lookups a second, and others wait for theirs too",
  );
}

/**
 * What to look up, by what the workload is configured to do.
 * @throws CallFailure where that could not be seen: lookups that were not made find nothing.
 */
function lookupsFor(context: CollectContext, region: string): readonly Lookup[] {
  const { evidence, question } = context;
  const lookups: Lookup[] = [];
  const association = seen(context, "eks.association");
  const serviceAccount = seen(context, "k8s.service-account");
  const roleArn =
    serviceAccount.status === "found" ? serviceAccount.value.annotations[roleAnnotation]?.trim() : undefined;
  if (roleArn) {
    // STS's global endpoint writes to us-east-1, wherever the caller is; other partitions have no such endpoint.
    const regions = new Set(parseArn(roleArn)?.partition === "aws" ? [region, "us-east-1"] : [region]);
    for (const where of regions) lookups.push({ region: where, key: "ResourceName", value: roleArn });
  }
  if (association.status === "found") {
    lookups.push({ region, key: "ResourceName", value: question.cluster });
  }
  const pods = known(evidence["k8s.pods"])?.pods ?? [];
  const uninjected = pods.filter((pod) =>
    pod.containers.some((one) => !one.init && injectedInto(one).mechanism === "none"),
  );
  const nodes = (known(evidence["k8s.nodes"]) ?? []).filter((node) =>
    uninjected.some((pod) => pod.nodeName === node.name),
  );
  // Whoever has no identity of its own calls as its node, whose session is named by the instance.
  const instances = nodes.flatMap((node) => node.instanceId ?? []);
  for (const value of instances.slice(0, maxNodes)) lookups.push({ region, key: "Username", value });
  return lookups;
}

/** The event, or null where it cannot be read: the rest of the page still counts. */
function readEvent(json: string | undefined): TrailEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(json ?? "");
  } catch {
    return null;
  }
  const parsed = recordSchema.safeParse(value);
  if (!parsed.success) return null;
  const event = parsed.data;
  return {
    eventId: event.eventID,
    at: event.eventTime,
    region: event.awsRegion,
    eventSource: event.eventSource,
    eventName: event.eventName,
    errorCode: event.errorCode,
    errorMessage: event.errorMessage === null ? null : redact(event.errorMessage).slice(0, 500),
    requestId: event.requestID,
    userAgent: event.userAgent === null ? null : redact(event.userAgent).slice(0, 200),
    identityType: event.userIdentity?.type ?? null,
    principalArn: event.userIdentity?.arn ?? null,
    userName: event.userIdentity?.userName ?? null,
    requestedRoleArn: event.requestParameters?.roleArn ?? null,
    resources: (event.resources ?? []).flatMap((resource) => resource.ARN ?? []),
  };
}
