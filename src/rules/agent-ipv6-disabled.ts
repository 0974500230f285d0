import { agentData, agentError, whenAgentFails } from "../core/agent-symptoms.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";

export const agentIpv6Disabled = defineRule({
  id: "agent-ipv6-disabled",
  meta: {
    title: "The agent cannot listen, because IPv6 is off on the node",
    stage: "token-and-agent",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-config-ipv6.html",
      "https://github.com/aws/eks-pod-identity-agent",
    ],
    unless: ["The port is taken: see agent-port-conflict."],
    messages: {
      ipv6: "Agent {{agent}} on node {{node}} does not start: it cannot listen on its IPv6 address ({{excerpt}}). The node has IPv6 switched off, and the agent listens on both by default.",
    },
  },
  when: whenAgentFails,
  needs: ["k8s.agent-logs"],

  check(evidence, question) {
    const error = agentError(evidence["k8s.agent-logs"], "bind-ipv6");
    if (error === null) return pass();

    return fail("ipv6", agentData(error), {
      manual: [
        {
          title: "Let the agent listen on IPv4 alone, in the add-on's configuration",
          command: `aws eks update-addon --cluster-name ${shellWord(question.cluster)} --addon-name eks-pod-identity-agent --resolve-conflicts PRESERVE --configuration-values ${shellWord('{"agent":{"additionalArgs":{"-b":"169.254.170.23"}}}')}`,
        },
      ],
    });
  },
});
