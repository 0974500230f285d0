import { defineRule, fail, pass } from "../core/rule.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";

export const stsRegionDisabled = defineRule({
  id: "sts-region-disabled",
  meta: {
    title: "STS is not active in the Region",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html",
      "https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html",
    ],
    unless: ["The Region is misspelt in the application's configuration."],
    messages: {
      disabled:
        "STS refuses container {{containers}} because the account has not activated it in the Region that is asked ({{excerpt}}).",
    },
  },
  when: whenSign("sts-region-disabled"),
  needs: [],

  check(evidence) {
    const sign = signOf(evidence, "sts-region-disabled");
    if (sign === null) return pass();

    return fail(
      "disabled",
      { ...signData(sign) },
      {
        manual: [
          {
            title: "Activate STS for the Region in the account settings of IAM, or opt in to the Region",
            command: "aws account list-regions --region-opt-status-contains DISABLED",
          },
        ],
      },
    );
  },
});
