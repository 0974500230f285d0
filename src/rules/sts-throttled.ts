import { startOneByOne } from "../core/kubectl.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";

export const stsThrottled = defineRule({
  id: "sts-throttled",
  meta: {
    title: "STS throttles the requests for credentials",
    stage: "role-assumption",
    severity: "warning",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
      "https://docs.aws.amazon.com/eks/latest/best-practices/known_limits_and_service_quotas.html",
    ],
    unless: ["Other calls than STS's are throttled: see throttling-not-denial."],
    messages: {
      throttled:
        "STS slows down container {{containers}} ({{excerpt}}): too many sessions are asked for at once in this account and Region, often when many pods start together.",
    },
  },
  when: whenSign("sts-throttled"),
  needs: [],

  check(evidence, question) {
    const sign = signOf(evidence, "sts-throttled");
    if (sign === null) return pass();

    return fail(
      "throttled",
      { ...signData(sign) },
      {
        manual: [
          {
            title:
              "Start pods in smaller steps, let one process share its session, or use EKS Pod Identity, whose agent asks once a pod",
            command: startOneByOne(question),
          },
        ],
      },
    );
  },
});
