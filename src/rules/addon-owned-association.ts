import { known } from "../core/identity.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { currentErrors, serviceAccountOf } from "../core/subject.ts";

export const addonOwnedAssociation = defineRule({
  id: "addon-owned-association",
  meta: {
    title: "The association belongs to an add-on",
    stage: "identity-configuration",
    severity: "info",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/add-ons-iam.html",
      "https://docs.aws.amazon.com/eks/latest/APIReference/API_PodIdentityAssociation.html",
    ],
    unless: ["It is never the cause: this is information for whoever changes the association."],
    messages: {
      owned:
        "Association {{association}} of service account {{serviceAccount}} belongs to add-on {{addon}}: a change made to it directly is overwritten by the add-on's next update, and deleting the add-on deletes it.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "eks.association", "logs.errors"],
    holds(evidence) {
      if ((known(evidence["eks.association"])?.ownerArn ?? null) === null)
        return "no add-on owns an association";
      return currentErrors(evidence).length > 0 || "nothing fails that a change would mend";
    },
  },
  needs: [],
  check(evidence, question) {
    const association = known(evidence["eks.association"]);
    const workload = evidence["k8s.workload"];
    const ownerArn = association?.ownerArn ?? null;
    if (association === null || ownerArn === null || workload.status === "absent") return pass();
    const { associationId, serviceAccount, roleArn } = association;
    const addon = ownerArn.split("/")[2] ?? ownerArn;
    const given = `serviceAccount=${serviceAccount},roleArn=${roleArn}`;
    return fail(
      "owned",
      { association: associationId, serviceAccount: serviceAccountOf(workload.value), addon },
      {
        manual: [
          {
            title: "Change the association through its add-on, with all associations that it should have",
            command: `aws eks update-addon --cluster-name ${shellWord(question.cluster)} --addon-name ${shellWord(addon)} --pod-identity-associations ${shellWord(given)}`,
          },
        ],
      },
    );
  },
});
