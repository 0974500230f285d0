import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { signData, signOf, whenSign } from "../core/sign-symptoms.ts";

export const associationDuplicate = defineRule({
  id: "association-duplicate",
  meta: {
    title: "The association that is to be created exists already",
    stage: "endpoint",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html",
      "https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdatePodIdentityAssociation.html",
    ],
    unless: [
      "The error is older than the containers that run now.",
      "It is the workload's own identity that fails: this is about what the workload manages.",
    ],
    messages: {
      exists:
        "Container {{containers}} tried to create a Pod Identity association for a service account that has one already ({{excerpt}}). A service account has one association, which can be given another role, but not another cluster, namespace or service account.",
    },
  },
  when: whenSign("association-exists"),
  needs: [],
  check(evidence, question) {
    const sign = signOf(evidence, "association-exists");
    if (sign === null) return pass();
    return fail("exists", signData(sign), {
      manual: [
        {
          title:
            "Let what creates it take over the association that is there (with its id), or update that one, or delete it first",
          command: `aws eks list-pod-identity-associations --cluster-name ${shellWord(question.cluster)}`,
        },
      ],
    });
  },
});
