import { roleOfArn } from "../core/iam/arn.ts";
import { parsePolicy } from "../core/iam/policy.ts";
import { evaluateTrust } from "../core/iam/trust.ts";
import { allowStep, trustStep, withStatements } from "../core/iam-steps.ts";
import type { JsonValue } from "../core/json.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { principalsOf } from "../core/trust-view.ts";

export const piTargetRoleTrust = defineRule({
  id: "pi-target-role-trust",
  meta: {
    title: "The target role does not let the association's role in",
    stage: "role-assumption",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-assign-target-role.html",
      "https://docs.aws.amazon.com/eks/latest/APIReference/API_PodIdentityAssociation.html",
    ],
    unless: [
      "The target role is in another account, where its trust policy cannot be read: the answer says so.",
    ],
    messages: {
      refused:
        "Association {{association}} goes on from {{role}} to {{target}}, whose trust policy (it lets in {{trusted}}) does not allow that role {{action}}{{externalId}}.",
    },
  },
  when: {
    needs: ["eks.association"],
    holds(evidence) {
      const association = evidence["eks.association"];
      const target = association.status === "found" ? association.value.targetRoleArn : null;
      return target !== null || "the association has no target role";
    },
  },
  needs: ["iam.target-role"],
  check(evidence) {
    const association = evidence["eks.association"];
    const target = evidence["iam.target-role"];
    if (association.status === "absent") return notApplicable("there is no association");
    if (target.status === "absent") return notApplicable("the target role does not exist");
    const parsed = parsePolicy(target.value.trustPolicy, "trust");
    if (!parsed.ok) return notApplicable("the trust policy cannot be read");
    const { roleArn, externalId, associationId, disableSessionTags } = association.value;
    const context = externalId === null ? {} : { "sts:ExternalId": [externalId] };
    const actions = disableSessionTags
      ? (["sts:AssumeRole"] as const)
      : (["sts:AssumeRole", "sts:TagSession"] as const);
    const refused = actions.find((action) => {
      const request = {
        trustPolicy: parsed.value,
        roleArn: target.value.arn,
        caller: { principal: roleArn },
        action,
        context,
      };
      return evaluateTrust(request).decision !== "allowed";
    });
    if (refused === undefined) return pass();
    const trusted = principalsOf(target.value.trustPolicy);
    return fail(
      "refused",
      {
        association: associationId,
        role: roleArn,
        target: target.value.arn,
        trusted: trusted.length === 0 ? "nobody" : trusted.join(", "),
        action: refused,
        externalId: externalId === null ? "" : ` (EKS sends the external id ${externalId})`,
      },
      {
        manual: [
          trustStep(
            `Let ${roleArn} call sts:AssumeRole and sts:TagSession in the trust policy of ${target.value.name}${externalId === null ? "" : `, with the external id ${externalId}`}`,
            target.value.name,
            letIn(target.value.trustPolicy, roleArn, actions, externalId),
          ),
          allowStep(
            roleOfArn(roleArn)?.roleName ?? roleArn,
            actions.map((action) => ({ action, resource: target.value.arn })),
            { policyName: "assume-target-role" },
          ),
        ],
      },
    );
  },
});

/** The target's trust policy with a statement for the association's role beside those that it has. */
function letIn(
  policy: JsonValue,
  roleArn: string,
  actions: readonly string[],
  externalId: string | null,
): JsonValue {
  const statement = {
    Effect: "Allow",
    Principal: { AWS: roleArn },
    Action: actions,
    ...(externalId === null ? {} : { Condition: { StringEquals: { "sts:ExternalId": externalId } } }),
  };
  return withStatements(policy, [statement]);
}
