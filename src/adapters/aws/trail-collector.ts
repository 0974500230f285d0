import { LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { z } from "zod";
import type { CollectContext, Collectors } from "../../app/ports.ts";
import type { TrailEvent } from "../../core/evidence.ts";
import { injectedInto, known, roleAnnotation } from "../../core/identity.ts";
import { redact } from "../../core/redact.ts";
import type { AwsClients } from "./clients.ts";
import { CallFailure, call, observing } from "./outcome.ts";
import type { RateLimiter } from "./rate-limiter.ts";

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
  Events: z.array(z.object({ CloudTrailEvent: z.string().optional() })).default([]),
  NextToken: z.string().optional(),
});

interface Lookup {
  readonly region: string;
  readonly key: "ResourceName" | "Username";
  readonly value: string;
}

const maxPages = 4;
const maxNodes = 1;

/**
 * Event history around the workload: the failed assumptions of its role, the agent's failed calls for its cluster,
 * and what a node was denied on which its pods run without an identity. One attribute a lookup, 50 events a page, two requests a second:
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 * Permission: cloudtrail:LookupEvents.
 */
export function createTrailCollector(
  clients: AwsClients,
  limiter: RateLimiter,
  clock: () => string,
): Pick<Collectors, "cloudtrail.events"> {
  async function lookUp(lookup: Lookup, from: Date, to: Date, signal: AbortSignal) {
    const events: TrailEvent[] = [];
    let token: string | undefined;
    for (let page = 0; page < maxPages; page++) {
      await limiter.take(lookup.region, signal).catch(() => {
        throw new CallFailure({
          status: "unavailable",
          reason: "timeout",
          source: "cloudtrail:LookupEvents",
          detail: "two lookups a second are allowed, and the deadline came before their turn",
        });
      });
      const command = new LookupEventsCommand({
        LookupAttributes: [{ AttributeKey: lookup.key, AttributeValue: lookup.value }],
        StartTime: from,
        EndTime: to,
        ...(token === undefined ? {} : { NextToken: token }),
      });
      const send = () => clients.cloudtrail(lookup.region).send(command, { abortSignal: signal });
      const answer = await call("cloudtrail:LookupEvents", send, pageSchema, signal);
      events.push(...(answer?.Events ?? []).flatMap((event) => failedEvent(event.CloudTrailEvent)));
      token = answer?.NextToken;
      if (token === undefined) return { events, complete: true };
    }
    return { events, complete: false };
  }

  return {
    "cloudtrail.events": {
      kind: "cloudtrail.events",
      group: "cloudtrail",
      after: ["k8s.pods", "k8s.nodes", "k8s.service-account", "eks.association"],
      collect: (context) =>
        observing(async () => {
          const at = clock();
          const to = new Date(at);
          const from = new Date(to.getTime() - context.question.sinceSeconds * 1_000);
          const lookups = lookupsFor(context, clients.region);
          const answers = await Promise.all(
            lookups.map((lookup) => lookUp(lookup, from, to, context.signal)),
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
              to: to.toISOString(),
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

/** What to look up, by what the workload is configured to do. */
function lookupsFor({ evidence, question }: CollectContext, region: string): readonly Lookup[] {
  const lookups: Lookup[] = [];
  const roleArn = known(evidence["k8s.service-account"])?.annotations[roleAnnotation];
  if (roleArn !== undefined) {
    // STS's global endpoint writes to us-east-1, wherever the caller is.
    for (const where of new Set([region, "us-east-1"]))
      lookups.push({ region: where, key: "ResourceName", value: roleArn });
  }
  if (known(evidence["eks.association"]) !== null) {
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

/** Only failures matter. An event that cannot be read is passed over: the rest of the page still counts. */
function failedEvent(json: string | undefined): readonly TrailEvent[] {
  let value: unknown;
  try {
    value = JSON.parse(json ?? "");
  } catch {
    return [];
  }
  const parsed = recordSchema.safeParse(value);
  if (!parsed.success || parsed.data.errorCode === null) return [];
  const event = parsed.data;
  return [
    {
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
    },
  ];
}
