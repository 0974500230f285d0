import { evaluate } from "../core/iam/evaluate.ts";
import { parsePolicy } from "../core/iam/policy.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { whenSign } from "../core/sign-symptoms.ts";
import { podIdentityService, podIdentityTrust } from "../core/trust-view.ts";

export const piScpOnTrust = defineRule({
  id: "pi-scp-on-trust",
  meta: {
    title: "A resource control policy keeps EKS Pod Identity from the role",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html",
    ],
    unless: ["The trust policy refuses: see pi-trust-missing-principal."],
    messages: {
      denied:
        "The trust policy of {{role}} lets EKS Pod Identity in, but EKS cannot assume it: resource control policy {{policy}} above account {{account}} denies {{action}} without exempting AWS services.",
    },
  },
  when: whenSign("agent-role-not-assumable"),
  andWhen: {
    needs: ["eks.association", "eks.cluster", "iam.role"],
    holds(evidence) {
      const trust = podIdentityTrust(evidence);
      if (!trust.ok) return trust.error;
      const { names, lackingActions, refusing } = trust.value;
      return (
        (names && lackingActions.length === 0 && refusing === null) || "the trust policy does not let EKS in"
      );
    },
  },
  needs: ["organizations.policies"],
  check(evidence) {
    const organization = evidence["organizations.policies"];
    const role = evidence["iam.role"];
    if (organization.status === "absent") return pass();
    if (role.status === "absent") return notApplicable("the role does not exist");
    for (const { name, document } of organization.value.resourceControlPolicies.flat()) {
      const policy = parsePolicy(document, "rcp");
      if (!policy.ok) continue;
      for (const action of ["sts:AssumeRole", "sts:TagSession"]) {
        const request = {
          principal: podIdentityService,
          action,
          resource: role.value.arn,
          context: { "aws:PrincipalIsAWSService": ["true"] },
        };
        const layers = { identityPolicies: [], resourceControlPolicies: [[{ name, policy: policy.value }]] };
        if (evaluate(request, layers).decision !== "explicitDeny") continue;
        const { accountId } = organization.value;
        return fail(
          "denied",
          { role: role.value.arn, policy: name, account: accountId, action },
          {
            manual: [
              {
                title:
                  "Ask the organization's administrators to exempt AWS services (BoolIfExists aws:PrincipalIsAWSService)",
                command: `aws organizations list-policies-for-target --target-id ${shellWord(accountId)} --filter RESOURCE_CONTROL_POLICY`,
              },
            ],
          },
        );
      }
    }
    return pass();
  },
});
