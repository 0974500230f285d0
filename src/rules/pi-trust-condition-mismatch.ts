import { whenAssociated } from "../core/conditions.ts";
import { trustPolicyFix } from "../core/fixes.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { describeCondition, podIdentityTrust, withChanged, withCondition } from "../core/trust-view.ts";

export const piTrustConditionMismatch = defineRule({
  id: "pi-trust-condition-mismatch",
  meta: {
    title: "A condition in the role's trust policy keeps EKS Pod Identity out",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html",
    ],
    unless: [
      "The failing condition depends on what only STS knows at the time of the call, such as an organization's id.",
      "An action is missing: see pi-trust-missing-tagsession.",
    ],
    messages: {
      condition:
        "The trust policy of {{role}} requires {{key}} {{trusted}}, but EKS assumes it with {{actual}}.",
      tagsDisabled:
        "The trust policy of {{role}} requires {{key}} {{trusted}}, but session tags are disabled on association {{association}}, so EKS sends no such tag.",
    },
  },
  when: whenAssociated,
  needs: ["eks.cluster", "iam.role", "k8s.pods"],
  check(evidence, question) {
    const trust = podIdentityTrust(evidence);
    if (!trust.ok) return notApplicable(trust.error);
    const association = evidence["eks.association"];
    const { role, refusing } = trust.value;
    if (association.status === "absent") return notApplicable("there is no association");
    if (refusing === null) return pass();
    // Keys that only STS knows at the time of the call (an organization's id, a source address) cannot be judged here.
    const failed = refusing.failedConditions.find(
      ({ key, actual }) => actual !== null || /^aws:requesttag\//i.test(key),
    );
    if (failed === undefined) return notApplicable("the failing conditions cannot be judged from here");
    const { operator, key, actual } = failed;
    const facts = { role: role.arn, key, trusted: describeCondition(failed) };
    const { associationId, cluster, disableSessionTags } = association.value;
    if (actual === null && disableSessionTags) {
      return fail(
        "tagsDisabled",
        { ...facts, association: associationId },
        {
          manual: [
            {
              title: "Enable session tags on the association, or take the condition out of the trust policy",
              command: `aws eks update-pod-identity-association --cluster-name ${shellWord(cluster)} --association-id ${shellWord(associationId)} --no-disable-session-tags`,
            },
          ],
        },
      );
    }
    const document =
      actual === null || /not|null/i.test(operator)
        ? null
        : withChanged(role.trustPolicy, refusing.index, (statement) =>
            withCondition(statement, operator, key, (present) => [...present, ...actual]),
          );
    const title = `Let the condition in the trust policy of ${role.name} hold; take the old value out where nobody uses it any more`;
    return fail(
      "condition",
      { ...facts, actual: actual === null ? "no such tag" : actual.join(", ") },
      trustPolicyFix(title, role, document, question),
    );
  },
});
