import { agentError } from "../core/agent-symptoms.ts";
import { whenAgentAsked } from "../core/conditions.ts";
import type { AgentFacts } from "../core/evidence.ts";
import { needsAgent } from "../core/injection.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { listed, placesOf } from "../core/subject.ts";

export const agentNotOnNode = defineRule({
  id: "agent-not-on-node",
  meta: {
    title: "The EKS Pod Identity Agent is not ready on the pod's node",
    stage: "token-and-agent",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html",
    ],
    unless: [
      "Auto Mode nodes have the agent built in.",
      "The agent is not installed at all: see agent-addon-missing.",
    ],
    messages: {
      none: "Node {{node}} runs {{pods}} but no pod of DaemonSet kube-system/eks-pod-identity-agent (which counts {{ready}} ready of {{desired}} desired), so nobody hands out credentials there.",
      notReady:
        "Agent pod {{agent}} on node {{node}} is not ready ({{reason}}), so nobody hands out the credentials of {{pods}}.",
    },
  },
  when: whenAgentAsked,
  needs: ["k8s.agent", "k8s.nodes"],
  wants: ["k8s.agent-logs"],
  check(evidence, question) {
    const agent = evidence["k8s.agent"];
    const nodes = evidence["k8s.nodes"];
    if (agent.status === "absent" || agent.value.daemonSet === null) {
      return notApplicable("the agent is not installed at all");
    }
    if (nodes.status === "absent") return notApplicable("the pods run on no node");
    const { daemonSet } = agent.value;
    const places = placesOf(evidence["k8s.pods"], question);
    for (const node of nodes.value.filter(needsAgent)) {
      const pods = places.filter(({ pod }) => pod.nodeName === node.name).map(({ pod }) => `pod ${pod.name}`);
      if (pods.length === 0 || readyOn(agent.value, node.name)) continue;
      const manual = [
        {
          title: `See why the agent is not ready on node ${node.name}: image pull, node affinity, a port in use, refused privileges`,
          command: `kubectl -n kube-system get pods -o wide --field-selector spec.nodeName=${shellWord(node.name)}`,
        },
      ];
      const there = agent.value.pods.find(({ nodeName }) => nodeName === node.name);
      if (there === undefined) {
        const data = {
          node: node.name,
          pods: listed(pods),
          ready: String(daemonSet.ready),
          desired: String(daemonSet.desired),
        };
        return fail("none", data, { manual });
      }
      const logs = evidence["k8s.agent-logs"];
      if (logs.status === "found" && agentError(logs, "bind-ipv6", "bind-in-use")?.nodeName === node.name) {
        return notApplicable("the agent's own log says why it does not start");
      }
      const data = {
        agent: there.name,
        node: node.name,
        reason: there.waitingReason ?? "no reason given",
        pods: listed(pods),
      };
      return fail("notReady", data, { manual });
    }
    return pass();
  },
});

function readyOn({ pods }: AgentFacts, node: string): boolean {
  return pods.some(({ nodeName, ready }) => nodeName === node && ready);
}
