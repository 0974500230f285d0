import type { IdentityTrace, Mechanism } from "./diagnosis.ts";
import type { AssociationFacts, ContainerSpec, Evidence, Observation, PodFacts } from "./evidence.ts";
import { sameRole } from "./iam/arn.ts";

/** The annotation that gives a ServiceAccount an IAM role (IRSA). */
export const roleAnnotation = "eks.amazonaws.com/role-arn";

export interface IdentityOf {
  readonly mechanism: Mechanism;
  readonly roleArn: string | null;
}

/**
 * What the configuration gives the workload now. The EKS webhook looks at associations first and then ignores the
 * annotation: https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html. Null: could not be seen.
 */
export function expectedIdentity(evidence: Evidence): IdentityOf | null {
  const association = evidence["eks.association"];
  if (association?.status === "found")
    return { mechanism: "pod-identity", roleArn: finalRole(association.value) };
  if (association?.status !== "absent") return null;
  const serviceAccount = evidence["k8s.service-account"];
  if (serviceAccount?.status === "absent") return { mechanism: "none", roleArn: null };
  if (serviceAccount?.status !== "found") return null;
  const roleArn = serviceAccount.value.annotations[roleAnnotation];
  return roleArn === undefined ? { mechanism: "none", roleArn: null } : { mechanism: "irsa", roleArn };
}

/** With a target role, the pod's credentials are of that role: the association's own role only assumes it. */
function finalRole(association: AssociationFacts): string {
  return association.targetRoleArn ?? association.roleArn;
}

/** What the webhook put into a container, told by the environment variables that the SDKs read. */
export function injectedInto(container: ContainerSpec): IdentityOf {
  const env = new Map(container.env.map((variable) => [variable.name, variable.value]));
  if (env.has("AWS_CONTAINER_CREDENTIALS_FULL_URI") && env.has("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    return { mechanism: "pod-identity", roleArn: null };
  }
  if (env.has("AWS_ROLE_ARN") && env.has("AWS_WEB_IDENTITY_TOKEN_FILE")) {
    return { mechanism: "irsa", roleArn: env.get("AWS_ROLE_ARN") ?? null };
  }
  return { mechanism: "none", roleArn: null };
}

/** The containers of a pod that count: the asked one, else all that run (init containers only by name). */
export function askedContainers(pod: PodFacts, container: string | null): readonly ContainerSpec[] {
  if (container !== null) return pod.containers.filter((spec) => spec.name === container);
  return pod.containers.filter((spec) => !spec.init);
}

/**
 * What the running pods carry; where they differ, the first that differs from the expected one, for that is the
 * one that breaks. Null: no pod could be seen.
 */
export function injectedIdentity(evidence: Evidence, container: string | null): IdentityOf | null {
  const pods = evidence["k8s.pods"];
  if (pods?.status !== "found") return null;
  const injected = pods.value.pods.flatMap((pod) => askedContainers(pod, container).map(injectedInto));
  const expected = expectedIdentity(evidence);
  return injected.find((identity) => identity.mechanism !== expected?.mechanism) ?? injected[0] ?? null;
}

/** Whose principal it is, compared by account and role name: session ARNs carry no path. */
export function usedIdentity(evidence: Evidence, principals: readonly Principal[]): IdentityTrace["used"] {
  const principal = principals[0];
  if (principal === undefined) return null;
  const principalArn = principal.arn;
  if (principal.kind === "user") return { mechanism: "static-keys", principalArn };
  if (principalArn !== null && isExpectedRole(evidence, principalArn)) {
    const mechanism = expectedIdentity(evidence)?.mechanism;
    if (mechanism === "pod-identity" || mechanism === "irsa") return { mechanism, principalArn };
  }
  if (principal.kind === "node-role" || (principalArn !== null && isNodeRole(evidence, principalArn))) {
    return { mechanism: "node-role", principalArn };
  }
  return principalArn === null ? null : { mechanism: "other-role", principalArn };
}

interface Principal {
  readonly arn: string | null;
  readonly kind: string;
}

/** Is this principal the role that the configuration gives the workload? */
export function isExpectedRole(evidence: Evidence, principalArn: string): boolean {
  const roleArn = expectedIdentity(evidence)?.roleArn ?? null;
  return roleArn !== null && sameRole(principalArn, roleArn);
}

/** Is this principal the role of the nodes that the workload runs on? */
export function isNodeRole(evidence: Evidence, principalArn: string): boolean {
  const nodeRole = known(evidence["eks.node-role"]);
  return nodeRole !== null && sameRole(principalArn, nodeRole.roleArn);
}

/** The value where there is one; null for absent, unavailable and not asked for. Only for showing, never for judging. */
export function known<T>(observation: Observation<T> | undefined): T | null {
  return observation?.status === "found" ? observation.value : null;
}
