import type { LabelSelectorFacts } from "./evidence.ts";
import type { EgressRule, NetworkPolicyFacts } from "./facts/kubernetes.ts";
import { unmetRequirement } from "./injection.ts";

/** Where the EKS Pod Identity Agent answers: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html */
const agentAddress = "169.254.170.23";
const agentPort = 80;

/**
 * The policies that select the pod for egress, where none of them lets it reach the agent; empty: it may. Policies add
 * up: one that allows is enough. https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
export function policiesAgainstAgent(
  policies: readonly NetworkPolicyFacts[],
  labels: Readonly<Record<string, string>>,
): readonly NetworkPolicyFacts[] {
  const selecting = policies.filter(
    ({ policyTypes, podSelector }) => policyTypes.includes("Egress") && selects(podSelector, labels),
  );
  return selecting.some(({ egress }) => egress.some(allowsAgent)) ? [] : selecting;
}

function selects(selector: LabelSelectorFacts, labels: Readonly<Record<string, string>>): boolean {
  return unmetRequirement(selector, labels) === null;
}

function allowsAgent({ to, ports }: EgressRule): boolean {
  const destination =
    to === null ||
    to.ipBlocks.some(
      ({ cidr, except }) =>
        contains(cidr, agentAddress) && !except.some((one) => contains(one, agentAddress)),
    );
  const port =
    ports === null ||
    ports.some(
      ({ protocol, port: number, endPort }) =>
        protocol === "TCP" &&
        (number === null ||
          number === agentPort ||
          (typeof number === "number" && endPort !== null && number <= agentPort && agentPort <= endPort)),
    );
  return destination && port;
}

/** Is the IPv4 address in the block? False for IPv6 and for text that is no block. */
function contains(cidr: string, address: string): boolean {
  const [network = "", bits = ""] = cidr.split("/");
  const length = Number(bits);
  const one = numberOf(network);
  const other = numberOf(address);
  if (one === null || other === null || bits === "" || !(length >= 0 && length <= 32)) return false;
  const size = 2 ** (32 - length);
  return Math.floor(one / size) === Math.floor(other / size);
}

function numberOf(address: string): number | null {
  const parts = address.split(".").map(Number);
  if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255))) return null;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}
