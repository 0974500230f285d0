import type { TrailEvent } from "../facts/trail.ts";
import type { AwsErrorKind } from "../logs/aws-error.ts";

const denied = /AccessDenied|Unauthorized(?:Operation|Access)|NotAuthorized|AuthorizationError|^Forbidden/;
const throttled = /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|^Rate/;
const expired = /ExpiredToken/;
const badKeys =
  /InvalidClientTokenId|UnrecognizedClient|InvalidAccessKeyId|SignatureDoesNotMatch|AuthFailure/;
const rejectedToken = /InvalidIdentityToken|^IDP/;

/**
 * What kind of identity error a recorded call failed with; null: it did not fail, or of something else. Services spell
 * their codes differently in CloudTrail and in their answers: `Client.UnauthorizedOperation`, `AccessDenied`.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export function errorKindOf({ errorCode, eventName }: TrailEvent): AwsErrorKind | null {
  if (errorCode === null) return null;
  if (throttled.test(errorCode)) return "throttled";
  // Whatever EKS Auth answers, the agent hands on to the application.
  if (eventName === "AssumeRoleForPodIdentity") return "pod-identity-agent-error";
  if (rejectedToken.test(errorCode)) return "invalid-identity-token";
  if (expired.test(errorCode)) return "expired-token";
  if (badKeys.test(errorCode)) return "bad-keys";
  if (!denied.test(errorCode)) return null;
  return eventName === "AssumeRoleWithWebIdentity" ? "assume-role-web-identity-denied" : "access-denied";
}

const prefixes: Readonly<Record<string, string>> = {
  monitoring: "cloudwatch",
  email: "ses",
  tagging: "tag",
};

/**
 * The IAM action of a recorded call, as far as names agree: services have their own name in an event's source, and some
 * actions have another name than the call (`s3:ListBucket` of ListObjects).
 */
export function actionOf({ eventSource, eventName }: TrailEvent): string {
  const service = eventSource.replace(/\.amazonaws\.com(?:\.cn)?$/, "");
  // Some calls carry their API version: ListFunctions20150331.
  return `${prefixes[service] ?? service}:${eventName.replace(/\d{8}(?:v\d)?$/, "")}`;
}
