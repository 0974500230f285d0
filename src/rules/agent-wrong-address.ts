import { listVariables } from "../core/kubectl.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";

export const agentWrongAddress = defineRule({
  id: "agent-wrong-address",
  meta: {
    title: "The agent is called by another address than its own",
    stage: "token-and-agent",
    severity: "error",
    references: [
      "https://github.com/aws/eks-pod-identity-agent",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html",
    ],
    unless: ["The call never reaches the agent: see proxy-no-no_proxy."],
    messages: {
      address:
        "The agent refuses container {{containers}} because it is called by another name or address than 169.254.170.23 ({{excerpt}}): a proxy or a name in between.",
    },
  },
  when: whenSign("agent-wrong-address"),
  needs: [],
  check(evidence, question) {
    const sign = signOf(evidence, "agent-wrong-address");
    if (sign === null) return pass();

    return fail("address", signData(sign), {
      manual: [
        {
          title: "Call the link-local address itself, and keep it out of proxies",
          command: listVariables(question, sign.containers[0]),
        },
      ],
    });
  },
});
