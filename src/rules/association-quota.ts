import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";

export const associationQuota = defineRule({
  id: "association-quota",
  meta: {
    title: "The cluster has as many associations as it may have",
    stage: "endpoint",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html",
      "https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html",
    ],
    unless: [
      "The error is older than the containers that run now.",
      "Another quota is exceeded: the sentence names another call.",
    ],
    messages: {
      full: "Container {{containers}} could not create a Pod Identity association: EKS says that the cluster has reached its limit ({{excerpt}}). The quota of associations cannot be raised.",
    },
  },
  when: whenSign("association-limit"),
  needs: [],
  check(evidence, question) {
    const sign = signOf(evidence, "association-limit");
    if (sign === null) return pass();
    return fail("full", signData(sign), {
      manual: [
        {
          title:
            "Delete associations whose service accounts are gone, let workloads that need the same share a service account, or spread them over clusters",
          command: `aws eks list-pod-identity-associations --cluster-name ${shellWord(question.cluster)}`,
        },
      ],
    });
  },
});
