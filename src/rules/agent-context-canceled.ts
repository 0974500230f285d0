import { agentData, agentError, whenAgentFails } from "../core/agent-symptoms.ts";
import { startOneByOne } from "../core/kubectl.ts";
import { defineRule, fail, pass } from "../core/rule.ts";

export const agentContextCanceled = defineRule({
  id: "agent-context-canceled",
  meta: {
    title: "The application gives up before the agent has its answer",
    stage: "token-and-agent",
    severity: "error",
    references: [
      "https://github.com/aws/eks-pod-identity-agent/issues/50",
      "https://github.com/aws/secrets-store-csi-driver-provider-aws/issues/465",
    ],
    unless: ["EKS Auth does not answer at all: see eks-auth-unreachable."],
    messages: {
      gaveUp:
        "Clients of agent {{agent}} on node {{node}} close the connection before EKS Auth has answered ({{excerpt}}): their time-out is shorter than the call takes when many pods start.",
    },
  },
  when: whenAgentFails,
  needs: ["k8s.agent-logs"],

  check(evidence, question) {
    const error = agentError(evidence["k8s.agent-logs"], "client-gave-up");
    if (error === null) return pass();

    return fail("gaveUp", agentData(error), {
      manual: [
        {
          title:
            "Raise the time-out or the number of attempts of the client that asks for container credentials, where it has one, and start pods in smaller steps",
          command: startOneByOne(question),
        },
      ],
    });
  },
});
