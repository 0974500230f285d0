import { whenAssociated } from "../core/conditions.ts";
import { trustPolicyFix } from "../core/fixes.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { podIdentityService, podIdentityTrust, withStatement } from "../core/trust-view.ts";

export const piTrustMissingTagsession = defineRule({
  id: "pi-trust-missing-tagsession",
  meta: {
    title: "The role's trust policy lacks an action that EKS Pod Identity needs",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html",
    ],
    unless: [
      "Session tags are disabled on the association: then sts:AssumeRole is enough.",
      "The service is not named at all: see pi-trust-missing-principal.",
    ],
    messages: {
      lacking:
        "The trust policy of {{role}} names pods.eks.amazonaws.com but does not allow it {{actions}}, so EKS cannot assume the role for pods.",
    },
  },
  when: whenAssociated,
  needs: ["eks.cluster", "iam.role"],
  check(evidence, question) {
    const trust = podIdentityTrust(evidence);
    if (!trust.ok) return notApplicable(trust.error);
    const { role, names, lackingActions } = trust.value;
    if (!names) return notApplicable("the trust policy does not name EKS Pod Identity");
    if (lackingActions.length === 0) return pass();
    const data = { role: role.arn, actions: lackingActions.join(" and ") };
    const document = withStatement(role.trustPolicy, {
      Effect: "Allow",
      Principal: { Service: podIdentityService },
      Action: lackingActions,
    });
    const title = `Allow EKS Pod Identity ${data.actions} in the trust policy of ${role.name}`;
    return fail("lacking", data, trustPolicyFix(title, role, document, question));
  },
});
