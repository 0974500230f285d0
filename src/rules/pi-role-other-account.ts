import { whenAssociated } from "../core/conditions.ts";
import { roleOfArn } from "../core/iam/arn.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";

export const piRoleOtherAccount = defineRule({
  id: "pi-role-other-account",
  meta: {
    title: "The association's role is in another account than the cluster",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html",
      "https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html",
    ],
    unless: [
      "The role of another account is the target role: then its trust policy counts, see pi-target-role-trust.",
    ],
    messages: {
      foreign:
        "Association {{association}} names {{role}}, but cluster {{cluster}} is in account {{account}}: an association's own role has to be in the cluster's account. A role elsewhere is reached as the target role.",
    },
  },
  when: whenAssociated,
  needs: ["eks.cluster"],
  check(evidence, question) {
    const association = evidence["eks.association"];
    const cluster = evidence["eks.cluster"];
    if (association.status === "absent" || cluster.status === "absent") {
      return notApplicable("there is no association or no cluster");
    }
    const { roleArn, associationId } = association.value;
    const { accountId } = cluster.value;
    const owner = roleOfArn(roleArn)?.accountId;
    if (owner === undefined || owner === accountId) return pass();
    return fail(
      "foreign",
      { association: associationId, role: roleArn, cluster: question.cluster, account: accountId },
      {
        manual: [
          {
            title: `Give the association a role of account ${accountId}, and this role as its target`,
            command: `aws eks update-pod-identity-association --cluster-name ${shellWord(question.cluster)} --association-id ${shellWord(associationId)} --role-arn ${shellWord("<role ARN>")} --target-role-arn ${shellWord(roleArn)}`,
          },
        ],
      },
    );
  },
});
