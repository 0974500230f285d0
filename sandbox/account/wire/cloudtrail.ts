import type { ServedAccount } from "../create-account.ts";
import type { TrailEvent } from "../model.ts";
import type { LookupKey } from "../trail.ts";
import { AwsError, authorize, type Call, pageOf, type Service } from "./service.ts";

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

/** CloudTrail in AWS JSON 1.1: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html */
export const cloudtrail: Service = {
  contentType: "application/x-amz-json-1.1",
  unknownKeyCode: "UnrecognizedClientException",
  operationOf: ({ headers }) => String(headers["x-amz-target"] ?? "").split(".")[1] ?? "Unknown",
  answer(call) {
    if (call.operation !== "LookupEvents") throw new AwsError(400, "UnknownOperationException", "");
    return { status: 200, body: JSON.stringify(lookupEvents(call)) };
  },
  refuse: ({ status, code, message }) => ({ status, body: JSON.stringify({ __type: code, message }) }),
};

interface LookupBody {
  readonly LookupAttributes?: readonly { readonly AttributeKey?: string; readonly AttributeValue?: string }[];
  readonly StartTime?: number;
  readonly EndTime?: number;
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

function lookupEvents(call: Call) {
  authorize(call, "cloudtrail:LookupEvents", "*");
  limitRate(call.account, call.request.region);
  const body = JSON.parse(call.request.body || "{}") as LookupBody;
  const attributes = body.LookupAttributes ?? [];
  if (attributes.length > 1) {
    throw new AwsError(400, "InvalidLookupAttributesException", "You can specify only one lookup attribute.");
  }
  const given = attributes[0];
  const key = keys.find((known) => known === given?.AttributeKey);
  if (given !== undefined && (key === undefined || given.AttributeValue === undefined)) {
    throw new AwsError(400, "InvalidLookupAttributesException", "The lookup attribute is not valid.");
  }
  const size = body.MaxResults ?? 50;
  if (size < 1 || size > 50) throw new AwsError(400, "InvalidMaxResultsException", "MaxResults is 1 to 50.");
  const events = call.account.trail.lookup({
    region: call.request.region,
    attribute: key === undefined ? null : { key, value: given?.AttributeValue ?? "" },
    fromMs: body.StartTime === undefined ? null : body.StartTime * 1_000,
    toMs: body.EndTime === undefined ? null : body.EndTime * 1_000,
  });
  const { items, next } = pageOf(events, body.NextToken ?? null, size);
  return { Events: items.map(eventBody), ...(next === null ? {} : { NextToken: next }) };
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

/** Two requests a second for each account and Region, whoever asks. */
const recent = new WeakMap<ServedAccount, Map<string, number[]>>();

function limitRate(account: ServedAccount, region: string): void {
  const byRegion = recent.get(account) ?? new Map<string, number[]>();
  recent.set(account, byRegion);
  const now = performance.now();
  const lastSecond = (byRegion.get(region) ?? []).filter((at) => now - at < 1_000);
  if (lastSecond.length >= 2) throw new AwsError(400, "ThrottlingException", "Rate exceeded");
  byRegion.set(region, [...lastSecond, now]);
}
