import { setImage } from "../core/kubectl.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";

export const stsModuleMissing = defineRule({
  id: "sts-module-missing",
  meta: {
    title: "The application lacks the SDK module that exchanges its token at STS",
    stage: "credential-selection",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts-minimum-sdk.html",
      "https://docs.aws.amazon.com/sdk-for-java/latest/developer-guide/credentials-chain.html",
    ],
    unless: [
      "The name of the module in a stack trace is no sign by itself.",
      "Pod Identity needs no such module.",
    ],
    messages: {
      missing:
        "The SDK in container {{containers}} cannot use web identity, because the module for STS is not among the application's dependencies ({{excerpt}}).",
    },
  },
  when: whenSign("sts-module-missing"),
  needs: [],
  check(evidence, question) {
    const sign = signOf(evidence, "sts-module-missing");
    if (sign === null) return pass();
    return fail("missing", signData(sign), {
      manual: [
        {
          title:
            "Add the module to the application's dependencies and build the image again: software.amazon.awssdk:sts (Java 2), com.amazonaws:aws-java-sdk-sts (Java 1) or AWSSDK.SecurityToken (.NET)",
          command: setImage(question, sign.containers[0]),
        },
      ],
    });
  },
});
