import type { JsonValue } from "../../src/core/json.ts";
import type { AccountOptions, NewTrailRecord } from "./account.ts";
import type { Ids } from "./ids.ts";
import type { TrailEvent } from "./model.ts";
import type { TrailStores } from "./trail-stores.ts";

/** The services whose events are found in us-east-1 only, wherever the call came from. */
const globalSources = new Set([
  "iam.amazonaws.com",
  "organizations.amazonaws.com",
  "route53.amazonaws.com",
  "cloudfront.amazonaws.com",
]);

const historyMs = 90 * 24 * 60 * 60 * 1000;

export type LookupKey =
  | "EventId"
  | "EventName"
  | "ReadOnly"
  | "Username"
  | "ResourceType"
  | "ResourceName"
  | "EventSource"
  | "AccessKeyId";

export interface TrailLookup {
  readonly region: string;
  readonly attribute: { readonly key: LookupKey; readonly value: string } | null;
  /** Milliseconds since the epoch; null: no bound. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

export interface Trail {
  /** A call on data: kept by the stores whose rules name it, and never in the event history. */
  recordData(record: NewTrailRecord, resources: TrailEvent["resources"]): void;
  record(record: NewTrailRecord, resources?: TrailEvent["resources"]): TrailEvent;
  events(): readonly TrailEvent[];
  /** Newest first: what the event history of a Region shows now. */
  lookup(lookup: TrailLookup): readonly TrailEvent[];
}

/** The account's event history: management events of 90 days, late by `trailDelayMs`. */
export function createTrail(options: AccountOptions, ids: Ids, stores: TrailStores): Trail {
  const events: TrailEvent[] = [];

  function record(given: NewTrailRecord, resources?: TrailEvent["resources"]): TrailEvent {
    const event = eventOf(given, resources, "Management");
    events.push(event);
    stores.offer(event, []);
    return event;
  }

  function recordData(given: NewTrailRecord, resources: TrailEvent["resources"]): void {
    // Without a store the account keeps nothing of it, not even an id.
    if (stores.recorders().length === 0) return;
    const event = eventOf(given, resources, "Data");
    stores.offer(
      event,
      event.resources.map(({ type }) => type),
    );
  }

  function eventOf(
    given: NewTrailRecord,
    resources: TrailEvent["resources"] | undefined,
    category: "Management" | "Data",
  ): TrailEvent {
    const region = globalSources.has(given.eventSource)
      ? "us-east-1"
      : (textOf(given["awsRegion"]) ?? options.region);
    const complete = {
      eventVersion: "1.11",
      ...given,
      eventTime: wholeSeconds(textOf(given["eventTime"]) ?? options.now().toISOString()),
      awsRegion: region,
      requestID: textOf(given["requestID"]) ?? ids.uuid(),
      eventID: textOf(given["eventID"]) ?? ids.uuid(),
      readOnly: given["readOnly"] ?? true,
      eventType: given["eventType"] ?? "AwsApiCall",
      managementEvent: category === "Management",
      recipientAccountId: options.accountId,
      eventCategory: category,
    };
    const identity = objectOf(given["userIdentity"]);
    return {
      eventId: complete.eventID,
      eventTime: complete.eventTime,
      region,
      eventSource: given.eventSource,
      eventName: given.eventName,
      readOnly: complete.readOnly === true,
      username: usernameOf(identity),
      accessKeyId: textOf(identity["accessKeyId"]),
      resources: resources ?? resourcesOf(given["resources"]),
      errorCode: textOf(given["errorCode"]),
      requestId: complete.requestID,
      record: complete,
    };
  }

  function lookup({ region, attribute, fromMs, toMs }: TrailLookup): readonly TrailEvent[] {
    const nowMs = options.now().getTime();
    const visibleUntil = nowMs - (options.trailDelayMs ?? 0);
    return events
      .map((event, index) => ({ event, index, atMs: Date.parse(event.eventTime) }))
      .filter(
        ({ event, atMs }) =>
          event.region === region &&
          atMs <= visibleUntil &&
          atMs >= nowMs - historyMs &&
          atMs >= (fromMs ?? Number.NEGATIVE_INFINITY) &&
          atMs <= (toMs ?? Number.POSITIVE_INFINITY) &&
          (attribute === null || matches(event, attribute.key, attribute.value)),
      )
      .sort((a, b) => b.atMs - a.atMs || b.index - a.index)
      .map(({ event }) => event);
  }

  return { record, recordData, events: () => [...events], lookup };
}

function matches(event: TrailEvent, key: LookupKey, value: string): boolean {
  const found: Readonly<Record<LookupKey, readonly (string | null)[]>> = {
    EventId: [event.eventId],
    EventName: [event.eventName],
    ReadOnly: [String(event.readOnly)],
    Username: [event.username],
    ResourceType: event.resources.map((resource) => resource.type),
    ResourceName: event.resources.map((resource) => resource.name),
    EventSource: [event.eventSource],
    AccessKeyId: [event.accessKeyId],
  };
  return found[key].includes(value);
}

/** LookupEvents shows the session name of a role: the last part of the session's ARN. */
function usernameOf(identity: { readonly [key: string]: JsonValue }): string | null {
  const arn = textOf(identity["arn"]);
  if (identity["type"] === "AssumedRole" && arn !== null) return arn.slice(arn.lastIndexOf("/") + 1);
  return textOf(identity["userName"]);
}

function resourcesOf(value: JsonValue | undefined): TrailEvent["resources"] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: JsonValue) => {
    const resource = objectOf(entry);
    const name = textOf(resource["ARN"]) ?? textOf(resource["resourceName"]);
    const type = textOf(resource["type"]) ?? textOf(resource["resourceType"]);
    return name === null || type === null ? [] : [{ name, type }];
  });
}

function wholeSeconds(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 19)}Z`;
}

function textOf(value: JsonValue | undefined): string | null {
  return typeof value === "string" ? value : null;
}

function objectOf(value: JsonValue | undefined): { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as { readonly [key: string]: JsonValue })
    : {};
}
