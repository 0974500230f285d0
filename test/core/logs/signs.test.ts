import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalise } from "../../../src/core/logs/normalise.ts";
import { type LogSignId, mayShowSign, signsIn } from "../../../src/core/logs/signs.ts";

const shown: readonly (readonly [LogSignId, string])[] = [
  [
    "agent-role-not-assumable",
    "[b69b1279-0000-4000-8000-000000000001]: (AccessDeniedException): Unauthorized Exception! EKS does not have permissions to assume the associated role., fault: client",
  ],
  [
    "agent-unreachable",
    'Received error when attempting to retrieve container metadata: Connect timeout on endpoint URL: "http://169.254.170.23/v1/credentials"',
  ],
  ["agent-unreachable", 'Get "http://169.254.170.23/v1/credentials": context deadline exceeded'],
  [
    "agent-wrong-address",
    "Access Denied. Called agent through invalid address, please use either [169.254.170.23 fd00:ec2::23] address not agent.local",
  ],
  ["agent-token-empty", "Service account token cannot be empty"],
  ["agent-token-malformed", "Service account token cannot be parsed: token is malformed"],
  [
    "agent-hostname-complaint",
    "CredentialsProviderError: 169.254.170.23 is not a valid container metadata service hostname",
  ],
  ["sdk-refuses-agent-address", 'invalid endpoint host, "169.254.170.23", only loopback hosts are allowed'],
  [
    "sdk-refuses-agent-address",
    "ValueError: Unsupported host '169.254.170.23'.  Can only retrieve metadata from these hosts: 169.254.170.2, localhost, 127.0.0.1",
  ],
  [
    "sdk-refuses-agent-address",
    "The full URI (http://169.254.170.23/v1/credentials) contained within environment variable AWS_CONTAINER_CREDENTIALS_FULL_URI has an invalid host.",
  ],
  [
    "oidc-provider-not-found",
    "InvalidIdentityToken: No OpenIDConnect provider found in your account for https://oidc.eks.us-west-2.amazonaws.com/id/ABC",
  ],
  [
    "oidc-audience-refused",
    "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: Incorrect token audience",
  ],
  ["session-expired", "ExpiredTokenException: The security token included in the request is expired"],
  [
    "service-account-token-expired",
    "ExpiredTokenException: Token expired: current date/time 1700000000 must be before the expiration date/time 1600000000",
  ],
  [
    "clock-skew",
    "SignatureDoesNotMatch: Signature expired: 20240101T000000Z is now earlier than 20240101T001000Z",
  ],
  ["token-file-denied", "open /var/run/secrets/eks.amazonaws.com/serviceaccount/token: permission denied"],
  [
    "token-file-missing",
    "FileNotFoundError: [Errno 2] No such file or directory: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token'",
  ],
  ["profile-not-found", "botocore.exceptions.ProfileNotFound: The config profile (prod) could not be found"],
  ["partial-keys", "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY"],
  ["sts-module-missing", "To use web identity tokens, the 'sts' service module must be on the class path."],
  ["sts-unreachable", "dial tcp: lookup sts.us-west-2.amazonaws.com on 10.100.0.10:53: no such host"],
  ["sts-unreachable", 'Could not connect to the endpoint URL: "https://sts.eu-west-1.amazonaws.com/"'],
  [
    "sts-region-disabled",
    "RegionDisabledException: STS is not activated in this region for account:111122223333",
  ],
  [
    "session-too-long",
    "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
  ],
  [
    "packed-policy-too-large",
    "PackedPolicyTooLarge: Packed size of session tags consumes 110% of allotted space.",
  ],
  [
    "association-limit",
    "An error occurred (ResourceLimitExceededException) when calling the CreatePodIdentityAssociation operation: limit exceeded",
  ],
  [
    "association-exists",
    "operation error EKS: CreatePodIdentityAssociation, https response error StatusCode: 409, RequestID: f9cb61ba-0000-4000-8000-000000000001, ResourceInUseException: Association already exists: a-0example",
  ],
  [
    "association-exists",
    "An error occurred (ResourceInUseException) when calling the CreatePodIdentityAssociation operation: Association already exists: a-0example",
  ],
  ["role-arn-invalid", "ValidationError: Request ARN is invalid"],
  [
    "place-from-metadata",
    "failed to introspect vpcID from EC2Metadata, specify --aws-vpc-id instead if EC2Metadata is unavailable: EC2MetadataError: failed to make EC2Metadata request status code: 401",
  ],
  [
    "place-from-metadata",
    "failed to get VPC ID: failed to fetch VPC ID from instance metadata: error in fetching vpc id through ec2 metadata: get mac metadata: operation error ec2imds: GetMetadata, canceled, context deadline exceeded",
  ],
  ["place-from-metadata", "failed to introspect region from EC2Metadata, specify --aws-region instead"],
  ["kms-refused", "Access to KMS is not allowed"],
  [
    "kubernetes-rbac",
    'pods is forbidden: User "system:serviceaccount:a:b" cannot list resource "pods" in API group ""',
  ],
  ["mongodb", "MongoServerError: not authorized on admin to execute command { find: 1 }"],
  [
    "kafka-acl",
    "org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [orders]",
  ],
  ["rds-iam", 'FATAL: PAM authentication failed for user "app"'],
  ["mysql", "ERROR 1045 (28000): Access denied for user 'root'@'10.0.0.1' (using password: YES)"],
];

describe("signs", () => {
  test.each(shown)("%s is seen in its sentence", (sign, text) => {
    expect(signsIn(normalise(text))).toContain(sign);
    expect(mayShowSign(text)).toBe(true);
  });

  test.each([
    "GET /healthz 200 1ms",
    "token refreshed for user 42",
    "operation error EKS Auth: AssumeRoleForPodIdentity, https response error StatusCode: 503, Rate exceeded",
    "connected to sts.us-west-2.amazonaws.com",
    "reading profile default",
    "Unable to load AWS credentials from any provider in the chain: [com.amazonaws.auth.profile.ProfileCredentialsProvider@3e2fc448: profile file cannot be null]",
    "open /var/run/secrets/kubernetes.io/serviceaccount/token: permission denied",
  ])("nothing is seen in: %s", (text) => {
    expect(signsIn(normalise(text))).toEqual([]);
  });

  test("any text is read, in time that grows with its length only", () => {
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(signsIn(text))));
    for (const piece of ["sts.", "arn ", "169.254.170.23 ", "profile ", "token ", "a".repeat(300), "'"]) {
      expect(signsIn(piece.repeat(200_000 / piece.length))).toBeInstanceOf(Array);
    }
  });
});
