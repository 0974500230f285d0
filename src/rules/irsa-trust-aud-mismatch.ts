import { whenRoleAnnotated } from "../core/conditions.ts";
import { trustPolicyFix } from "../core/fixes.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { describeCondition, irsaTrust, withChanged, withCondition } from "../core/trust-view.ts";

export const irsaTrustAudMismatch = defineRule({
  id: "irsa-trust-aud-mismatch",
  meta: {
    title: "The role's trust policy expects another audience",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
    ],
    unless: [
      "The trust policy does not ask for an audience: that is allowed.",
      "The provider does not accept the audience either, which STS looks at first: see oidc-audience-not-registered.",
    ],
    messages: {
      audience:
        "The trust policy of {{role}} requires {{key}} {{trusted}}, but the pods' tokens are made for audience {{actual}}.",
    },
  },
  when: whenRoleAnnotated,
  needs: ["k8s.workload", "eks.cluster", "iam.role", "iam.oidc-providers"],
  check(evidence, question) {
    const trust = irsaTrust(evidence);
    if (!trust.ok) return notApplicable(trust.error);
    const { role, explanation, nearest, issuer, audience } = trust.value;
    if (explanation.allowed) return pass();
    if (nearest === null) return notApplicable("no statement names the provider and the action");
    const key = `${issuer}:aud`;
    const condition = nearest.failedConditions.find(
      (failed) => failed.key.toLowerCase() === key.toLowerCase(),
    );
    if (condition === undefined) return pass();
    const providers = evidence["iam.oidc-providers"];
    const provider = providers.status === "found" ? providers.value.forCluster : null;
    if (provider?.clientIds.includes(audience) === false) {
      return notApplicable("the provider refuses the audience before any trust policy is looked at");
    }
    const data = {
      role: role.arn,
      key: condition.key,
      trusted: describeCondition(condition),
      actual: audience,
    };
    const document = /not/i.test(condition.operator)
      ? null
      : withChanged(role.trustPolicy, nearest.index, (statement) =>
          withCondition(statement, condition.operator, condition.key, () => [audience]),
        );
    const title = `Correct the audience in the trust policy of ${role.name}`;
    return fail("audience", data, trustPolicyFix(title, role, document, question));
  },
});
