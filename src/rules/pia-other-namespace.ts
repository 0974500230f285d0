import { associationRemedy, associationRemedyWants, unlessFixed } from "../core/association-remedy.ts";
import { callsWithout, misplacedIdentity, otherPlaces, whenIdentityMissed } from "../core/missed-identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { listed, serviceAccountOf } from "../core/subject.ts";

export const piaOtherNamespace = defineRule({
  id: "pia-other-namespace",
  meta: {
    title: "The Pod Identity association is for another namespace",
    stage: "identity-configuration",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html",
      "https://docs.aws.amazon.com/eks/latest/APIReference/API_PodIdentityAssociation.html",
    ],
    unless: [
      "The same name is used in several namespaces on purpose, and this one needs no AWS.",
      "The pods run as default, which every namespace has.",
      "Nothing in the logs shows that an identity is missed: many workloads never call AWS.",
    ],
    messages: {
      other:
        "Service account {{serviceAccount}} has no identity; cluster {{cluster}} has a Pod Identity association for the same name in {{others}} only. The namespace has to be equal as well.",
    },
  },
  when: whenIdentityMissed,
  needs: ["eks.associations-elsewhere"],
  wants: [...associationRemedyWants, ...otherPlaces("eks.associations-elsewhere")],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    if (workload.status === "absent") return notApplicable("there is no workload");
    const misplaced = misplacedIdentity(evidence, question);
    if (misplaced?.slip !== "association-in-other-namespace") return pass();
    const { associations } = misplaced;
    const [first] = associations;
    if (first === undefined) return pass();
    const data = {
      serviceAccount: serviceAccountOf(workload.value),
      cluster: question.cluster,
      others: listed(
        associations.map(({ namespace, associationId }) => `namespace ${namespace} (${associationId})`),
      ),
    };
    const remedy = associationRemedy(evidence, question, callsWithout(evidence));
    const compare = {
      title: `See which role the association of namespace ${first.namespace} gives, and whether ${question.namespace} should have it too`,
      command: `aws eks describe-pod-identity-association --cluster-name ${shellWord(question.cluster)} --association-id ${shellWord(first.associationId)}`,
    };
    return fail("other", data, unlessFixed(remedy, compare));
  },
});
