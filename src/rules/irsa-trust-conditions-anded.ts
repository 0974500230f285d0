import { whenRoleAnnotated } from "../core/conditions.ts";
import { trustStep } from "../core/iam-steps.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { describeCondition, irsaTrust, isSubjectOf } from "../core/trust-view.ts";

export const irsaTrustConditionsAnded = defineRule({
  id: "irsa-trust-conditions-anded",
  meta: {
    title: "The role's trust policy asks for more than the token shows",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html",
    ],
    unless: ["Subject or audience differ: see irsa-trust-sub-mismatch and irsa-trust-aud-mismatch."],
    messages: {
      anded:
        "The trust policy of {{role}} names {{subject}}, but the same statement also requires {{key}} {{trusted}}, which the tokens of this cluster cannot meet: all conditions of a statement have to hold at once.",
    },
  },
  when: whenRoleAnnotated,
  needs: ["k8s.workload", "eks.cluster", "iam.role"],
  check(evidence) {
    const trust = irsaTrust(evidence);
    if (!trust.ok) return notApplicable(trust.error);
    const { role, explanation, nearest, issuer, subject } = trust.value;
    if (explanation.allowed) return pass();
    if (nearest === null) return notApplicable("no statement names the provider and the action");
    const failed = nearest.failedConditions;
    const ofToken = (key: string) => /:(?:sub|aud)$/i.test(key);
    if (
      failed.some(
        ({ key }) => isSubjectOf(key, issuer) || key.toLowerCase() === `${issuer}:aud`.toLowerCase(),
      )
    ) {
      return notApplicable("the subject or the audience itself does not match");
    }
    const other = failed.find(({ key }) => !ofToken(key));
    // A subject under another issuer's key is the complaint of the rule about subjects.
    if (other === undefined) return pass();
    return fail(
      "anded",
      { role: role.arn, subject, key: other.key, trusted: describeCondition(other) },
      {
        manual: [
          trustStep(
            `Give each cluster or caller a statement of its own in the trust policy of ${role.name}: statements are alternatives, conditions within one are not`,
            role.name,
            null,
          ),
        ],
      },
    );
  },
});
