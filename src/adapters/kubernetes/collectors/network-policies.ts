import type { z } from "zod";
import type { Collector } from "../../../app/ports.ts";
import type { EgressRule, NetworkPolicyFacts } from "../../../core/facts/kubernetes.ts";
import { observe } from "../outcome.ts";
import { resources, sourceFor } from "../resources.ts";
import { networkPolicySchema } from "../schemas.ts";
import type { CollectorDeps } from "./deps.ts";

type NetworkPolicy = z.infer<typeof networkPolicySchema>;

/** All NetworkPolicies of the asked namespace. Permission: `list networkpolicies.networking.k8s.io`. */
export function createNetworkPoliciesCollector({
  client,
  clock,
}: CollectorDeps): Collector<"k8s.network-policies"> {
  return {
    kind: "k8s.network-policies",
    group: "config",
    after: [],
    async collect({ question: { namespace }, signal }) {
      const listed = await client.list(resources.networkPolicies, namespace, networkPolicySchema, signal);
      return observe(listed, sourceFor(resources.networkPolicies, namespace), clock(), ({ items }) =>
        items.map(facts),
      );
    },
  };
}

/**
 * Without `policyTypes`, a policy is for ingress, and for egress too where it has an egress rule.
 * https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/
 */
function facts({ metadata, spec }: NetworkPolicy): NetworkPolicyFacts {
  return {
    name: metadata.name,
    podSelector: spec.podSelector ?? { matchLabels: {}, matchExpressions: [] },
    policyTypes: spec.policyTypes ?? ["Ingress", ...(spec.egress === null ? [] : ["Egress"])],
    egress: (spec.egress ?? []).map(egressRule),
  };
}

/** An empty list of destinations or ports means every one, as a missing list does. */
function egressRule({ to, ports }: NonNullable<NetworkPolicy["spec"]["egress"]>[number]): EgressRule {
  return {
    to:
      to.length === 0
        ? null
        : {
            ipBlocks: to.flatMap(({ ipBlock }) => (ipBlock == null ? [] : [ipBlock])),
            hasSelectors: to.some(({ ipBlock }) => ipBlock == null),
          },
    ports:
      ports.length === 0
        ? null
        : ports.map(({ protocol, port, endPort }) => ({ protocol: protocol ?? "TCP", port, endPort })),
  };
}
