import type { AwsErrorKind } from "./aws-error.ts";
import { noCredentials } from "./no-credentials.ts";

/** The sentences by which SDKs and services tell of one kind of error. */
export interface Symptom {
  readonly kind: AwsErrorKind;
  /** Each stands for itself: a text that shows two of them tells of one error. */
  readonly patterns: readonly RegExp[];
}

/** An agent's address with a word that says that it did not serve. */
const agent = String.raw`(?:169\.254\.170\.23|\[?fd00:ec2::23\]?)`;
const trouble = String.raw`(?:timed? ?out|timeout|deadline|refused|unreachable|no route|reset|could not connect|bad request|forbidden|unauthorized|error|failed|\b(?:400|403|404|429|500|503)\b|not a valid container metadata service hostname)`;

/** The instance metadata service, with a word that says that nothing came back. */
const imds = String.raw`(?:169\.254\.169\.(?:254|[x*]{1,3})|fd00:ec2::254)`;
const silence =
  "(?:timed? ?out|timeout|refused|unreachable|deadline|no route|EHOSTDOWN|ETIMEDOUT|ECONNREFUSED|EHOSTUNREACH)";

/**
 * In any order; which is told first is for `awsErrorKinds` to say. The texts are those of the SDKs' sources and of AWS's
 * guides; each pattern is bounded, so that reading takes time in proportion to the text.
 */
export const symptoms: readonly Symptom[] = [
  {
    kind: "assume-role-web-identity-denied",
    patterns: [
      /not authorized to perform:? ?sts:AssumeRoleWithWebIdentity/gi,
      // CloudTrail's own words for it.
      /"eventName": ?"AssumeRoleWithWebIdentity".{0,600}?"errorCode": ?"AccessDenied/g,
      /"errorCode": ?"AccessDenied.{0,600}?"eventName": ?"AssumeRoleWithWebIdentity"/g,
    ],
  },
  {
    kind: "invalid-identity-token",
    patterns: [
      /\bInvalidIdentityToken\b/g,
      /\bInvalidIdentityTokenException\b/g,
      /\bIDPRejectedClaim/g,
      /\bIDPCommunicationError/g,
      /No OpenIDConnect provider found/g,
      /Incorrect token audience/g,
      /Couldn't retrieve verification key from your identity provider/g,
      /web identity token provided could not be validated/g,
      /HTTPS certificate doesn't match configured thumbprint/g,
    ],
  },
  {
    kind: "pod-identity-agent-error",
    patterns: [
      /EKS does not have permissions to assume the associated role/g,
      /when retrieving credentials from container-role: /g,
      /from container metadata: |retrieve container metadata: |container metadata after attempt/g,
      /ContainerCredentialsProvider(?:\(\))?: Failed to load credentials from metadata service/g,
      /Error retrieving credentials? from (?:ECS|container metadata)/g,
      /Non-success status from HTTP credential provider/g,
      /Service account token (?:cannot be (?:empty|parsed)|failed basic claim validations)/g,
      /Called agent through invalid address/g,
      /HTTP request to pod identity agent failed/g,
      // What the agent hands on of EKS Auth's answer
      /\[[0-9a-f]{8}-[0-9a-f-]{27}\]: \(\w{5,40}Exception\): .{0,300}?fault: (?:client|server)/g,
      /Error fetching credentials: .{0,200}(?:EKS Auth|AssumeRoleForPodIdentity)/g,
      new RegExp(`${agent}.{0,200}?${trouble}`, "gi"),
      new RegExp(`${trouble}.{0,120}?${agent}`, "gi"),
    ],
  },
  {
    kind: "expired-token",
    patterns: [
      /\bExpiredToken\b/g,
      /\bExpiredTokenException\b/g,
      /security token included in the request is expired/g,
      /Token expired: current date/g,
      /token included in the request is expired: current date/g,
      /The provided token has expired/g,
      // ECR's own token, https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors-docker.html
      /\bdenied: Your authorization token has expired/gi,
    ],
  },
  {
    kind: "bad-keys",
    patterns: [
      /\bInvalidClientTokenId/g,
      /\bUnrecognizedClientException/g,
      /\bInvalidAccessKeyId/g,
      /\bSignatureDoesNotMatch/g,
      /\bInvalidSignatureException/g,
      /\bIncompleteSignature/g,
      /\bRequestTimeTooSkewed/g,
      /\bRequestExpired\b/g,
      /Signature expired: \d{8}T\d{6}Z is now earlier than/g,
      /Signature not yet current: \d{8}T\d{6}Z/g,
      /security token included in the request is invalid/g,
      /AWS was not able to validate the provided access credentials/g,
      /Access Key Id you provided does not exist in our records/g,
      /AWS Error (?:INVALID_ACCESS_KEY_ID|INVALID_CLIENT_TOKEN_ID|SIGNATURE_DOES_NOT_MATCH|UNRECOGNIZED_CLIENT)/g,
      /a non-empty Access Key \(AKID\) must be provided/g,
      /The provided token is malformed or otherwise invalid/g,
      /request signature we calculated does not match the signature you provided/g,
    ],
  },
  {
    kind: "token-file",
    patterns: [
      /secrets\/(?:pods\.)?eks\.amazonaws\.com\/serviceaccount\/[\w-]{1,60}['"`]?:? ?(?:caused by: ?)?.{0,120}?(?:permission denied|is denied|no such file|is a directory|EACCES|ENOENT|EISDIR)/gi,
      /(?:EACCES|ENOENT|EISDIR|No such file or directory|Permission denied|Is a directory|FileNotFoundError|PermissionError|NoSuchFileException|FileNotFoundException|java\.nio\.file\.AccessDeniedException|Could not find file|unable to (?:locate|read) specified web identity token file).{0,120}?secrets\/(?:pods\.)?eks\.amazonaws\.com/gi,
      /MissingWebIdentityTokenFile/g,
      /token could not be loaded from the WebIdentityTokenFile/g,
      /Unreadable tokenfile at location|Error reading WebIdentityTokenFile/g,
      /failed to read webIdentityToken/g,
      /TokenFileWebIdentityCredentials\.load/g,
      /unable to (?:read|(?:locate|read) specified) web identity token file/gi,
      /Auth token value is not a legal header value/g,
    ],
  },
  noCredentials,
  {
    kind: "region-missing",
    patterns: [
      /MissingRegion/g,
      /\bNoRegionError/g,
      /Unable to load region from any/gi,
      /Unable to find a region via the region provider chain/gi,
      /You must specify a region/gi,
      /(?:AWS )?Region is missing/g,
      /Missing region in config/gi,
      /Invalid Configuration: Missing Region/g,
      /an AWS region is required, but was not found/g,
      /unable to auto detect AWS region/gi,
      /could not find region configuration/gi,
      /No RegionEndpoint or ServiceURL configured/g,
      /Region must be specified when not found in/gi,
      /No region was provided\. Configure the `?:region/gi,
      /missing required configuration options: :region/gi,
      /Missing required client configuration options: ?region|A "region" configuration value is required/gi,
    ],
  },
  {
    kind: "imds-unreachable",
    patterns: [
      /ec2imds.{0,200}?(?:deadline exceeded|timeout|canceled|refused|unreachable)/gi,
      new RegExp(`${imds}.{0,160}?${silence}`, "gi"),
      new RegExp(`${silence}.{0,80}?${imds}`, "gi"),
      /SdkClientException: Failed to connect to service endpoint/g,
      /Unable to contact EC2 metadata service/g,
      // https://curl.se/libcurl/c/libcurl-errors.html: no connection, no answer in time
      /instance profile metadata ser(?:ver|vice)\. ?\(cURL error (?:6|7|28|52|56)\b/g,
    ],
  },
  {
    kind: "throttled",
    patterns: [
      /\b(?:EC2)?Thrott(?:ling|led)Exception/g,
      /Throttling\b.{0,40}?Rate exceeded/g,
      /\bRequestLimitExceeded/g,
      /\bTooManyRequestsException/g,
      /\((?:Throttling|SlowDown)\) when calling/g,
      /Code>(?:Throttling|SlowDown)</g,
      /api error (?:Throttling|SlowDown|TooManyRequests)/g,
      /AWS Error (?:THROTTLING|SLOW_DOWN)/g,
      /Error Code: (?:Throttling|SlowDown)\b/g,
      /Rate exceeded \(Service: /g,
      /Please reduce your request rate/g,
    ],
  },
];
