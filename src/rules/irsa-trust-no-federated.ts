import { whenRoleAnnotated } from "../core/conditions.ts";
import { trustPolicyFix } from "../core/fixes.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { irsaTrust, principalsOf, withStatement } from "../core/trust-view.ts";

export const irsaTrustNoFederated = defineRule({
  id: "irsa-trust-no-federated",
  meta: {
    title: "The role's trust policy does not name the cluster's OIDC provider",
    stage: "role-assumption",
    severity: "error",
    aliases: ["oidc-provider-stale-issuer"],
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
    ],
    unless: [
      "A statement names the provider, but with another action, subject or audience: the other irsa-trust rules.",
      "A Deny in the trust policy decides.",
    ],
    messages: {
      unnamed:
        "The trust policy of {{role}} lets in {{trusted}}, but not {{provider}}, the OIDC provider of cluster {{cluster}}.",
      otherIssuer:
        "The trust policy of {{role}} lets in {{stale}}, but the issuer of cluster {{cluster}} is {{issuer}}: it was written for another cluster, or for this one before it was made again.",
    },
  },
  when: whenRoleAnnotated,
  needs: ["k8s.workload", "eks.cluster", "iam.role"],
  check(evidence, question) {
    const trust = irsaTrust(evidence);
    if (!trust.ok) return notApplicable(trust.error);
    const { role, explanation, providerArn, issuer, subject, audience } = trust.value;
    if (explanation.allowed) return pass();
    if (explanation.statements.some(({ principalMatches }) => principalMatches)) {
      return notApplicable("the trust policy names the provider");
    }
    const trusted = principalsOf(role.trustPolicy);
    const stale = trusted.filter((principal) => isOtherCluster(principal, providerArn));
    const data = {
      role: role.arn,
      trusted: trusted.length === 0 ? "nobody" : trusted.join(", "),
      provider: providerArn,
      cluster: evidence["eks.cluster"].status === "found" ? evidence["eks.cluster"].value.name : "",
    };
    const document = withStatement(role.trustPolicy, {
      Effect: "Allow",
      Principal: { Federated: providerArn },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: { StringEquals: { [`${issuer}:aud`]: audience, [`${issuer}:sub`]: subject } },
    });
    const title = `Add a statement for ${subject} to the trust policy of ${role.name}`;
    const remedy = trustPolicyFix(title, role, document, question);
    if (stale.length === 0) return fail("unnamed", data, remedy);
    const { cluster } = data;
    return fail("otherIssuer", { role: role.arn, stale: stale.join(", "), cluster, issuer }, remedy);
  },
});

/** A provider of EKS in the same account and Region, with another cluster's id: `…/oidc.eks.REGION.amazonaws.com/id/ID`. */
function isOtherCluster(principal: string, providerArn: string): boolean {
  const withoutId = (arn: string) => arn.slice(0, arn.lastIndexOf("/") + 1);
  return principal !== providerArn && withoutId(principal) === withoutId(providerArn);
}
