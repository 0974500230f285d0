import type { Evidence, PodFacts, RoleFacts } from "./evidence.ts";
import { parseArn } from "./iam/arn.ts";
import { podIdentityTags } from "./iam/trust.ts";
import { expectedIdentity, known } from "./identity.ts";
import { issuerOf, providerArnOf } from "./irsa.ts";

/** What is known of the calls that a workload's role makes. */
export interface SessionContext {
  /** Condition keys with their values. */
  readonly values: Readonly<Record<string, readonly string[]>>;
  /**
   * Which keys are known not to be in the request, in lower case, by their beginning. Every other key without a value
   * is unknown: the session may carry it.
   */
  readonly absent: readonly string[];
  /** Keys under these beginnings that may be there after all, in lower case. */
  readonly unsure: readonly string[];
}

const principalTag = "aws:PrincipalTag/";

/**
 * What the evidence shows of the session of a workload's role: the session tags of EKS Pod Identity, IRSA's provider,
 * the role's own tags, over which tags of the session win. Where the session comes from is known, so is which tags it
 * does not have. Network, organization and time of a call are not known here.
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html
 * @param pod the pod that made the calls; null: one of several, or not known
 * @param sessionName as a denial shows it; null: there is no session yet
 */
export function sessionContext(
  evidence: Evidence,
  role: RoleFacts,
  pod: Pick<PodFacts, "name" | "uid"> | null = null,
  sessionName: string | null = null,
): SessionContext {
  const values: Record<string, readonly string[]> = { "aws:PrincipalArn": [role.arn] };
  if (sessionName !== null) values["aws:userid"] = [`${role.roleId}:${sessionName}`];
  for (const [key, value] of Object.entries(role.tags)) values[`${principalTag}${key}`] = [value];
  const cluster = known(evidence["eks.cluster"]);
  const association = known(evidence["eks.association"]);
  const mechanism = expectedIdentity(evidence)?.mechanism;
  if (association !== null) {
    if (association.disableSessionTags) return { values, absent: [tags, federated, userName], unsure: [] };
    const { namespace, serviceAccount } = association;
    const sent = podIdentityTags({
      clusterName: cluster?.name ?? null,
      clusterArn: cluster?.arn ?? null,
      namespace,
      serviceAccount,
      podName: pod?.name ?? null,
      podUid: pod?.uid ?? null,
    });
    const unsure: string[] = [];
    for (const [tag, value] of Object.entries(sent)) {
      // A tag of the role with the same name is hidden by the session's, also where that one's value is not known.
      delete values[`${principalTag}${tag}`];
      if (value === null) unsure.push(`${tags}${tag}`);
      else values[`${principalTag}${tag}`] = [value];
    }
    return { values, absent: [tags, federated, userName], unsure };
  }
  const issuer = cluster === null ? null : issuerOf(cluster);
  if (cluster === null || issuer === null || mechanism !== "irsa")
    return { values, absent: [userName], unsure: [] };
  const accountId = parseArn(role.arn)?.accountId ?? cluster.accountId;
  values["aws:FederatedProvider"] = [providerArnOf({ ...cluster, accountId }, issuer)];
  // A projected token of Kubernetes has no claim that STS would make session tags of.
  return { values, absent: [tags, userName], unsure: [] };
}

const tags = principalTag.toLowerCase();
const federated = "aws:federatedprovider";
/** Only users have it. */
const userName = "aws:username";

/** Those of the keys that the request may carry with a value that nothing here shows; the others it does not carry. */
export function unknownKeys({ absent, unsure }: SessionContext, keys: readonly string[]): readonly string[] {
  return keys.filter((key) => {
    const lower = key.toLowerCase();
    return unsure.includes(lower) || !absent.some((beginning) => lower.startsWith(beginning));
  });
}

const onlyInUsEast1 = ["iam", "organizations", "cloudfront", "route53"];

/**
 * The Region that a call goes to, as the resource's ARN shows it; empty where it does not. Calls to global services
 * are made in us-east-1.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion
 */
export function callContext(action: string, resource: string): Readonly<Record<string, readonly string[]>> {
  const arn = parseArn(resource);
  const service = action.slice(0, action.indexOf(":")).toLowerCase();
  if (arn?.region) return { "aws:RequestedRegion": [arn.region] };
  return onlyInUsEast1.includes(service) && (arn === null || arn.partition === "aws")
    ? { "aws:RequestedRegion": ["us-east-1"] }
    : {};
}
