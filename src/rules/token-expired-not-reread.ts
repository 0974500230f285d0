import { restart } from "../core/kubectl.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";

export const tokenExpiredNotReread = defineRule({
  id: "token-expired-not-reread",
  meta: {
    title: "The SDK shows a service account token that has expired",
    stage: "token-and-agent",
    severity: "error",
    references: [
      "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#launch-a-pod-using-service-account-token-projection",
      "https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts-minimum-sdk.html",
    ],
    unless: ["The node's clock is wrong: see clock-skew."],
    messages: {
      expired:
        "The token that container {{containers}} shows has expired ({{excerpt}}). The kubelet renews the file before that, so the process read it once and keeps the old text.",
    },
  },
  when: whenSign("service-account-token-expired"),
  needs: [],

  check(evidence, question) {
    const sign = signOf(evidence, "service-account-token-expired");
    if (sign === null) return pass();

    return fail(
      "expired",
      { ...signData(sign) },
      {
        manual: [
          {
            title:
              "Update the SDK to a version that reads the file again; a restart helps until the token's next end",
            command: restart(question),
          },
        ],
      },
    );
  },
});
