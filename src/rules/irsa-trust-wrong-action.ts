import { whenRoleAnnotated } from "../core/conditions.ts";
import { trustPolicyFix } from "../core/fixes.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { irsaTrust, withChanged } from "../core/trust-view.ts";

export const irsaTrustWrongAction = defineRule({
  id: "irsa-trust-wrong-action",
  meta: {
    title: "The role's trust policy allows another action than AssumeRoleWithWebIdentity",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html",
      "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html",
    ],
    unless: [
      "No statement names the provider: see irsa-trust-no-federated.",
      "The action is covered by a wildcard.",
    ],
    messages: {
      action:
        "The trust policy of {{role}} allows {{provider}} the action {{actions}}; a pod's token is used with sts:AssumeRoleWithWebIdentity, which it does not allow.",
    },
  },
  when: whenRoleAnnotated,
  needs: ["k8s.workload", "eks.cluster", "iam.role"],
  check(evidence, question) {
    const trust = irsaTrust(evidence);
    if (!trust.ok) return notApplicable(trust.error);
    const { role, explanation, providerArn } = trust.value;
    if (explanation.allowed) return pass();
    const named = explanation.statements.filter(({ principalMatches }) => principalMatches);
    const [first] = named;
    if (first === undefined) return notApplicable("the trust policy does not name the provider");
    if (named.some(({ actionMatches }) => actionMatches)) return notApplicable("the action is allowed");
    const data = {
      role: role.arn,
      provider: providerArn,
      actions: named.flatMap(({ actions }) => actions).join(", "),
    };
    const document = withChanged(role.trustPolicy, first.index, (statement) => ({
      ...statement,
      Action: "sts:AssumeRoleWithWebIdentity",
    }));
    const title = `Correct the action in the trust policy of ${role.name}`;
    return fail("action", data, trustPolicyFix(title, role, document, question));
  },
});
