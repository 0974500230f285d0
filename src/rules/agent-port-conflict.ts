import { agentData, agentError, whenAgentFails } from "../core/agent-symptoms.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";

export const agentPortConflict = defineRule({
  id: "agent-port-conflict",
  meta: {
    title: "The agent cannot listen, because another process has its port",
    stage: "token-and-agent",
    severity: "error",
    references: [
      "https://github.com/aws/eks-pod-identity-agent",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html",
    ],
    unless: ["The node has no IPv6: see agent-ipv6-disabled."],
    messages: {
      taken:
        "Agent {{agent}} on node {{node}} does not start: a port that it needs (80, 2703 or 2705) is taken on the node ({{excerpt}}).",
    },
  },
  when: whenAgentFails,
  needs: ["k8s.agent-logs"],

  check(evidence) {
    const error = agentError(evidence["k8s.agent-logs"], "bind-in-use");
    if (error === null) return pass();

    return fail("taken", agentData(error), {
      manual: [
        {
          title:
            "Find the pod with the host's network that listens there on all addresses, and move it to another port",
          command: `kubectl get pods -A -o wide --field-selector ${shellWord(`spec.nodeName=${error.nodeName}`)}`,
        },
      ],
    });
  },
});
