import { associationRemedy, associationRemedyWants } from "../core/association-remedy.ts";
import type { Absent, AssociationRef, Evidence, Found, Question, WorkloadFacts } from "../core/evidence.ts";
import { type Remedy, runAs } from "../core/fixes.ts";
import { known } from "../core/identity.ts";
import { callsWithout, misplacedIdentity, otherPlaces, whenIdentityMissed } from "../core/missed-identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { listed, objectOf, serviceAccountOf } from "../core/subject.ts";

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
  when: whenIdentityMissed,
  needs: ["eks.associations"],
  wants: [...associationRemedyWants, ...otherPlaces("eks.associations")],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    if (workload.status === "absent") return notApplicable("there is no workload");
    const misplaced = misplacedIdentity(evidence, question);
    // Other associations of the namespace are other workloads' business.
    if (misplaced?.slip !== "association-for-other-account") return pass();
    const { associations } = misplaced;
    const data = {
      object: objectOf(workload.value),
      serviceAccount: serviceAccountOf(workload.value),
      association: listed(associations.map(({ associationId }) => associationId)),
      cluster: question.cluster,
      other: listed(associations.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`)),
    };
    return fail("other", data, remedyFor(evidence, workload, question, associations));
  },
});

/**
 * The service account that the workload runs as is kept where it is its own, and gets an association; a workload that
 * names none runs as the one that has it. Which of two names was meant, only a person can say, so both are told.
 */
function remedyFor(
  evidence: Evidence & { readonly "k8s.workload": Found<WorkloadFacts> | Absent },
  workload: Found<WorkloadFacts>,
  question: Question,
  associations: readonly AssociationRef[],
): Remedy {
  const own = workload.value.template.serviceAccountName;
  const [first, ...more] = associations;
  if (first === undefined) return {};
  const object = objectOf(workload.value);
  const exists = known(evidence["k8s.service-accounts"])?.some(({ name }) => name === first.serviceAccount);
  if (own === "default" && exists === true && more.length === 0) {
    return runAs(workload, first.serviceAccount, question);
  }
  const runAsOther = {
    title: `Where ${first.serviceAccount} is the right service account and exists: let ${object} run as it; its pods are then replaced`,
    command: `kubectl -n ${shellWord(question.namespace)} set serviceaccount ${shellWord(object)} ${shellWord(first.serviceAccount)}`,
  };
  const remedy = associationRemedy(evidence, question, callsWithout(evidence));
  if (remedy.fix !== undefined) return { fix: remedy.fix, manual: [...(remedy.manual ?? []), runAsOther] };
  return {
    manual: [
      runAsOther,
      {
        title: `Where ${own} is the right one: create an association for it with the role of this one`,
        command: `aws eks describe-pod-identity-association --cluster-name ${shellWord(question.cluster)} --association-id ${shellWord(first.associationId)}`,
      },
    ],
  };
}
