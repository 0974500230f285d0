import type { ClusterContext } from "./context.ts";
import type { Container, LabelSelector, Pod } from "./objects.ts";
import { matchesSelector } from "./selectors.ts";

interface NetworkPolicySpec {
  readonly podSelector?: LabelSelector;
  readonly policyTypes?: readonly string[];
  readonly egress?: readonly {
    readonly to?: readonly { readonly ipBlock?: { readonly cidr: string } }[];
    readonly ports?: readonly { readonly port?: number | string }[];
  }[];
}

/**
 * Whether a packet of the pod reaches an address that is local to its node. Network policies know such an address
 * only as a block; a pod with security groups of its own has an interface from which it is not reached, unless they
 * are enforced in standard mode. What runs on the host's network meets neither.
 * https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html
 */
export function reachesLocal(context: ClusterContext, pod: Pod, address: string): boolean {
  if (pod.spec.hostNetwork === true) return true;
  return allowedByPolicies(context, pod, address) && !hasStrictInterface(context, pod);
}

function allowedByPolicies(context: ClusterContext, pod: Pod, address: string): boolean {
  const selecting = context.store
    .list("networkpolicies.networking.k8s.io", pod.metadata.namespace)
    .map((policy) => policy["spec"] as NetworkPolicySpec)
    .filter(
      ({ policyTypes, egress, podSelector }) =>
        (policyTypes?.includes("Egress") ?? egress !== undefined) &&
        matchesSelector(podSelector, pod.metadata.labels),
    );
  return (
    selecting.length === 0 ||
    selecting.some(({ egress = [] }) =>
      egress.some(
        ({ to, ports }) =>
          (to ?? [{ ipBlock: { cidr: "0.0.0.0/0" } }]).some(({ ipBlock }) => isIn(ipBlock?.cidr, address)) &&
          (ports ?? [{ port: 80 }]).some(({ port }) => port === undefined || port === 80),
      ),
    )
  );
}

/** Blocks of one address and of every address are all that the sandbox knows. */
function isIn(cidr: string | undefined, address: string): boolean {
  return cidr === "0.0.0.0/0" || cidr === "::/0" || cidr?.replace(/\/(?:32|128)$/, "") === address;
}

function hasStrictInterface(context: ClusterContext, pod: Pod): boolean {
  if (pod.metadata.annotations?.["vpc.amazonaws.com/pod-eni"] === undefined) return false;
  const cni = context.store.get("daemonsets.apps", "kube-system", "aws-node");
  const spec = cni?.["spec"] as { template: { spec: { containers: Container[] } } } | undefined;
  const env = spec?.template.spec.containers[0]?.env ?? [];
  const mode = env.find(({ name }) => name === "POD_SECURITY_GROUP_ENFORCING_MODE")?.value ?? "strict";
  return mode === "strict";
}
