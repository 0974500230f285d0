import {
  namedPolicies,
  refusedBy,
  refusedCallsData,
  roleNameOf,
  whenRefusedBy,
} from "../core/denied-layers.ts";
import { type NamedPolicy, parsePolicy } from "../core/iam/policy.ts";
import { showPolicy } from "../core/iam-steps.ts";
import { known } from "../core/identity.ts";
import { denyingStatements } from "../core/refused-calls.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { listed } from "../core/subject.ts";

export const explicitDenyIdentityPolicy = defineRule({
  id: "explicit-deny-identity-policy",
  meta: {
    title: "An identity policy of the role denies the call",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
    ],
    unless: ["No policy allows the call, and none denies it: see identity-policy-missing-action."],
    messages: {
      denied: "{{role}} may not {{calls}}: {{statements}} denies it. An Allow beside it changes nothing.",
    },
  },
  when: whenRefusedBy("explicit-deny-identity-based"),
  needs: [],
  wants: ["iam.role-policies", "iam.role", "eks.cluster"],
  check(evidence) {
    const refused = refusedBy(evidence, ["explicit-deny-identity-based"]);
    if (refused.length === 0) return pass();
    const policies = (known(evidence["iam.role-policies"]) ?? []).flatMap(
      ({ name, document }): NamedPolicy[] => {
        const policy = parsePolicy(document, "identity");
        return policy.ok ? [{ name, policy: policy.value }] : [];
      },
    );
    const denying = denyingStatements(evidence, refused, policies);
    const { role, calls } = refusedCallsData(evidence, refused);
    const denyingPolicy = known(evidence["iam.role-policies"])?.find(({ name }) =>
      denying.some((statement) => statement.endsWith(` of policy ${name}`)),
    );
    const unfound = namedPolicies(refused, "a Deny in a policy of the role");
    return fail(
      "denied",
      { role, calls, statements: denying.length > 0 ? listed(denying) : unfound },
      {
        manual: [
          {
            title: "Narrow or remove the Deny, if it was not meant for this workload",
            command: showPolicy(roleNameOf(role), denyingPolicy),
          },
        ],
      },
    );
  },
});
