import { whenRoleAnnotated } from "../core/conditions.ts";
import { trustPolicyFix } from "../core/fixes.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import {
  describeCondition,
  irsaTrust,
  isLiteralWildcard,
  isSubjectOf,
  withChanged,
  withCondition,
} from "../core/trust-view.ts";

export const irsaTrustWildcardWithStringequals = defineRule({
  id: "irsa-trust-wildcard-with-stringequals",
  meta: {
    title: "A wildcard in the role's trust policy is taken literally",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
    ],
    unless: ["The pattern would not match either: see irsa-trust-sub-mismatch."],
    messages: {
      literal:
        "The trust policy of {{role}} requires {{key}} {{trusted}}: {{operator}} takes the wildcard as a plain character, so it does not match {{actual}}.",
    },
  },
  when: whenRoleAnnotated,
  needs: ["k8s.workload", "eks.cluster", "iam.role"],
  check(evidence, question) {
    const trust = irsaTrust(evidence);
    if (!trust.ok) return notApplicable(trust.error);
    const { role, explanation, nearest, issuer, subject } = trust.value;
    if (explanation.allowed) return pass();
    if (nearest === null) return notApplicable("no statement names the provider and the action");
    const condition = nearest.failedConditions.find(
      (failed) => isSubjectOf(failed.key, issuer) && isLiteralWildcard(failed, subject),
    );
    if (condition === undefined) return pass();
    const { operator, key } = condition;
    const data = { role: role.arn, key, trusted: describeCondition(condition), operator, actual: subject };
    const document = withChanged(role.trustPolicy, nearest.index, (statement) =>
      withCondition(statement, operator, key, (present) => [...present, subject]),
    );
    const title = `Name ${subject} in the trust policy of ${role.name}, or use StringLike where every match of the wildcard may have the role`;
    return fail("literal", data, trustPolicyFix(title, role, document, question));
  },
});
