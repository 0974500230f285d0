import { whenRoleRefused } from "../core/conditions.ts";
import { allowingVersion } from "../core/policy-versions.ts";
import { refusalNeeds } from "../core/refused-calls.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { describeCall, listed } from "../core/subject.ts";

export const policyNotDefaultVersion = defineRule({
  id: "policy-not-default-version",
  meta: {
    title: "The policy version that allows the call is not the default one",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html",
      "https://docs.aws.amazon.com/IAM/latest/APIReference/API_SetDefaultPolicyVersion.html",
    ],
    unless: [
      "No version allows the call: see identity-policy-missing-action and identity-policy-resource-mismatch.",
    ],
    messages: {
      version:
        "{{role}} may not {{calls}}: version {{version}} of policy {{policy}} allows it, but the default is {{defaultVersion}}, and only the default counts.",
    },
  },
  when: whenRoleRefused,
  needs: [...refusalNeeds, "iam.policy-versions"],
  check(evidence) {
    const role = evidence["iam.role"];
    const policies = evidence["iam.role-policies"];
    if (role.status === "absent") return notApplicable("the role does not exist");
    if (policies.status === "absent") return notApplicable("the role has no policy");
    const found = allowingVersion(evidence, policies, evidence["iam.policy-versions"]);
    if (found === null) return pass();
    const data = {
      role: role.value.arn,
      calls: listed(found.calls.map(describeCall)),
      version: found.versionId,
      policy: found.policy.name,
      defaultVersion: found.policy.defaultVersionId,
    };
    return fail("version", data, {
      manual: [
        {
          title: `Read version ${found.versionId} and make it the default, if it is the one that was meant`,
          command: `aws iam set-default-policy-version --policy-arn ${shellWord(found.policy.arn)} --version-id ${shellWord(found.versionId)}`,
        },
      ],
    });
  },
});
