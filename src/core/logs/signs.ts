/**
 * Sentences in logs that narrow a fault down further than the kind of an AWS error does, and refusals of systems that
 * no IAM policy decides. Each is a fact about the text alone; what it means for a workload is for the rules.
 */
export const logSigns = {
  /** https://github.com/aws/eks-pod-identity-agent */
  "agent-role-not-assumable": /EKS does not have permissions to assume the associated role/i,
  "agent-unreachable":
    /(?:169\.254\.170\.23|\[fd00:ec2::23\]).{0,160}(?:timed? ?out|deadline exceeded|refused|unreachable|no route|could not connect)|(?:timed? ?out|timeout|could not connect).{0,120}(?:169\.254\.170\.23|\[fd00:ec2::23\])/i,
  "agent-wrong-address": /Called agent through invalid address/i,
  "agent-token-empty": /Service account token cannot be empty/i,
  "agent-token-malformed":
    /Service account token cannot be parsed|Service account token failed basic claim validations/i,
  "agent-client-gave-up": /StatusCode: 0, RequestID: ?, canceled/i,
  "agent-throttled":
    /(?:container metadata|169\.254\.170\.23|AssumeRoleForPodIdentity).{0,200}(?:429|Too Many Requests|ThrottlingException)/i,
  /** Newest and oldest releases of the JavaScript SDK say the same, so it proves no age. */
  "agent-hostname-complaint": /169\.254\.170\.23 is not a valid container metadata service hostname/i,
  "sdk-refuses-agent-address":
    /only loopback hosts are allowed|did not refer to the loopback interface|Unsupported host '?(?:169\.254\.170\.23|fd00:ec2::23)|contained? with(?:in|ing) environment variable AWS_CONTAINER_CREDENTIALS_FULL_URI has an invalid host|AWS_CONTAINER_CREDENTIALS_FULL_URI must use a loopback address|contains an unsupported host|Unsupported hostname: AWS\.RemoteCredentials/i,
  "token-not-a-header": /Auth token value is not a legal header value/i,
  /** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
  "oidc-provider-not-found": /No OpenIDConnect provider found/i,
  "oidc-audience-refused": /Incorrect token audience/i,
  "oidc-thumbprint-refused": /HTTPS certificate doesn't match configured thumbprint/i,
  "oidc-keys-unreachable": /Couldn't retrieve verification key|IDPCommunicationError/i,
  "oidc-claim-rejected": /IDPRejectedClaim/i,
  "token-not-a-jwt": /Provided Token is not a Login With Amazon token/i,
  "session-expired": /security token included in the request is expired/i,
  "service-account-token-expired":
    /Token expired: current date\/time|token included in the request is expired: current date\/time/i,
  "clock-skew":
    /Signature expired|Signature not yet current|RequestTimeTooSkewed|Token is not yet valid|InvalidSignatureException.{0,80}(?:expired|not yet)/i,
  "signature-scope": /Credential should be scoped to a valid region/i,
  "region-mismatch":
    /AuthorizationHeaderMalformed|PermanentRedirect|bucket is in this region|must be addressed using the specified endpoint/i,
  "token-file-denied":
    /(?:secrets\/(?:pods\.)?eks\.amazonaws\.com.{0,160}(?:permission denied|EACCES))|(?:EACCES|PermissionError|permission denied).{0,160}secrets\/(?:pods\.)?eks\.amazonaws\.com/i,
  "token-file-missing":
    /(?:secrets\/(?:pods\.)?eks\.amazonaws\.com.{0,160}(?:no such file|ENOENT|not found))|(?:ENOENT|FileNotFoundError|no such file).{0,160}secrets\/(?:pods\.)?eks\.amazonaws\.com|MissingWebIdentityTokenFile/i,
  "profile-not-found":
    /The config profile \([^)]{0,128}\) could not be found|failed to get shared config profile|Profile .{1,128} (?:not found|does not exist|could not be found)/i,
  "partial-keys": /Partial credentials found in/i,
  "sts-module-missing":
    /'sts' service module must be on the class ?path|AWSSDK\.SecurityToken could not be found or loaded|aws-java-sdk-sts module must be on the class ?path/i,
  "sts-unreachable":
    /(?:lookup|getaddrinfo \S{0,20}|resolve host:?|UnknownHostException:?|endpoint URL:?) ?['"]?(?:https:\/\/)?sts\.[a-z0-9.-]{0,40}amazonaws|sts\.[a-z0-9.-]{0,40}amazonaws\.com\S{0,10}.{0,120}(?:timed? ?out|i\/o timeout|no such host|connection refused|deadline exceeded|EAI_AGAIN|ENOTFOUND)/i,
  "sts-region-disabled": /RegionDisabledException|STS is not activated in this region/i,
  "sts-throttled":
    /(?:AssumeRole(?!ForPodIdentity)\w{0,20}|sts).{0,120}(?:Throttling|Rate exceeded)|(?:Throttling|Rate exceeded).{0,120}AssumeRole(?!ForPodIdentity)/i,
  "session-too-long": /DurationSeconds exceeds the (?:1 hour session limit|MaxSessionDuration)/i,
  "packed-policy-too-large": /PackedPolicyTooLarge|Packed size of session tags/i,
  "role-arn-invalid":
    /Request ARN is invalid|(?:ValidationError|ValidationException).{0,120}roleArn|ARN \S{0,200} is not valid/i,
  "imds-without-role":
    /no EC2 IMDS role found.{0,200}StatusCode: 404|metadata.{0,120}security-credentials.{0,80}404/i,
  /** https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/installation/ */
  "place-from-metadata":
    /(?:vpc ?id|\bregion|availability ?zone)\b.{0,60}(?:from|through) (?:the )?(?:ec2 ?metadata|(?:ec2 )?instance ?metadata)/i,
  "kms-refused":
    /Access to KMS is not allowed|KMS\.AccessDeniedException|unable to get the specified fileKey|KMSAccessDeniedException|(?:ciphertext refers to a customer master key that does not exist)/i,
  "association-limit":
    /CreatePodIdentityAssociation.{0,200}ResourceLimitExceeded|ResourceLimitExceeded.{0,120}CreatePodIdentityAssociation/i,
  "association-exists":
    /CreatePodIdentityAssociation.{0,200}ResourceInUseException|ResourceInUseException.{0,120}CreatePodIdentityAssociation|ResourceInUseException: Association already exists/i,
  "kubernetes-rbac":
    /is forbidden: User "?system:|User "system:(?:serviceaccount|node|anonymous)[^"]{0,200}" cannot /i,
  "eks-api-unauthorized":
    /You must be logged in to the server|the server has asked for the client to provide credentials/i,
  "ecr-pull":
    /(?:pull|pulling) image.{0,300}(?:dkr\.ecr|public\.ecr).{0,300}(?:denied|unauthorized|no basic auth|403)/i,
  mongodb: /MongoServerError|not authorized on \S{1,64} to execute command|MongoCommandException/i,
  "kafka-acl": /(?:Topic|Group|Cluster|TransactionalId)AuthorizationException|TOPIC_AUTHORIZATION_FAILED/,
  "msk-sasl": /SaslAuthenticationException.{0,200}(?:Access denied|IAM)/i,
  "rds-iam": /PAM authentication failed/i,
  postgresql:
    /permission denied for (?:table|schema|relation|database|sequence|function)|password authentication failed for user/i,
  mysql: /Access denied for user '[^']{0,64}'@/i,
  opensearch:
    /security_exception|authorization_exception|action \[[^\]]{1,120}\] is unauthorized for user|no permissions for \[/i,
  rabbitmq: /ACCESS_REFUSED/,
  vault: /Error making API request\.[^\0]{0,200}permission denied|vault.{0,80}permission denied/i,
  gcp: /Permission '?[a-z]{2,30}\.[A-Za-z.]{2,60}'? denied on resource|PERMISSION_DENIED: .{0,80}(?:iam\.|googleapis)/,
  azure: /AuthorizationFailed.{0,200}does not have authorization to perform action|AADSTS\d{4,6}/,
} as const satisfies Readonly<Record<string, RegExp>>;

export type LogSignId = keyof typeof logSigns;

/** A sign with how often and where it was seen. */
export interface LogSign {
  readonly sign: LogSignId;
  readonly count: number;
  readonly lastSeen: string | null;
  readonly pods: readonly string[];
  readonly containers: readonly string[];
  /** Short and redacted. */
  readonly excerpt: string;
}

const hints =
  /169\.254\.170\.23|fd00:ec2|amazonaws|token|expired|denied|refused|forbidden|unauthori|not authorized|credential|loopback|unsupported host|openidconnect|sts|signature|skew|profile|region|packed|arn|kms|imds|metadata|associat|exception|session|DurationSeconds|AADSTS|PAM auth/i;

/** A cheap look that lets most lines of a log pass by. */
export function mayShowSign(line: string): boolean {
  return hints.test(line);
}

/** The signs that a record shows. Takes normalised text (one line), of which the first 8 KiB count. */
export function signsIn(plain: string): readonly LogSignId[] {
  const text = plain.slice(0, 8_192);
  return (Object.keys(logSigns) as LogSignId[]).filter((id) => logSigns[id].test(text));
}
