import {
  foreignOwner,
  namedPolicies,
  refusedBy,
  refusedCallsData,
  whenRefusedBy,
} from "../core/denied-layers.ts";
import { parseArn } from "../core/iam/arn.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { listed } from "../core/subject.ts";

export const rcpDeny = defineRule({
  id: "rcp-deny",
  meta: {
    title: "A resource control policy of the organization forbids the call",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
    ],
    unless: ["The resource's own policy denies the call: see resource-policy-deny."],
    messages: {
      denied:
        "{{role}} may not {{calls}}: {{policies}} on the resource's account ({{accounts}}) denies it explicitly. Neither the role's nor the resource's own policy can allow it.",
    },
  },
  when: whenRefusedBy("rcp"),
  needs: [],
  check(evidence) {
    const refused = refusedBy(evidence, ["rcp"]);
    if (refused.length === 0) return pass();
    const { role, calls } = refusedCallsData(evidence, refused);
    const own = parseArn(role)?.accountId ?? "";
    const accounts = refused.map((error) => foreignOwner(error) ?? own);
    const policies = namedPolicies(refused, "a resource control policy");
    return fail(
      "denied",
      { role, calls, policies, accounts: listed(accounts) },
      {
        manual: [
          {
            title:
              "Ask the administrators of the organization that owns the resource; this shows them the policies on its account",
            command: `aws organizations list-policies-for-target --target-id ${shellWord(accounts[0] ?? own)} --filter RESOURCE_CONTROL_POLICY`,
          },
        ],
      },
    );
  },
});
