import { whenRoleRefused } from "../core/conditions.ts";
import { roleNameOf } from "../core/denied-layers.ts";
import { showPolicy } from "../core/iam-steps.ts";
import { judgeRefusals, refusalNeeds } from "../core/refused-calls.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { describeCall, listed } from "../core/subject.ts";

export const identityPolicyConditionMismatch = defineRule({
  id: "identity-policy-condition-mismatch",
  meta: {
    title: "The role may do this only under a condition that the call does not meet",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html",
    ],
    unless: [
      "A Deny of the role fits the call as well: AWS then names that one, and it is told instead.",
      "The statement's resource differs as well: see identity-policy-resource-mismatch.",
    ],
    messages: {
      condition:
        "{{role}} may not {{calls}}: a statement allows it on this resource, but its condition did not hold ({{nearest}}).{{unknown}}",
    },
  },
  when: whenRoleRefused,
  needs: refusalNeeds,
  check(evidence) {
    const role = evidence["iam.role"];
    const association = evidence["eks.association"];
    if (role.status === "absent") return notApplicable("the role does not exist");
    if (association.status === "found" && association.value.targetRoleArn !== null) {
      return notApplicable("the calls are made as the association's target role");
    }
    const judged = judgeRefusals(evidence, evidence["iam.role-policies"]);
    if (judged === null) return notApplicable("a policy of the role cannot be read");
    const unmet = judged.filter(({ verdict }) => verdict === "condition");
    const [first] = unmet;
    if (first === undefined) return pass();
    const unknownKeys = [...new Set(unmet.flatMap((call) => call.unknownKeys))];
    const policies = evidence["iam.role-policies"];
    const policy =
      policies.status === "found"
        ? policies.value.find(({ name }) => name === first.nearestPolicy)
        : undefined;
    const data = {
      role: role.value.arn,
      calls: listed(unmet.map(({ error }) => describeCall(error))),
      nearest: first.nearest ?? "which one is not known",
      unknown:
        unknownKeys.length === 0
          ? ""
          : ` What the call carries as ${unknownKeys.join(", ")} cannot be seen from here.`,
    };
    return fail("condition", data, {
      manual: [
        {
          title:
            "Compare the condition with what the call carries: session tags (only EKS Pod Identity sets the kubernetes-* ones), resource tags, Region, VPC endpoint; then correct whichever is wrong",
          command: showPolicy(roleNameOf(role.value.arn), policy),
        },
      ],
    });
  },
});
