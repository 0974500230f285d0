import type { Absent, Evidence, Found } from "./evidence.ts";
import type { AgentErrorGroup, AgentErrorKind, AgentLogsFacts } from "./facts/agent-logs.ts";
import { expectedIdentity, isExpectedRole } from "./identity.ts";
import type { LogSignId } from "./logs/signs.ts";
import type { Condition } from "./rule.ts";
import { currentErrors, currentSigns } from "./subject.ts";

const symptom = ["k8s.pods", "k8s.service-account", "eks.association", "logs.errors"] as const;

/**
 * The condition of a rule about the agent: EKS Pod Identity is configured, and the logs show that its credentials are
 * not what the pods use. Only then are the agents' logs read.
 */
export const whenAgentFails: Condition<(typeof symptom)[number]> = {
  needs: symptom,
  holds(evidence) {
    if (expectedIdentity(evidence)?.mechanism !== "pod-identity") return "Pod Identity is not configured";
    return agentFails(evidence) || "nothing in the logs shows that the agent's credentials are missed";
  },
};

/** An error of the agent, no credentials at all, or a call that was denied to somebody else than the expected role. */
function agentFails(evidence: Evidence): boolean {
  return currentErrors(evidence).some(({ kind, principalArn }) => {
    if (kind === "pod-identity-agent-error" || kind === "no-credentials") return true;
    return kind === "access-denied" && principalArn !== null && !isExpectedRole(evidence, principalArn);
  });
}

/** What only the agent itself says, or EKS Auth through it. */
const answers: readonly LogSignId[] = [
  "agent-role-not-assumable",
  "agent-token-empty",
  "agent-token-malformed",
];

/**
 * Did the agent answer this pod, if only to refuse it, and was it reached ever since? Then no proxy, network policy or
 * security group is in the way, whatever they look like: a network policy that nothing enforces keeps nobody away.
 */
export function agentAnswered(evidence: Evidence, pod: string): boolean {
  const signs = currentSigns(evidence).filter(({ pods }) => pods.includes(pod));
  const lastOf = (ids: readonly LogSignId[]) =>
    signs.filter(({ sign }) => ids.includes(sign)).map(({ lastSeen }) => Date.parse(lastSeen ?? ""));
  const answered = lastOf(answers);
  return answered.length > 0 && !lastOf(["agent-unreachable"]).some((lost) => lost > Math.max(...answered));
}

/** The most frequent error of these kinds in the agents' logs; null: there is none. */
export function agentError(
  logs: Found<AgentLogsFacts> | Absent,
  ...kinds: readonly AgentErrorKind[]
): AgentErrorGroup | null {
  if (logs.status === "absent") return null;
  const found = logs.value.errors.filter(({ kind }) => kinds.includes(kind));
  return [...found].sort((a, b) => b.count - a.count)[0] ?? null;
}

/** Where the agent says it and in which words: the data that messages about the agent share. */
export function agentData({ agentPod, nodeName, excerpt }: AgentErrorGroup) {
  return { agent: agentPod, node: nodeName, excerpt };
}
