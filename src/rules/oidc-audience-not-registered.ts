import { whenRoleAnnotated } from "../core/conditions.ts";
import { registerAudience } from "../core/fixes.ts";
import { inClusterAccount, irsaRole, tokenAudience } from "../core/irsa.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";

export const oidcAudienceNotRegistered = defineRule({
  id: "oidc-audience-not-registered",
  meta: {
    title: "The OIDC provider does not accept the tokens' audience",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/enable-iam-roles-for-service-accounts.html",
      "https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html",
    ],
    unless: [
      "There is no provider for the issuer at all: see oidc-provider-missing.",
      "The provider accepts the audience but the role does not: see irsa-trust-aud-mismatch.",
    ],
    messages: {
      unregistered:
        "The pods' tokens for {{role}} are made for audience {{audience}}, but the IAM OIDC provider {{provider}} accepts only {{clientIds}}.",
    },
  },
  when: whenRoleAnnotated,
  needs: ["eks.cluster", "iam.oidc-providers"],
  check(evidence, question) {
    const cluster = evidence["eks.cluster"];
    const providers = evidence["iam.oidc-providers"];
    const account = evidence["k8s.service-account"];
    const role = irsaRole(evidence);
    if (cluster.status === "absent" || account.status === "absent" || role === null) {
      return notApplicable("there is no cluster, no service account or no role");
    }
    if (!inClusterAccount(role, cluster.value))
      return notApplicable("the role is in another account, as its provider has to be");
    if (providers.status === "absent" || providers.value.forCluster === null) {
      return notApplicable("there is no provider for the cluster's issuer");
    }
    const { arn, clientIds } = providers.value.forCluster;
    const audience = tokenAudience(account.value);
    if (clientIds.includes(audience)) return pass();
    const data = {
      role,
      audience,
      provider: arn,
      clientIds: clientIds.length === 0 ? "no audience at all" : clientIds.join(", "),
    };
    return fail("unregistered", data, {
      fix: [registerAudience(providers.value.forCluster, audience, question)],
    });
  },
});
