import { z } from "zod";
import type { TrailEvent, TrailSession } from "../../../core/facts/trail.ts";
import { redact } from "../../../core/redact.ts";

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? null);

const sessionContextSchema = z.object({
  sessionIssuer: z.object({ arn: text }).nullish().catch(null),
  webIdFederationData: z.object({ federatedProvider: text }).nullish().catch(null),
  ec2RoleDelivery: text.catch(null),
});
const identitySchema = z.object({
  type: text,
  arn: text,
  userName: text,
  identityProvider: text,
  invokedBy: text,
  sessionContext: sessionContextSchema.nullish().catch(null),
});
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
  userIdentity: identitySchema.nullish(),
  requestParameters: z
    .object({
      roleArn: text,
      tags: z
        .array(z.object({ key: z.string(), value: z.string() }))
        .nullish()
        .catch(null),
    })
    .nullish()
    .catch(null),
  responseElements: z
    .object({
      assumedRoleUser: z.object({ arn: text }).nullish().catch(null),
      subjectFromWebIdentityToken: text.catch(null),
    })
    .nullish()
    .catch(null),
  resources: z.array(z.object({ ARN: text })).nullish(),
  managementEvent: z.boolean().nullish().catch(null),
  eventCategory: text.catch(null),
});

type Parsed = z.output<typeof recordSchema>;

/** A record of CloudTrail: a failed call, a session that was given out, or what interests nobody. */
export type ReadRecord =
  | { readonly type: "failure"; readonly event: TrailEvent }
  | { readonly type: "session"; readonly session: TrailSession }
  | { readonly type: "other" }
  /** It cannot be read; the others around it still count. */
  | { readonly type: "unreadable" };

/** Access keys are never kept, and messages are redacted here and cut. */
export function readRecord(json: string | undefined): ReadRecord {
  const parsed = recordSchema.safeParse(jsonOf(json ?? ""));
  if (!parsed.success) return { type: "unreadable" };
  if (parsed.data.errorCode !== null) return { type: "failure", event: eventOf(parsed.data) };
  const session = sessionOf(parsed.data);
  return session === null ? { type: "other" } : { type: "session", session };
}

function eventOf(record: Parsed): TrailEvent {
  const identity = record.userIdentity ?? null;
  const context = identity?.sessionContext ?? null;
  return {
    eventId: record.eventID,
    at: record.eventTime,
    region: record.awsRegion,
    eventSource: record.eventSource,
    eventName: record.eventName,
    errorCode: record.errorCode,
    errorMessage: record.errorMessage === null ? null : redact(record.errorMessage).slice(0, 500),
    requestId: record.requestID,
    userAgent: shortAgent(record.userAgent),
    identityType: identity?.type ?? null,
    principalArn: identity?.arn ?? null,
    userName: identity?.userName ?? null,
    requestedRoleArn: record.requestParameters?.roleArn ?? null,
    resources: (record.resources ?? []).flatMap(({ ARN }) => ARN ?? []),
    identity: {
      issuerArn: context?.sessionIssuer?.arn ?? null,
      ec2RoleDelivery: context?.ec2RoleDelivery ?? null,
      federatedProvider: context?.webIdFederationData?.federatedProvider ?? null,
      identityProvider: identity?.identityProvider ?? null,
      invokedBy: identity?.invokedBy ?? null,
    },
    dataEvent: record.managementEvent === false || record.eventCategory === "Data",
  };
}

/** Null: the call gave out no session. */
function sessionOf(record: Parsed): TrailSession | null {
  const sessionArn = record.responseElements?.assumedRoleUser?.arn ?? null;
  if (record.eventSource !== "sts.amazonaws.com" || sessionArn === null) return null;
  const webIdentity = record.eventName === "AssumeRoleWithWebIdentity";
  const told = record.responseElements?.subjectFromWebIdentityToken ?? record.userIdentity?.userName ?? null;
  return {
    sessionArn,
    roleArn: record.requestParameters?.roleArn ?? null,
    at: record.eventTime,
    subject: webIdentity ? told : null,
    pod: record.userIdentity?.invokedBy === "pods.eks.amazonaws.com" ? podOf(record) : null,
    userAgent: shortAgent(record.userAgent),
  };
}

/** https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html. Null: the association's tags are off. */
function podOf({ requestParameters }: Parsed): TrailSession["pod"] {
  const tags = new Map((requestParameters?.tags ?? []).map(({ key, value }) => [key, value]));
  const name = tags.get("kubernetes-pod-name");
  const namespace = tags.get("kubernetes-namespace");
  const cluster = tags.get("eks-cluster-name");
  if (name === undefined || namespace === undefined || cluster === undefined) return null;
  return {
    cluster,
    namespace,
    name,
    serviceAccount: tags.get("kubernetes-service-account") ?? "",
    uid: tags.get("kubernetes-pod-uid") ?? "",
  };
}

function shortAgent(userAgent: string | null): string | null {
  return userAgent === null ? null : redact(userAgent).slice(0, 200);
}

function jsonOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
