import { whenRoleAnnotated } from "../core/conditions.ts";
import { createOidcProvider } from "../core/fixes.ts";
import { inClusterAccount, irsaRole, issuerOf, tokenAudience } from "../core/irsa.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";

export const oidcProviderMissing = defineRule({
  id: "oidc-provider-missing",
  meta: {
    title: "IAM does not know the cluster's OIDC issuer",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/enable-iam-roles-for-service-accounts.html",
    ],
    unless: [
      "The role is in another account: the provider has to be there, where it cannot be seen from here.",
      "The provider exists but lacks the audience: see oidc-audience-not-registered.",
    ],
    messages: {
      missing:
        "Account {{accountId}} has no IAM OIDC provider for {{issuer}}, the issuer of cluster {{cluster}}, so STS refuses every token that a pod shows for {{role}}.",
    },
  },
  when: whenRoleAnnotated,
  needs: ["eks.cluster", "iam.oidc-providers"],
  check(evidence, question) {
    const cluster = evidence["eks.cluster"];
    const providers = evidence["iam.oidc-providers"];
    const role = irsaRole(evidence);
    if (cluster.status === "absent" || role === null) return notApplicable("there is no cluster or no role");
    const issuer = issuerOf(cluster.value);
    if (issuer === null) return notApplicable("the cluster shows no OIDC issuer");
    if (!inClusterAccount(role, cluster.value))
      return notApplicable("the role is in another account, as its provider has to be");
    if (providers.status === "found" && providers.value.forCluster !== null) return pass();
    const { accountId } = cluster.value;
    const data = { accountId, issuer: `https://${issuer}`, cluster: question.cluster, role };
    const account = evidence["k8s.service-account"];
    const audience = account.status === "found" ? tokenAudience(account.value) : "sts.amazonaws.com";
    const create = createOidcProvider(cluster.value, audience);
    return fail("missing", data, create === null ? {} : { fix: [create] });
  },
});
