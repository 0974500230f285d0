import type { ClusterFacts, Evidence, ServiceAccountFacts } from "./evidence.ts";
import { parseArn, roleOfArn } from "./iam/arn.ts";
import { parsePolicy } from "./iam/policy.ts";
import { explainTrust } from "./iam/trust.ts";
import { expectedIdentity } from "./identity.ts";
import type { JsonValue } from "./json.ts";

/** What the EKS webhook itself takes for a role's ARN: https://github.com/aws/amazon-eks-pod-identity-webhook */
const roleArnPattern = /^arn:aws[a-z0-9-]*:iam::\d{12}:role\/[\w\-/.@+=,]+$/;

const audienceAnnotation = "eks.amazonaws.com/audience";

/** The audience of tokens whose ServiceAccount asks for no other. */
const stsAudience = "sts.amazonaws.com";

/** Is this text the ARN of an IAM role? */
export function isRoleArn(text: string): boolean {
  return roleArnPattern.test(text);
}

/** The role that the annotation gives; null: IRSA does not decide here, or the annotation is no role's ARN. */
export function irsaRole(evidence: Evidence): string | null {
  const expected = expectedIdentity(evidence);
  if (expected?.mechanism !== "irsa" || expected.roleArn === null) return null;
  return isRoleArn(expected.roleArn) ? expected.roleArn : null;
}

/** The audience of the tokens that the webhook gives the pods of a service account. */
export function tokenAudience(account: ServiceAccountFacts): string {
  return account.annotations[audienceAnnotation] ?? stsAudience;
}

/** The issuer as IAM names it, without the scheme; null: the cluster has none. */
export function issuerOf(cluster: ClusterFacts): string | null {
  return cluster.oidcIssuer === null ? null : cluster.oidcIssuer.replace(/^https:\/\//, "");
}

/** The ARN that the cluster's OIDC provider has in its own account. */
export function providerArnOf(cluster: ClusterFacts, issuer: string): string {
  const partition = parseArn(cluster.arn)?.partition ?? "aws";
  return `arn:${partition}:iam::${cluster.accountId}:oidc-provider/${issuer}`;
}

/** Does this trust policy let in the tokens that the cluster gives this subject for STS? */
export function letsInWebIdentity(
  trustPolicy: JsonValue,
  roleArn: string,
  cluster: ClusterFacts,
  subject: string,
): boolean {
  const parsed = parsePolicy(trustPolicy, "trust");
  const issuer = issuerOf(cluster);
  if (!parsed.ok || issuer === null) return false;
  const providerArn = providerArnOf(cluster, issuer);
  return explainTrust({
    trustPolicy: parsed.value,
    roleArn,
    caller: { webIdentity: { providerArn, issuer, subject, audience: stsAudience } },
    action: "sts:AssumeRoleWithWebIdentity",
    context: {},
  }).allowed;
}

/** Does the role live in the cluster's account? In another one, neither role nor provider can be seen from here. */
export function inClusterAccount(roleArn: string, cluster: ClusterFacts): boolean {
  const samePartition = parseArn(roleArn)?.partition === parseArn(cluster.arn)?.partition;
  return samePartition && roleOfArn(roleArn)?.accountId === cluster.accountId;
}
