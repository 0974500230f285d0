import { whenAssociated } from "../core/conditions.ts";
import { trustPolicyFix } from "../core/fixes.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { podIdentityService, podIdentityTrust, principalsOf, withStatement } from "../core/trust-view.ts";

export const piTrustMissingPrincipal = defineRule({
  id: "pi-trust-missing-principal",
  meta: {
    title: "The role's trust policy does not let EKS Pod Identity in",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html",
    ],
    unless: [
      "The service is named but lacks an action: see pi-trust-missing-tagsession.",
      "A condition refuses: see pi-trust-condition-mismatch.",
    ],
    messages: {
      unnamed:
        "The trust policy of {{role}} lets in {{trusted}}, but not pods.eks.amazonaws.com, so EKS cannot assume the role for pods.",
    },
  },
  when: whenAssociated,
  needs: ["eks.cluster", "iam.role"],
  check(evidence, question) {
    const trust = podIdentityTrust(evidence);
    if (!trust.ok) return notApplicable(trust.error);
    const { role, names } = trust.value;
    if (names) return pass();
    const trusted = principalsOf(role.trustPolicy);
    const data = { role: role.arn, trusted: trusted.length === 0 ? "nobody" : trusted.join(", ") };
    const document = withStatement(role.trustPolicy, {
      Effect: "Allow",
      Principal: { Service: podIdentityService },
      Action: ["sts:AssumeRole", "sts:TagSession"],
    });
    const title = `Add EKS Pod Identity to the trust policy of ${role.name}`;
    return fail("unnamed", data, trustPolicyFix(title, role, document, question));
  },
});
