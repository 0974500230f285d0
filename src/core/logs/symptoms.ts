import type { AwsErrorKind } from "./aws-error.ts";

/** The sentences by which SDKs and services tell of one kind of error. */
export interface Symptom {
  readonly kind: AwsErrorKind;
  /** Each stands for itself: a text that shows two of them tells of one error. */
  readonly patterns: readonly RegExp[];
}

/** An agent's address with a word that says that it did not serve. */
const agent = String.raw`(?:169\.254\.170\.23|\[?fd00:ec2::23\]?)`;
const trouble = String.raw`(?:timed? ?out|timeout|deadline|refused|unreachable|no route|reset|could not connect|bad request|forbidden|unauthorized|error|failed|\b(?:400|403|404|429|500|503)\b|not a valid container metadata service hostname)`;

/**
 * In any order; which is told first is for `awsErrorKinds` to say. The texts are those of the SDKs' sources and of AWS's
 * guides; each pattern is bounded, so that reading takes time in proportion to the text.
 */
export const symptoms: readonly Symptom[] = [
  {
    kind: "assume-role-web-identity-denied",
    patterns: [/not authorized to perform:? ?sts:AssumeRoleWithWebIdentity/gi],
  },
  {
    kind: "invalid-identity-token",
    patterns: [
      /InvalidIdentityToken/g,
      /IDPRejectedClaim/g,
      /IDPCommunicationError/g,
      /No OpenIDConnect provider found/g,
      /Incorrect token audience/g,
      /Couldn't retrieve verification key from your identity provider/g,
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
      /Service account token (?:cannot be (?:empty|parsed)|failed basic claim validations)/g,
      /Called agent through invalid address/g,
      /HTTP request to pod identity agent failed/g,
      /Error fetching credentials: .{0,200}(?:EKS Auth|AssumeRoleForPodIdentity)/g,
      new RegExp(`${agent}.{0,200}?${trouble}`, "gi"),
      new RegExp(`${trouble}.{0,120}?${agent}`, "gi"),
    ],
  },
  {
    kind: "expired-token",
    patterns: [
      /\bExpiredToken(?:Exception)?\b/g,
      /security token included in the request is expired/g,
      /Token expired: current date/g,
      /token included in the request is expired: current date/g,
      /The provided token has expired/g,
    ],
  },
  {
    kind: "bad-keys",
    patterns: [
      /InvalidClientTokenId/g,
      /UnrecognizedClientException/g,
      /InvalidAccessKeyId/g,
      /SignatureDoesNotMatch/g,
      /InvalidSignatureException/g,
      /IncompleteSignature/g,
      /RequestTimeTooSkewed/g,
      /security token included in the request is invalid/g,
      /AWS was not able to validate the provided access credentials/g,
      /AWS Access Key Id you provided does not exist/g,
    ],
  },
  {
    kind: "token-file",
    patterns: [
      /secrets\/(?:pods\.)?eks\.amazonaws\.com\/serviceaccount\/[\w-]{1,60}['"`]?:? ?(?:caused by: ?)?.{0,120}?(?:permission denied|no such file|is a directory|EACCES|ENOENT|EISDIR)/gi,
      /(?:EACCES|ENOENT|EISDIR|No such file or directory|Permission denied|Is a directory|FileNotFoundError|PermissionError).{0,120}?secrets\/(?:pods\.)?eks\.amazonaws\.com/gi,
      /MissingWebIdentityTokenFile/g,
      /token could not be loaded from the WebIdentityTokenFile/g,
      /Unreadable tokenfile at location|Error reading WebIdentityTokenFile/g,
      /failed to read webIdentityToken/g,
      /TokenFileWebIdentityCredentials\.load/g,
      /Auth token value is not a legal header value/g,
    ],
  },
  {
    kind: "no-credentials",
    patterns: [
      /Unable to load (?:AWS )?credentials from any/g,
      /Unable to locate credentials/gi,
      /NoCredentialProviders/g,
      /no EC2 IMDS role found/g,
      /Missing credentials in config/g,
      /Could not load credentials from any providers/g,
      /Credential is missing/g,
      /EC2 Metadata roleName request returned error/g,
      /Unable to get IAM security credentials/g,
      /MissingCredentialsError|unable to sign request without credentials set/g,
      /no valid credential sources/g,
      /Error retrieving credentials from the instance profile/g,
      /Provider returned no credentials/g,
      /no providers in chain provided credentials|provider failed to provide credentials/g,
      /MissingCredentials\b|CredentialsNotLoaded/g,
      /No (?:identity could be resolved|credentials could be loaded) from the chain/g,
      /Failed to resolve AWS credentials|Unable to find credentials/g,
      /NoAuthHandlerFound/g,
      /Partial credentials found in/g,
      /has no role ARN configured|role ARN is not set/g,
      /The config profile \([^)]{1,128}\) could not be found/g,
      /failed to get shared config profile/g,
      /WebIdentityErr: (?:failed fetching WebIdentity token|unable to read file)/g,
      // An SDK from before EKS Pod Identity refuses the agent's address, and so finds no credentials.
      /only loopback hosts are allowed/g,
      /did not refer to the loopback interface/g,
      /Unsupported host '?(?:169\.254\.170\.23|fd00:ec2::23)/g,
      /AWS_CONTAINER_CREDENTIALS_FULL_URI has an invalid host/g,
      /AWS_CONTAINER_CREDENTIALS_FULL_URI must use a loopback address/g,
      /contains an unsupported host/g,
      /Unsupported hostname: AWS\.RemoteCredentials/g,
    ],
  },
  {
    kind: "region-missing",
    patterns: [
      /MissingRegion/g,
      /Unable to load region from any/gi,
      /Unable to find a region via the region provider chain/gi,
      /You must specify a region/gi,
      /(?:AWS )?Region is missing/g,
      /Missing region in config/gi,
      /Invalid Configuration: Missing Region/g,
      /could not find region configuration/gi,
      /No RegionEndpoint or ServiceURL configured/g,
      /Region must be specified when not found in/gi,
      /missing required configuration options: :region/gi,
      /Missing required client configuration options: ?region|A "region" configuration value is required/gi,
    ],
  },
  {
    kind: "imds-unreachable",
    patterns: [
      /ec2imds.{0,200}?(?:deadline exceeded|timeout|canceled|refused|unreachable)/gi,
      /169\.254\.169\.254.{0,160}?(?:timed? ?out|timeout|refused|unreachable|deadline|no route|EHOSTDOWN)/gi,
      /(?:ETIMEDOUT|ECONNREFUSED|EHOSTUNREACH|EHOSTDOWN|timed? ?out|timeout).{0,80}?169\.254\.169\.254/gi,
      /SdkClientException: Failed to connect to service endpoint/g,
      /Unable to contact EC2 metadata service/g,
    ],
  },
  {
    kind: "throttled",
    patterns: [
      /ThrottlingException|ThrottledException/g,
      /Throttling\b.{0,40}?Rate exceeded/g,
      /RequestLimitExceeded/g,
      /TooManyRequestsException/g,
      /\((?:Throttling|SlowDown)\) when calling/g,
      /Code>(?:Throttling|SlowDown)</g,
      /api error (?:Throttling|SlowDown|TooManyRequests)/g,
    ],
  },
];

/** An SDK that refuses the agent's address has never asked the agent. */
export const refusesAgent =
  /only loopback hosts are allowed|did not refer to the loopback interface|Unsupported host '?(?:169\.254\.170\.23|fd00:ec2::23)|FULL_URI has an invalid host|must use a loopback address|contains an unsupported host|Unsupported hostname: AWS\.RemoteCredentials/;

/** What stands in logs of things that go well: an agent that forgets deleted pods, a chain that goes on. */
export const harmless = /Removing credentials from cache|provider in chain did not provide credentials/;

/** Refusals that name neither caller nor action. */
export const bareDenials: readonly RegExp[] = [
  /\bAccessDenied\b(?=[:)<'"]|\s*\(|\s*when|\s*$|\.\s)/g,
  /\bAccessDenied(?:Exception|Fault)\b/g,
  /\b(?:Client\.)?UnauthorizedOperation\b/g,
  /\bAuthorizationError(?:Exception)?\b(?=.{0,120}(?:SNS|sns|Topic|topic))/g,
  /S3Exception: (?:Access Denied|Forbidden)/g,
  /Service: (?:Amazon )?S3[,;].{0,40}Status Code: 403/g,
  /Error Code: 403 Forbidden/g,
  /\(403\) when calling the \w{2,60} operation: Forbidden/g,
  /Forbidden: Forbidden status code: 403/g,
  /api error (?:Forbidden|AccessDenied)/g,
  /\bs3:\/\/\S{1,200}.{0,60}(?:Access Denied|403 Forbidden)/gi,
  /(?:403 Forbidden|Access Denied).{0,60}(?:amazonaws\.com|s3:\/\/)/g,
  /amazonaws\.com\S{0,300}.{0,40}403 Forbidden/g,
  /Access to KMS is not allowed/g,
  /does not have permissions to manage VPC endpoints/g,
];

/** Systems that deny in words of their own, some of them AWS's. */
export const foreign =
  /system:(?:serviceaccount|node|anonymous|masters)[^\n]{0,200}cannot |is forbidden: User|TopicAuthorizationException|GroupAuthorizationException|ClusterAuthorizationException|AccessControlException|org\.mongodb|Mongo(?:Server)?Error|MongoCommandException|permission denied on resource|ACCESS_REFUSED|Access denied for user '|AuthorizationFailed|AADSTS|googleapis|storage\.cloud\.google|PERMISSION_DENIED|blob\.core\.windows/i;
