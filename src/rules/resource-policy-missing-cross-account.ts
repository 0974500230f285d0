import { foreignOwner, refusedBy, refusedCallsData, whenRefusedBy } from "../core/denied-layers.ts";
import { isKmsCall } from "../core/kms.ts";
import { stalePrincipals } from "../core/resource-policies.ts";
import { resourcePolicySteps } from "../core/resource-policy-steps.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { listed } from "../core/subject.ts";

export const resourcePolicyMissingCrossAccount = defineRule({
  id: "resource-policy-missing-cross-account",
  meta: {
    title: "No policy of the resource lets the role in",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
    ],
    unless: [
      "The resource is a KMS key: see kms-key-denied.",
      "The policy names a deleted role: see stale-principal-in-resource-policy.",
      "The ARN names the wrong account by mistake.",
    ],
    messages: {
      crossAccount:
        "{{role}} may not {{calls}}: the resource is in account {{owner}}, and its policy does not let this role in. Across accounts both sides must allow: the role's policies and the resource's.",
      sameAccount:
        "{{role}} may not {{calls}}: the resource's own policy has to name the role, and does not.",
    },
  },
  when: whenRefusedBy("resource-based"),
  needs: [],
  wants: ["iam.role", "aws.resource-policies"],
  check(evidence) {
    const refused = refusedBy(evidence, ["resource-based"]).filter(
      (error) => !isKmsCall(error) && !(error.missingAction ?? error.action ?? "").startsWith("sts:"),
    );
    if (refused.length === 0) return pass();
    const role = evidence["iam.role"];
    const policies = evidence["aws.resource-policies"];
    if (role.status === "found" && policies.status !== "unavailable") {
      const stale = stalePrincipals(policies, role.value.roleId);
      if (stale.length > 0) return notApplicable("the resource's policy names a role that was deleted");
    }
    const data = refusedCallsData(evidence, refused);
    const owners = refused.flatMap((error) => foreignOwner(error) ?? []);
    const resource = refused[0]?.resource ?? null;
    const title = `Allow ${data.role} exactly these calls in the policy of the resource`;
    return owners.length > 0
      ? fail(
          "crossAccount",
          { ...data, owner: listed(owners) },
          { manual: resourcePolicySteps(`${title}, which account ${listed(owners)} owns`, resource) },
        )
      : fail("sameAccount", data, { manual: resourcePolicySteps(title, resource) });
  },
});
