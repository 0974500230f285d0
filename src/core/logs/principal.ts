import type { PrincipalKind } from "./aws-error.ts";

const instanceId = /^m?i-[0-9a-z*]+$/i;

/** `eks-<cluster>-<pod>-<uuid>`, cluster and pod cut to ten characters; people redact any part of it. */
const podIdentitySession = /^eks-.+-(?:[0-9a-f]{8}(?:-[^/]*)?|[*x]+|<[^>]*>|\.{3}|…)$/i;

/** The names that SDKs give a web identity session when nothing else is configured. */
const webIdentitySessions = [
  /^botocore-session-\d+$/,
  /^aws-sdk-(?:java|php|kotlin)-\d+$/,
  /^aws-sdk-js-session-\d+$/,
  /^token-file-web-identity$/,
  /^web-identity-token(?:-profile)?-\d+$/,
  /^\d{15,}$/,
  /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  /^[A-Za-z0-9+/]{46}==$/,
  /^external-secrets-provider-aws$/,
];

const nodeRoleName = /node-?instance-?role|nodegroup|karpenter-?node-?role|eks-?node/i;
const redactedSession = /^(?:[*x]+|<[^>]*>|\[?redacted\]?|\.{3}|…)?$/i;

/**
 * Tells from an ARN whose credentials were used: the session name of a node's instance profile is the
 * instance id, EKS Pod Identity writes `eks-<cluster>-<pod>-<uuid>`, and each SDK has its own default
 * for IRSA.
 * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_auth_AssumedRoleUser.html
 */
export function principalKindOf(principal: string | null): PrincipalKind {
  if (principal === null) return "unknown";
  if (principal.includes("system:serviceaccount:")) return "irsa-role";
  if (/:user\/|^user\/|:root$/.test(principal)) return "user";
  const marker = principal.indexOf("assumed-role/");
  if (marker < 0) return "unknown";
  const rest = principal.slice(marker + "assumed-role/".length);
  const slash = rest.indexOf("/");
  const roleName = slash < 0 ? rest : rest.slice(0, slash);
  const session = slash < 0 ? "" : rest.slice(slash + 1);
  if (instanceId.test(session)) return "node-role";
  if (podIdentitySession.test(session)) return "pod-identity-role";
  if (webIdentitySessions.some((pattern) => pattern.test(session))) return "irsa-role";
  if (redactedSession.test(session) && nodeRoleName.test(roleName)) return "node-role";
  return "unknown";
}
