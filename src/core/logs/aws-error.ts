/** What kind of credential or authorization error a log shows. */
export type AwsErrorKind =
  | "access-denied"
  | "encoded-denial"
  | "no-credentials"
  | "assume-role-web-identity-denied"
  | "invalid-identity-token"
  | "pod-identity-agent-error"
  | "imds-unreachable"
  | "expired-token"
  | "bad-keys"
  | "token-file"
  | "throttled"
  | "region-missing";

/** Most telling first: the order in which errors of one text are told. */
export const awsErrorKinds = [
  "assume-role-web-identity-denied",
  "invalid-identity-token",
  "access-denied",
  "encoded-denial",
  "pod-identity-agent-error",
  "expired-token",
  "bad-keys",
  "region-missing",
  "imds-unreachable",
  "no-credentials",
  "token-file",
  "throttled",
] as const satisfies readonly AwsErrorKind[];

/**
 * What the caller's ARN shows about where its credentials come from. A session name is only a hint
 * (applications choose their own): compare the role's name before concluding anything.
 */
export type PrincipalKind = "node-role" | "pod-identity-role" | "irsa-role" | "user" | "unknown";

/** The policy layer that a denial names. A role's trust policy counts as resource-based. */
export type DenyLayer =
  | "identity-based"
  | "resource-based"
  | "scp"
  | "rcp"
  | "permissions-boundary"
  | "session"
  | "vpc-endpoint"
  | "explicit-deny-identity-based"
  | "explicit-deny-resource-based";

/** One error as the text gives it; what the text does not say is null. */
export interface AwsError {
  readonly kind: AwsErrorKind;
  /** The caller as spelled in the text: an ARN, `anonymous`, or whatever a person redacted it to. */
  readonly principalArn: string | null;
  readonly principalKind: PrincipalKind;
  /** The action that was asked for. */
  readonly action: string | null;
  /** The action that no policy allows, where it differs from the one asked for. */
  readonly missingAction: string | null;
  readonly resource: string | null;
  readonly denyLayer: DenyLayer | null;
  /** The policy that denies, where the newer texts name it. */
  readonly policyArn: string | null;
  /** `java1`, `java2`, `go1`, `go2`, `boto3`, `aws-cli`, `js2`, `js3`, `dotnet`, `ruby`, `php`, `rust`, …; null: not shown. */
  readonly sdk: string | null;
  readonly requestId: string | null;
  /** EC2's encoded authorization message, for `aws sts decode-authorization-message`. */
  readonly encodedMessage?: string;
}
