import { agentData, agentError, whenAgentFails } from "../core/agent-symptoms.ts";
import { startOneByOne } from "../core/kubectl.ts";
import { defineRule, fail, pass } from "../core/rule.ts";

export const agentThrottled = defineRule({
  id: "agent-throttled",
  meta: {
    title: "The agent or EKS Auth is asked too often",
    stage: "token-and-agent",
    severity: "warning",
    references: [
      "https://github.com/aws/eks-pod-identity-agent",
      "https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html",
    ],
    unless: ["The workload's own calls are throttled: see throttling-not-denial."],
    messages: {
      throttled:
        "Agent {{agent}} on node {{node}} is slowed down ({{excerpt}}): many pods asked for credentials at once.",
    },
  },
  when: whenAgentFails,
  needs: ["k8s.agent-logs"],
  check(evidence, question) {
    const error = agentError(evidence["k8s.agent-logs"], "throttled");
    if (error === null) return pass();
    return fail("throttled", agentData(error), {
      manual: [
        {
          title: "Start pods in smaller steps, and let clients retry with back-off",
          command: startOneByOne(question),
        },
      ],
    });
  },
});
