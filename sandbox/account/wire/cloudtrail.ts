import type { ServedAccount } from "../create-account.ts";
import type { TrailEvent } from "../model.ts";
import type { LookupKey } from "../trail.ts";
import { lakeOperations } from "./cloudtrail-lake.ts";
import { jsonService } from "./json.ts";
import { AwsError, authorize, awsError, type Call, pageOf, type Service } from "./service.ts";

const keys: readonly LookupKey[] = [
  "EventId",
  "EventName",
  "ReadOnly",
  "Username",
  "ResourceType",
  "ResourceName",
  "EventSource",
  "AccessKeyId",
];

const pageLimit = 50;

/** CloudTrail in AWS JSON 1.1: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html */
export const cloudtrail = jsonService({
  name: "cloudtrail",
  operations: { LookupEvents: lookupEvents, ...lakeOperations },
});

interface LookupBody {
  readonly LookupAttributes?: readonly { readonly AttributeKey?: string; readonly AttributeValue?: string }[];
  readonly StartTime?: number;
  readonly EndTime?: number;
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

function lookupEvents(call: Call, body: LookupBody) {
  const { account, request, service } = call;
  limitRate(account, request.region, service);
  authorize(call, "cloudtrail:LookupEvents", "*", { shown: null });
  const attribute = attributeOf(body.LookupAttributes ?? []);
  const size = body.MaxResults ?? pageLimit;
  if (size < 1 || size > pageLimit) {
    throw new AwsError(400, "InvalidMaxResultsException", `MaxResults must be between 1 and ${pageLimit}.`);
  }
  const { StartTime: start = null, EndTime: end = null } = body;
  if (start !== null && end !== null && start > end) {
    throw new AwsError(400, "InvalidTimeRangeException", "The start time is after the end time.");
  }
  const events = account.trail.lookup({
    region: request.region,
    attribute,
    fromMs: start === null ? null : start * 1_000,
    toMs: end === null ? null : end * 1_000,
  });
  const { items, next } = pageOf(events, {
    token: body.NextToken ?? null,
    size,
    asked: JSON.stringify([attribute, start, end]),
    badToken: awsError(service.codes.badToken, "The NextToken does not belong to this request."),
  });
  return { Events: items.map(eventBody), ...(next === null ? {} : { NextToken: next }) };
}

function attributeOf(given: NonNullable<LookupBody["LookupAttributes"]>) {
  const [first] = given;
  if (first === undefined) return null;
  if (given.length > 1) {
    throw new AwsError(
      400,
      "ValidationException",
      "1 validation error detected: Value at 'lookupAttributes' failed to satisfy constraint: Member must have length less than or equal to 1",
    );
  }
  const key = keys.find((known) => known === first.AttributeKey);
  if (key === undefined || first.AttributeValue === undefined) {
    throw new AwsError(400, "InvalidLookupAttributesException", "The lookup attribute is not valid.");
  }
  return { key, value: first.AttributeValue };
}

function eventBody(event: TrailEvent) {
  return {
    EventId: event.eventId,
    EventName: event.eventName,
    ReadOnly: String(event.readOnly),
    ...(event.accessKeyId === null ? {} : { AccessKeyId: event.accessKeyId }),
    EventTime: Date.parse(event.eventTime) / 1_000,
    EventSource: event.eventSource,
    ...(event.username === null ? {} : { Username: event.username }),
    Resources: event.resources.map(({ type, name }) => ({ ResourceType: type, ResourceName: name })),
    CloudTrailEvent: JSON.stringify(event.record),
  };
}

const recent = new WeakMap<ServedAccount, Map<string, readonly number[]>>();

/** So many requests a second for each account and Region, whoever asks: by the wall clock, as its callers wait by it. */
function limitRate(account: ServedAccount, region: string, { codes }: Service): void {
  const byRegion = recent.get(account) ?? new Map<string, readonly number[]>();
  recent.set(account, byRegion);
  const now = performance.now();
  const lastSecond = (byRegion.get(region) ?? []).filter((at) => now - at < 1_000);
  if (lastSecond.length >= account.lookupsPerSecond) throw awsError(codes.throttled, "Rate exceeded");
  byRegion.set(region, [...lastSecond, now]);
}
