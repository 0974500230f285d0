import { restart } from "../core/kubectl.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";

export const sessionExpiredNotRefreshed = defineRule({
  id: "session-expired-not-refreshed",
  meta: {
    title: "The application goes on with a session that has expired",
    stage: "credential-selection",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_use-resources.html",
      "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
    ],
    unless: ["The keys are set by hand, with a session token: see static-keys-override."],
    messages: {
      expired:
        "Container {{containers}} signs with a session that has expired ({{excerpt}}). The SDK renews sessions by itself, so the application must have copied the keys once and kept them.",
    },
  },
  when: whenSign("session-expired"),
  needs: [],

  check(evidence, question) {
    const sign = signOf(evidence, "session-expired");
    if (sign === null) return pass();
    if (signOf(evidence, "service-account-token-expired") !== null) {
      return notApplicable("the service account token is what has expired");
    }
    return fail(
      "expired",
      { ...signData(sign) },
      {
        manual: [
          {
            title:
              "Let the application ask the SDK's credential provider each time instead of keeping keys; a restart helps until the next session ends",
            command: restart(question),
          },
        ],
      },
    );
  },
});
