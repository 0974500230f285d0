import { whenAssociated } from "../core/conditions.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";

export const piRoleDeleted = defineRule({
  id: "pi-role-deleted",
  meta: {
    title: "The role of the Pod Identity association does not exist",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html",
      "https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdatePodIdentityAssociation.html",
    ],
    unless: ["The role exists but cannot be assumed: the pi-trust rules."],
    messages: {
      deleted:
        "Pod Identity association {{association}} gives service account {{serviceAccount}} the role {{role}}, which does not exist.",
    },
  },
  when: whenAssociated,
  needs: ["iam.role"],
  check(evidence) {
    const association = evidence["eks.association"];
    if (association.status === "absent") return notApplicable("the service account has no association");
    if (evidence["iam.role"].status === "found") return pass();
    const { associationId, namespace, serviceAccount, roleArn, cluster } = association.value;
    const where = `--cluster-name ${shellWord(cluster)} --association-id ${shellWord(associationId)}`;
    return fail(
      "deleted",
      { association: associationId, serviceAccount: `${namespace}/${serviceAccount}`, role: roleArn },
      {
        manual: [
          {
            title: "Create the role again under its name, or give the association another one",
            command: `aws eks describe-pod-identity-association ${where}`,
          },
        ],
      },
    );
  },
});
