import { whenRoleRefused } from "../core/conditions.ts";
import { allowStep } from "../core/iam-steps.ts";
import { allowingVersion } from "../core/policy-versions.ts";
import { judgeRefusals, refusalNeeds } from "../core/refused-calls.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { describeCall, listed } from "../core/subject.ts";

export const identityPolicyMissingAction = defineRule({
  id: "identity-policy-missing-action",
  meta: {
    title: "No identity policy of the role allows the action",
    aliases: ["association-create-denied", "service-linked/PassRole"],
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
    ],
    unless: [
      "The policies allow the call by now: the denial is older than the change.",
      "Another layer denies (organization, permissions boundary, resource, session, endpoint): allowing more in the role would not help.",
      "The association has a target role: the calls are then made as that one.",
    ],
    messages: {
      missing:
        "{{role}} is used as configured but may not {{calls}}: its identity policies ({{count}}) do not allow {{actions}} on anything.",
      association:
        "{{role}} is used as configured but may not {{calls}}, which making a Pod Identity association needs: its identity policies ({{count}}) do not allow {{actions}} on anything.",
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
    if (policies.status === "absent" || policies.value.length === 0) {
      return notApplicable("the role has no policy at all");
    }
    const versions = evidence["iam.policy-versions"];
    if (versions.status === "found" && allowingVersion(evidence, policies, versions) !== null) {
      return notApplicable("another version of its policy allows it");
    }
    const judged = judgeRefusals(evidence, policies);
    if (judged === null) return notApplicable("a policy of the role cannot be read");
    const missing = judged.filter(({ verdict }) => verdict === "action");
    if (missing.length === 0) return pass();
    const data = {
      role: role.value.arn,
      calls: listed(missing.map(({ error }) => describeCall(error))),
      count: String(policies.value.length),
      actions: listed(missing.map(({ action }) => action)),
    };
    const makesAssociations = missing.every(
      ({ action, passedTo }) => /^eks:\w{1,20}PodIdentityAssociation$/.test(action) || passedTo !== null,
    );
    return fail(makesAssociations ? "association" : "missing", data, {
      manual: [allowStep(role.value.name, missing, { policies: policies.value })],
    });
  },
});
