import { namedPolicies, refusedBy, refusedCallsData, whenRefusedBy } from "../core/denied-layers.ts";
import { parseArn } from "../core/iam/arn.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";

export const scpDeny = defineRule({
  id: "scp-deny",
  meta: {
    title: "A service control policy of the organization forbids the call",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
    ],
    unless: [
      "AWS names one layer only. Once the organization allows the call, another layer may still refuse it.",
      "In the management account no service control policy applies.",
    ],
    messages: {
      denied:
        "{{role}} may not {{calls}}: {{policies}} stands above account {{account}} and decides. No policy inside the account can allow it.",
    },
  },
  when: whenRefusedBy("scp"),
  needs: [],
  check(evidence) {
    const refused = refusedBy(evidence, ["scp"]);
    if (refused.length === 0) return pass();
    const { role, calls } = refusedCallsData(evidence, refused);
    const account = parseArn(role)?.accountId ?? "";
    const policies = namedPolicies(refused, "a service control policy");
    return fail(
      "denied",
      { role, calls, policies, account },
      { manual: [step(account, refused[0]?.policyArn)] },
    );
  },
});

function step(account: string, policyArn: string | null | undefined) {
  const id = policyArn?.split("/").at(-1);
  return {
    title: `Ask the organization's administrators; this shows them ${id === undefined ? `the policies directly on account ${account} (its organizational units have theirs)` : "the policy"}`,
    command:
      id === undefined
        ? `aws organizations list-policies-for-target --target-id ${shellWord(account)} --filter SERVICE_CONTROL_POLICY`
        : `aws organizations describe-policy --policy-id ${shellWord(id)}`,
  };
}
