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
  withStatement,
} from "../core/trust-view.ts";

export const irsaTrustSubMismatch = defineRule({
  id: "irsa-trust-sub-mismatch",
  meta: {
    title: "The role's trust policy names another service account",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html",
    ],
    unless: [
      "The value holds a wildcard under an operator that takes it literally: see irsa-trust-wildcard-with-stringequals.",
      "Provider or action are wrong already.",
      "Another statement lets the pods in.",
    ],
    messages: {
      subject:
        "The trust policy of {{role}} requires {{key}} {{trusted}}, but the pods' tokens carry {{actual}}.",
      otherIssuer:
        "The trust policy of {{role}} requires {{key}} {{trusted}}, but the pods' tokens come from {{issuer}}, so the key they carry is {{issuer}}:sub ({{actual}}).",
    },
  },
  when: whenRoleAnnotated,
  needs: ["k8s.workload", "eks.cluster", "iam.role"],
  check(evidence, question) {
    const trust = irsaTrust(evidence);
    if (!trust.ok) return notApplicable(trust.error);
    const { role, explanation, nearest, issuer, subject, audience, providerArn } = trust.value;
    if (explanation.allowed) return pass();
    if (nearest === null) return notApplicable("no statement names the provider and the action");
    const own = nearest.failedConditions.find(({ key }) => isSubjectOf(key, issuer));
    const foreign = nearest.failedConditions.find(
      ({ key }) => key.toLowerCase().endsWith(":sub") && !isSubjectOf(key, issuer),
    );
    const condition = own ?? foreign;
    if (condition === undefined) return pass();
    if (isLiteralWildcard(condition, subject)) {
      return notApplicable("the subject would match if its wildcard were one");
    }
    const facts = {
      role: role.arn,
      key: condition.key,
      trusted: describeCondition(condition),
      actual: subject,
    };
    const title = `Let the trust policy of ${role.name} name ${subject}; take the old subject out where nobody uses it any more`;
    if (condition === own) {
      // A negated operator refuses on purpose: only a person can say what it should be.
      const document = /not/i.test(condition.operator)
        ? null
        : withChanged(role.trustPolicy, nearest.index, (statement) =>
            withCondition(statement, condition.operator, condition.key, (present) => [...present, subject]),
          );
      return fail("subject", facts, trustPolicyFix(title, role, document, question));
    }
    // The condition may be another cluster's by right: this one gets a statement of its own.
    const document = withStatement(role.trustPolicy, {
      Effect: "Allow",
      Principal: { Federated: providerArn },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: { StringEquals: { [`${issuer}:aud`]: audience, [`${issuer}:sub`]: subject } },
    });
    return fail("otherIssuer", { ...facts, issuer }, trustPolicyFix(title, role, document, question));
  },
});
