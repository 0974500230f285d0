import { whenRoleAnnotated } from "../core/conditions.ts";
import { defineRule, fail, pass } from "../core/rule.ts";

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const defaultQuota = 100;

export const oidcProviderQuota = defineRule({
  id: "oidc-provider-quota",
  meta: {
    title: "The account has as many OIDC providers as it may have by default",
    stage: "role-assumption",
    severity: "info",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
      "https://docs.aws.amazon.com/eks/latest/best-practices/known_limits_and_service_quotas.html",
    ],
    unless: ["The quota was raised: then another provider can be created."],
    messages: {
      full: "The account has {{count}} IAM OIDC providers, and none for this cluster. By default 100 are allowed, so creating another may be refused.",
    },
  },
  when: whenRoleAnnotated,
  needs: ["iam.oidc-providers"],
  check(evidence) {
    const providers = evidence["iam.oidc-providers"];
    if (providers.status === "absent" || providers.value.forCluster !== null) return pass();
    const count = providers.value.arns.length;
    if (count < defaultQuota) return pass();
    return fail(
      "full",
      { count: String(count) },
      {
        manual: [
          {
            title:
              "Delete providers of clusters that are gone, ask for a higher quota, or use EKS Pod Identity, which needs none",
            command: "aws iam list-open-id-connect-providers",
          },
        ],
      },
    );
  },
});
