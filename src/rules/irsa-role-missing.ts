import { whenRoleAnnotated } from "../core/conditions.ts";
import { inClusterAccount, irsaRole } from "../core/irsa.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";

export const irsaRoleMissing = defineRule({
  id: "irsa-role-missing",
  meta: {
    title: "The role of the service account's annotation does not exist",
    stage: "role-assumption",
    severity: "error",
    references: ["https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html"],
    unless: [
      "The role belongs to another account and cannot be seen from here.",
      "The annotation is no ARN at all: see irsa-arn-malformed.",
    ],
    messages: {
      missing:
        "Service account {{serviceAccount}} is annotated with {{role}}, but account {{accountId}} has no such role; STS says only that AssumeRoleWithWebIdentity is not authorized.",
    },
  },
  when: whenRoleAnnotated,
  needs: ["eks.cluster", "iam.role"],
  check(evidence, question) {
    const cluster = evidence["eks.cluster"];
    const account = evidence["k8s.service-account"];
    const role = irsaRole(evidence);
    if (cluster.status === "absent" || account.status === "absent" || role === null) {
      return notApplicable("there is no cluster, no service account or no role");
    }
    if (!inClusterAccount(role, cluster.value)) return notApplicable("the role is in another account");
    if (evidence["iam.role"].status === "found") return pass();
    const name = account.value.name;
    const serviceAccount = `${question.namespace}/${name}`;
    return fail(
      "missing",
      { serviceAccount, role, accountId: cluster.value.accountId },
      {
        manual: [
          {
            title:
              "Create the role, or annotate the service account with the right one and restart the workload",
            command: `kubectl -n ${shellWord(question.namespace)} get serviceaccount ${shellWord(name)} -o yaml`,
          },
        ],
      },
    );
  },
});
