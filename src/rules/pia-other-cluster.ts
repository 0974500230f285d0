import { associationRemedy, associationRemedyWants, unlessFixed } from "../core/association-remedy.ts";
import { callsWithout, misplacedIdentity, otherPlaces, whenIdentityMissed } from "../core/missed-identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { listed, serviceAccountOf } from "../core/subject.ts";

export const piaOtherCluster = defineRule({
  id: "pia-other-cluster",
  meta: {
    title: "The Pod Identity association is in another cluster",
    stage: "identity-configuration",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html",
      "https://docs.aws.amazon.com/eks/latest/APIReference/API_PodIdentityAssociation.html",
    ],
    unless: [
      "The workload runs in both clusters and uses AWS only in the other one.",
      "The pods run as default, which every cluster has.",
      "Nothing in the logs shows that an identity is missed: many workloads never call AWS.",
    ],
    messages: {
      other:
        "Service account {{serviceAccount}} has no identity in cluster {{cluster}}; its Pod Identity association is in {{others}} only, and an association holds for one cluster.",
    },
  },
  when: whenIdentityMissed,
  needs: ["eks.associations-elsewhere"],
  wants: [...associationRemedyWants, ...otherPlaces("eks.associations-elsewhere")],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    if (workload.status === "absent") return notApplicable("there is no workload");
    const misplaced = misplacedIdentity(evidence, question);
    if (misplaced?.slip !== "association-in-other-cluster") return pass();
    const { associations } = misplaced;
    const [first] = associations;
    if (first === undefined) return pass();
    const data = {
      serviceAccount: serviceAccountOf(workload.value),
      cluster: question.cluster,
      others: listed(
        associations.map(({ cluster, associationId }) => `cluster ${cluster} (${associationId})`),
      ),
    };
    const remedy = associationRemedy(evidence, question, callsWithout(evidence));
    const compare = {
      title: `See which role the association in cluster ${first.cluster} gives, and whether it may be used here too`,
      command: `aws eks describe-pod-identity-association --cluster-name ${shellWord(first.cluster)} --association-id ${shellWord(first.associationId)}`,
    };
    return fail("other", data, unlessFixed(remedy, compare));
  },
});
