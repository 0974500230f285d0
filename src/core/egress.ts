import type { ContainerSpec, LabelSelectorFacts, PodFacts } from "./evidence.ts";
import type { EgressRule, NetworkPolicyFacts } from "./facts/kubernetes.ts";
import { inRange, readRange } from "./iam/operands.ts";
import { unmetRequirement } from "./injection.ts";

/** Where the EKS Pod Identity Agent answers: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html */
const agentAddresses = { ipv4: "169.254.170.23", ipv6: "fd00:ec2::23" } as const;
/** The port of the agent, and of the instance metadata service. */
const linkLocalPort = 80;

/** The agent's address that the webhook gave a container: in clusters that use IPv6 it is another one. */
export function agentAddressOf({ env }: Pick<ContainerSpec, "env">): string {
  const uri = env.find(({ name }) => name === "AWS_CONTAINER_CREDENTIALS_FULL_URI")?.value ?? "";
  return uri.includes(`[${agentAddresses.ipv6}]`) ? agentAddresses.ipv6 : agentAddresses.ipv4;
}

/**
 * The policies that select the pod for egress, where none of them lets it reach port 80 of an address; empty: it may. Policies add
 * up: one that allows is enough. https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
export function policiesAgainst(
  policies: readonly NetworkPolicyFacts[],
  { labels }: Pick<PodFacts, "labels">,
  address: string,
): readonly NetworkPolicyFacts[] {
  const selecting = policies.filter(
    ({ policyTypes, podSelector }) => policyTypes.includes("Egress") && selects(podSelector, labels),
  );
  return selecting.some(({ egress }) => egress.some((rule) => allows(rule, address))) ? [] : selecting;
}

function selects(selector: LabelSelectorFacts, labels: Readonly<Record<string, string>>): boolean {
  return unmetRequirement(selector, labels) === null;
}

function allows({ to, ports }: EgressRule, address: string): boolean {
  const destination =
    to === null ||
    to.ipBlocks.some(
      ({ cidr, except }) => isInBlock(cidr, address) && !except.some((one) => isInBlock(one, address)),
    );
  const port =
    ports === null ||
    ports.some(
      ({ protocol, port: number, endPort }) =>
        protocol === "TCP" &&
        (number === null ||
          number === linkLocalPort ||
          (typeof number === "number" &&
            endPort !== null &&
            number <= linkLocalPort &&
            linkLocalPort <= endPort)),
    );
  return destination && port;
}

/** Is the address in the block (or the same address)? False for text that is no block, and across families. */
export function isInBlock(block: string, address: string): boolean {
  const range = readRange(block);
  const one = readRange(address);
  return range !== null && one !== null && inRange(one, range);
}
