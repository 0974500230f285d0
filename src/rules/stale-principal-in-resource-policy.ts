import { refusedBy, whenRefusedBy } from "../core/denied-layers.ts";
import { stalePrincipals } from "../core/resource-policies.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";

export const stalePrincipalInResourcePolicy = defineRule({
  id: "stale-principal-in-resource-policy",
  meta: {
    title: "The resource's policy names a role that was deleted",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html",
    ],
    unless: [
      "The id belongs to a role that was removed on purpose, and this role was never named: then resource-policy-missing-cross-account is what is left.",
    ],
    messages: {
      stale:
        "The policy of {{resource}} names {{roleId}}, the id of a role that is gone; {{role}} is another one ({{liveRoleId}}), even if it has the same name.",
    },
  },
  when: whenRefusedBy("resource-based"),
  needs: ["iam.role", "aws.resource-policies"],
  check(evidence) {
    const role = evidence["iam.role"];
    if (role.status === "absent") return notApplicable("the role does not exist");
    const denied = new Set(refusedBy(evidence, ["resource-based"]).map(({ resource }) => resource));
    const [stale] = stalePrincipals(evidence["aws.resource-policies"], role.value.roleId).filter(
      ({ resourceArn }) => [...denied].some((resource) => resource?.startsWith(resourceArn) ?? false),
    );
    if (stale === undefined) return pass();
    const data = {
      resource: stale.resourceArn,
      roleId: stale.roleId,
      role: role.value.arn,
      liveRoleId: role.value.roleId,
    };
    return fail("stale", data, {
      manual: [
        {
          title: `Save the policy of ${stale.resourceArn} again with ${role.value.arn} in place of ${stale.roleId}`,
          command: null,
        },
      ],
    });
  },
});
