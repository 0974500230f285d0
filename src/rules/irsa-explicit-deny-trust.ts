import { trustStep } from "../core/iam-steps.ts";
import { expectedIdentity } from "../core/identity.ts";
import { isRoleArn } from "../core/irsa.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { denyDecides, irsaTrust, podIdentityTrust } from "../core/trust-view.ts";

export const irsaExplicitDenyTrust = defineRule({
  id: "irsa-explicit-deny-trust",
  meta: {
    title: "A Deny in the role's trust policy keeps the workload out",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html",
    ],
    unless: [
      "No statement names the caller at all: see irsa-trust-no-federated and pi-trust-missing-principal.",
    ],
    messages: {
      denied:
        "A Deny in the trust policy of {{role}} matches {{caller}}. It wins over every Allow beside it, so the role cannot be assumed.",
    },
  },
  when: {
    needs: ["k8s.service-account", "eks.association"],
    holds(evidence) {
      const roleArn = expectedIdentity(evidence)?.roleArn ?? null;
      return (roleArn !== null && isRoleArn(roleArn)) || "no role is configured";
    },
  },
  needs: ["k8s.workload", "eks.cluster", "iam.role"],
  check(evidence) {
    const association = evidence["eks.association"].status === "found";
    const trust = association ? podIdentityTrust(evidence) : irsaTrust(evidence);
    const role = evidence["iam.role"];
    if (role.status === "absent") return notApplicable("the role does not exist");
    if (trust.ok) return pass();
    if (trust.error !== denyDecides) return notApplicable(trust.error);
    const caller = association ? "EKS Pod Identity" : "the tokens of this service account";
    return fail(
      "denied",
      { role: role.value.arn, caller },
      {
        manual: [
          trustStep(
            `Narrow or remove the Deny in the trust policy of ${role.value.name}, if it was not meant for this workload`,
            role.value.name,
            null,
          ),
        ],
      },
    );
  },
});
