import { whenRoleRefused } from "../core/conditions.ts";
import { refusedCallsData } from "../core/denied-layers.ts";
import { allowStep } from "../core/iam-steps.ts";
import { refusalsOfRole } from "../core/refused-calls.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";

export const policyNotAttached = defineRule({
  id: "policy-not-attached",
  meta: {
    title: "The role has no policy at all",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_manage-attach-detach.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
    ],
    unless: ["Policies are there and do not name the action: see identity-policy-missing-action."],
    messages: {
      none: "{{role}} is used as configured but may not {{calls}}: no policy is attached to it, and it has none of its own.",
    },
  },
  when: whenRoleRefused,
  needs: ["iam.role", "iam.role-policies"],
  check(evidence) {
    const role = evidence["iam.role"];
    const policies = evidence["iam.role-policies"];
    const association = evidence["eks.association"];
    if (role.status === "absent") return notApplicable("the role does not exist");
    if (association.status === "found" && association.value.targetRoleArn !== null) {
      return notApplicable("the calls are made as the association's target role");
    }
    if (policies.status === "found" && policies.value.length > 0) return pass();
    const refused = refusalsOfRole(evidence);
    const needed = refused.flatMap(({ action, missingAction, resource, principalArn }) => {
      const asked = missingAction ?? action;
      return asked === null ? [] : [{ action: asked, resource, principalArn }];
    });
    return fail(
      "none",
      { ...refusedCallsData(evidence, refused), role: role.value.arn },
      { manual: [allowStep(role.value.name, needed)] },
    );
  },
});
