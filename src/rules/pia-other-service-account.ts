import { expectedIdentity } from "../core/identity.ts";
import { isMeantFor } from "../core/near-names.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import {
  credentialErrors,
  currentErrors,
  deniedCalls,
  listed,
  objectOf,
  serviceAccountOf,
} from "../core/subject.ts";

export const piaOtherServiceAccount = defineRule({
  id: "pia-other-service-account",
  meta: {
    title: "The Pod Identity association is for another service account",
    stage: "identity-configuration",
    severity: "error",
    references: ["https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html"],
    unless: [
      "The namespace has associations for other workloads, under names of their own.",
      "Names that differ only by a number (worker-1, worker-2) are taken for siblings, not for slips.",
      "Nothing in the logs shows that an identity is missed.",
    ],
    messages: {
      other:
        "{{object}} runs as service account {{serviceAccount}}, which has no identity; the Pod Identity association {{association}} of cluster {{cluster}} is for service account {{other}}. Names have to be equal.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.service-account", "eks.association", "logs.errors"],
    holds(evidence) {
      if (expectedIdentity(evidence)?.mechanism !== "none") return "the service account has an identity";
      const errors = currentErrors(evidence);
      return (
        credentialErrors(errors).length + deniedCalls(errors).length > 0 ||
        "nothing in the logs shows that an identity is missed"
      );
    },
  },
  needs: ["eks.associations"],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    const associations = evidence["eks.associations"];
    if (workload.status === "absent" || associations.status === "absent") {
      return notApplicable("there is no workload, or the namespace has no association");
    }
    const meant = associations.value.filter((other) => isMeantFor(other, workload.value));
    const [first] = meant;
    // Other associations of the namespace are other workloads' business.
    if (first === undefined) return pass();
    const object = objectOf(workload.value);
    const data = {
      object,
      serviceAccount: serviceAccountOf(workload.value),
      association: first.associationId,
      cluster: question.cluster,
      other: listed(meant.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`)),
    };
    return fail("other", data, {
      manual: [
        {
          title: `Where ${first.serviceAccount} is the right service account and exists: let ${object} run as it; its pods are then replaced`,
          command: `kubectl -n ${shellWord(question.namespace)} set serviceaccount ${shellWord(object)} ${shellWord(first.serviceAccount)}`,
        },
        {
          title: `Where ${workload.value.template.serviceAccountName} is the right one: create an association for it with the role of this one`,
          command: `aws eks describe-pod-identity-association --cluster-name ${shellWord(question.cluster)} --association-id ${shellWord(first.associationId)}`,
        },
      ],
    });
  },
});
