import { whenRoleAnnotated } from "../core/conditions.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { irsaTrust } from "../core/trust-view.ts";

/** Characters without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const defaultQuota = 2048;

/** What one more statement for a cluster takes, about. */
const statementSize = 400;

export const irsaTrustSizeLimit = defineRule({
  id: "irsa-trust-size-limit",
  meta: {
    title: "The role's trust policy has no room for another cluster",
    stage: "role-assumption",
    severity: "info",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/service-accounts.html",
    ],
    unless: ["The quota was raised."],
    messages: {
      full: "The trust policy of {{role}} has {{size}} characters of the 2,048 that are allowed by default, and does not name this cluster's OIDC provider: another statement may be refused.",
    },
  },
  when: whenRoleAnnotated,
  needs: ["k8s.workload", "eks.cluster", "iam.role"],
  check(evidence) {
    const trust = irsaTrust(evidence);
    if (!trust.ok) return notApplicable(trust.error);
    const { role, explanation } = trust.value;
    if (explanation.statements.some(({ principalMatches }) => principalMatches)) return pass();
    const size = JSON.stringify(role.trustPolicy).replace(/\s/g, "").length;
    if (size + statementSize <= defaultQuota) return pass();
    return fail(
      "full",
      { role: role.arn, size: String(size) },
      {
        manual: [
          {
            title:
              "Take clusters that are gone out of the trust policy, ask for a higher quota, or use EKS Pod Identity, whose one statement serves all clusters",
            command: `aws iam get-role --role-name ${shellWord(role.name)} --query Role.AssumeRolePolicyDocument`,
          },
        ],
      },
    );
  },
});
