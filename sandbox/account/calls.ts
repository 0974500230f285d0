import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { JsonValue } from "../../src/core/json.ts";
import type { AccountOptions } from "./account.ts";
import { decide, type Guards } from "./decisions.ts";
import type { Ids } from "./ids.ts";
import type { Refusal } from "./model.ts";
import type { Principal } from "./principals.ts";
import type { Trail } from "./trail.ts";

/** How a service words a refusal: its error code and HTTP status. */
const accessDeniedOf: Readonly<Record<string, { readonly code: string; readonly status: number }>> = {
  s3: { code: "AccessDenied", status: 403 },
  ec2: { code: "UnauthorizedOperation", status: 403 },
  iam: { code: "AccessDenied", status: 403 },
  sts: { code: "AccessDenied", status: 403 },
  sqs: { code: "AccessDenied", status: 403 },
  sns: { code: "AuthorizationError", status: 403 },
  cloudwatch: { code: "AccessDenied", status: 403 },
  cloudformation: { code: "AccessDenied", status: 403 },
  autoscaling: { code: "AccessDenied", status: 403 },
  elasticloadbalancing: { code: "AccessDenied", status: 403 },
  eks: { code: "AccessDeniedException", status: 403 },
  lambda: { code: "AccessDeniedException", status: 403 },
  bedrock: { code: "AccessDeniedException", status: 403 },
};

/** Services of the JSON protocols answer with 400. */
const jsonAccessDenied = { code: "AccessDeniedException", status: 400 };

/**
 * Data events, which event history never shows.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
 */
const dataEvents: readonly (readonly [RegExp, resourceType: string])[] = [
  [/^dynamodb:(GetRecords|GetShardIterator)$/, "AWS::DynamoDB::Stream"],
  [
    /^dynamodb:(Query|Scan|GetItem|PutItem|UpdateItem|DeleteItem|BatchGetItem|BatchWriteItem|ConditionCheckItem|TransactGetItems|TransactWriteItems|PartiQL\w+)$/,
    "AWS::DynamoDB::Table",
  ],
  [
    /^s3:(GetObject\w*|PutObject\w*|DeleteObject\w*|ListBucket|ListBucketVersions|HeadObject|CopyObject|AbortMultipartUpload|ListMultipartUploadParts|RestoreObject)$/,
    "AWS::S3::Object",
  ],
  [/^lambda:Invoke\w*$/, "AWS::Lambda::Function"],
  [/^sqs:(SendMessage\w*|ReceiveMessage|DeleteMessage\w*|ChangeMessageVisibility\w*)$/, "AWS::SQS::Queue"],
  [/^sns:Publish\w*$/, "AWS::SNS::Topic"],
  [/^kinesis:SubscribeToShard$/, "AWS::Kinesis::StreamConsumer"],
  [/^kinesis:(PutRecords?|GetRecords|GetShardIterator)$/, "AWS::Kinesis::Stream"],
  [/^firehose:PutRecord\w*$/, "AWS::KinesisFirehose::DeliveryStream"],
  [/^cloudwatch:PutMetricData$/, "AWS::CloudWatch::Metric"],
  [/^appconfig:GetLatestConfiguration$/, "AWS::AppConfig::Configuration"],
  [/^ses:Send\w+$/, "AWS::SES::EmailIdentity"],
  [/^rds-data:\w+$/, "AWS::RDS::DBCluster"],
  [
    /^ssm:(CreateControlChannel|OpenControlChannel|RequestManagedInstanceRoleToken)$/,
    "AWS::SSM::ManagedNode",
  ],
];

const eventSourceOf: Readonly<Record<string, string>> = {
  cloudwatch: "monitoring.amazonaws.com",
  "eks-auth": "eks-auth.amazonaws.com",
};

export interface CallRequest {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, readonly string[]>>;
  readonly userAgent?: string;
  /** The resource as the service's messages name it, where that is not its ARN; null: they name none. */
  readonly shownResource?: string | null;
  /** The VPC that the call comes from: its endpoints are on the way. */
  readonly vpcId?: string | null;
  /** The Region that it is signed for, and sent to unless an endpoint is named; the account's by default. */
  readonly region?: string;
  readonly endpoint?: string;
  /** Of `sts:AssumeRole`; an hour by default. */
  readonly durationSeconds?: number;
  /** How far the caller's clock is ahead. */
  readonly clockSkewMs?: number;
}

/** What a call came to: nothing to say, or how it was refused. */
export interface Outcome {
  readonly requestId: string;
  readonly refusal: Refusal | null;
}

export interface Calls {
  authorize(principal: Principal, request: CallRequest): Outcome;
  /** Records what the trail would hold of a call; nothing for a data event. */
  record(
    principal: Principal,
    request: CallRequest,
    outcome: Outcome,
    facts?: {
      readonly region?: string;
      readonly requestParameters?: JsonValue;
      readonly responseElements?: JsonValue;
      readonly resources?: readonly { readonly type: string; readonly name: string }[];
    },
  ): void;
  readOnly(action: string): boolean;
}

/** Decides calls by the policies that they meet and keeps the trail of them. */
export function createCalls(options: AccountOptions, ids: Ids, trail: Trail, guards: Guards): Calls {
  function authorize(principal: Principal, request: CallRequest): Outcome {
    const service = serviceOf(request.action);
    const requestId = ids.requestId(service);
    const decision = decide(principal, request, { region: options.region, now: options.now(), guards });
    if (decision.allowed) return { requestId, refusal: null };
    const own = decision.action === request.action;
    const shown = own && request.shownResource !== undefined ? request.shownResource : decision.resource;
    const quoted = own && service === "s3";
    const on = shown === null ? "" : ` on resource: ${quoted ? `"${shown}"` : shown}`;
    const sentence =
      service === "s3" && decision.outside
        ? "Access Denied"
        : `User: ${principal.arn} is not authorized to perform: ${decision.action}${on} ${decision.because}`;
    const { code, status } = accessDeniedOf[service] ?? jsonAccessDenied;
    const message =
      service === "ec2"
        ? `You are not authorized to perform this operation. ${encodedReason(principal, request, decision) ?? sentence}`
        : sentence;
    return { requestId, refusal: { ok: false, status, code, message, requestId } };
  }

  return {
    authorize,
    readOnly: isReadOnly,
    record(principal, request, outcome, facts = {}) {
      const dataType = dataEvents.find(([pattern]) => pattern.test(request.action))?.[1];
      const service = serviceOf(request.action);
      const { refusal, requestId } = outcome;
      const record = {
        userIdentity: principal.userIdentity,
        eventSource: eventSourceOf[service] ?? `${service}.amazonaws.com`,
        eventName: request.action.slice(request.action.indexOf(":") + 1),
        ...(facts.region === undefined ? {} : { awsRegion: facts.region }),
        sourceIPAddress: "192.0.2.10",
        userAgent: request.userAgent ?? "aws-sdk",
        ...(refusal === null
          ? {}
          : {
              errorCode: service === "ec2" ? `Client.${refusal.code}` : trailCode(refusal.code),
              errorMessage: refusal.message,
            }),
        requestParameters: facts.requestParameters ?? null,
        responseElements: refusal === null ? (facts.responseElements ?? null) : null,
        requestID: requestId,
        readOnly: isReadOnly(request.action),
      };
      if (dataType === undefined) {
        trail.record(record, facts.resources);
        return;
      }
      const { accountId } = options;
      const resources = [{ accountId, type: dataType, ARN: request.resource }];
      trail.recordData({ ...record, resources }, [{ type: dataType, name: request.resource }]);
    },
  };
}

/** What EC2 says in place of the sentence when it refuses a change; null: it is none. https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html */
function encodedReason(
  { arn, userId }: Principal,
  { action, resource }: CallRequest,
  { because }: { readonly because: string },
): string | null {
  if (isReadOnly(action)) return null;
  const encoded = encodeDenial({
    allowed: false,
    explicitDeny: because.includes("explicit deny"),
    matchedStatements: { items: [] },
    context: { principal: { id: userId, arn }, action, resource, conditions: { items: [] } },
  });
  return `Encoded authorization failure message: ${encoded}`;
}

/** An encoded authorization message; here it is only packed, and nobody has to keep it secret. */
export function encodeDenial(denial: JsonValue): string {
  return deflateRawSync(JSON.stringify(denial)).toString("base64url");
}

/** The text of an encoded message; null: it is none. */
export function decodeDenial(encoded: string): string | null {
  try {
    const text = inflateRawSync(Buffer.from(encoded, "base64url")).toString();
    JSON.parse(text);
    return text;
  } catch {
    return null;
  }
}

/** CloudTrail has its own spelling of codes: most services' denials in short, IAM's missing entities at length. */
function trailCode(code: string): string {
  if (code === "NoSuchEntity") return "NoSuchEntityException";
  return code === "AccessDeniedException" ? "AccessDenied" : code;
}

function serviceOf(action: string): string {
  return action.slice(0, action.indexOf(":"));
}

function isReadOnly(action: string): boolean {
  return /:(Get|List|Describe|Lookup|Head|Query|Scan|BatchGet|Decrypt|Assume|Simulate)/.test(action);
}
