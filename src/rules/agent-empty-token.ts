import { setImage } from "../core/kubectl.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";

export const agentEmptyToken = defineRule({
  id: "agent-empty-token",
  meta: {
    title: "The SDK sends no token to the agent",
    stage: "token-and-agent",
    severity: "error",
    references: [
      "https://github.com/aws/eks-pod-identity-agent",
      "https://github.com/aws/aws-sdk-php/issues/3188",
    ],
    unless: ["The file is empty or cannot be read: other errors say so."],
    messages: {
      empty:
        "The agent gets no token from container {{containers}} ({{excerpt}}): its SDK does not know AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE.",
    },
  },
  when: whenSign("agent-token-empty"),
  needs: [],
  check(evidence, question) {
    const sign = signOf(evidence, "agent-token-empty");
    if (sign === null) return pass();

    return fail("empty", signData(sign), {
      manual: [
        {
          title: "Update the SDK to a version that supports EKS Pod Identity, or use IRSA",
          command: setImage(question, sign.containers[0]),
        },
      ],
    });
  },
});
