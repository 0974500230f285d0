import { setImage } from "../core/kubectl.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";

export const roleChainingLimit = defineRule({
  id: "role-chaining-limit",
  meta: {
    title: "The application asks for a longer session than STS gives",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining",
      "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
    ],
    unless: [
      "The call is denied and not refused for its duration: then the trust policy of the second role decides.",
    ],
    messages: {
      chained:
        "Container {{containers}} assumes a second role from its pod's role and asks for more than the one hour that STS gives in such a chain ({{excerpt}}).",
      maximum:
        "Container {{containers}} asks for a longer session than the role's MaxSessionDuration allows ({{excerpt}}).",
    },
  },
  when: whenSign("session-too-long"),
  needs: [],
  check(evidence, question) {
    const sign = signOf(evidence, "session-too-long");
    if (sign === null) return pass();
    const chained = /1 hour session limit|role chaining/i.test(sign.excerpt);
    const title = chained
      ? "Set the session duration of the application's AssumeRole call to 3600 seconds or less; no setting of the role raises this limit"
      : "Set the session duration of the application's AssumeRole call to the role's MaxSessionDuration or less";
    return fail(chained ? "chained" : "maximum", signData(sign), {
      manual: [{ title, command: setImage(question, sign.containers[0]) }],
    });
  },
});
