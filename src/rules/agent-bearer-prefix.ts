import { setImage } from "../core/kubectl.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";

export const agentBearerPrefix = defineRule({
  id: "agent-bearer-prefix",
  meta: {
    title: "The application writes Bearer before its token",
    stage: "token-and-agent",
    severity: "error",
    references: [
      "https://github.com/aws/eks-pod-identity-agent",
      "https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html",
    ],
    unless: ["The token is too old: see token-expired-not-reread."],
    messages: {
      bearer:
        "The agent cannot parse the token that container {{containers}} sends ({{excerpt}}). It expects the bare text of the token file in the Authorization header; a client of the application's own puts something before it.",
    },
  },
  when: whenSign("agent-token-malformed"),
  needs: [],
  check(evidence, question) {
    const sign = signOf(evidence, "agent-token-malformed");
    if (sign === null) return pass();
    if (!/malformed|cannot be parsed/i.test(sign.excerpt))
      return notApplicable("the token is refused for what it says, not for its form");
    return fail("bearer", signData(sign), {
      manual: [
        {
          title: "Send the file's text alone, or use an SDK of AWS",
          command: setImage(question, sign.containers[0]),
        },
      ],
    });
  },
});
