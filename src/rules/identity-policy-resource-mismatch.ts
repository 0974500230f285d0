import { whenRoleRefused } from "../core/conditions.ts";
import { allowStep } from "../core/iam-steps.ts";
import { allowingVersion } from "../core/policy-versions.ts";
import { judgeRefusals, refusalNeeds } from "../core/refused-calls.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { listed } from "../core/subject.ts";

export const identityPolicyResourceMismatch = defineRule({
  id: "identity-policy-resource-mismatch",
  meta: {
    title: "The role may do this, but on other resources",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html",
    ],
    unless: [
      "No policy names the action: see identity-policy-missing-action.",
      "The resource matches, but a condition of the statement may not hold.",
    ],
    messages: {
      resource:
        "{{role}} is allowed {{action}} on {{allowedOn}}, which does not cover what was denied: {{resource}}.",
    },
  },
  when: whenRoleRefused,
  needs: refusalNeeds,
  wants: ["iam.policy-versions"],
  check(evidence) {
    const role = evidence["iam.role"];
    const association = evidence["eks.association"];
    if (role.status === "absent") return notApplicable("the role does not exist");
    if (association.status === "found" && association.value.targetRoleArn !== null) {
      return notApplicable("the calls are made as the association's target role");
    }
    const policies = evidence["iam.role-policies"];
    const versions = evidence["iam.policy-versions"];
    if (
      policies.status === "found" &&
      versions.status === "found" &&
      allowingVersion(evidence, policies, versions) !== null
    ) {
      return notApplicable("another version of its policy allows it");
    }
    const judged = judgeRefusals(evidence, policies);
    if (judged === null) return notApplicable("a policy of the role cannot be read");
    const elsewhere = judged.filter(({ verdict }) => verdict === "resource");
    const [first] = elsewhere;
    if (first === undefined) {
      return judged.some(({ verdict }) => verdict === "unnamed")
        ? notApplicable("the log does not say on which resource")
        : pass();
    }
    const data = {
      role: role.value.arn,
      action: first.action,
      allowedOn: listed(first.allowedOn),
      resource: first.resource ?? "all resources (*), as the call names none",
    };
    return fail("resource", data, {
      manual: [
        allowStep(role.value.name, elsewhere, {
          policies: policies.status === "found" ? policies.value : [],
        }),
      ],
    });
  },
});
