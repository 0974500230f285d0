import { refusedBy, whenRefusedBy } from "../core/denied-layers.ts";
import { coversResource, stalePrincipals } from "../core/resource-policies.ts";
import { resourcePolicySteps } from "../core/resource-policy-steps.ts";
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
    const policies = evidence["aws.resource-policies"];
    const denied = refusedBy(evidence, ["resource-based"]).flatMap(({ resource }) => resource ?? []);
    const concerns = ({ resourceArn }: { readonly resourceArn: string }) =>
      denied.some((resource) => coversResource(resourceArn, resource));
    const [stale] = stalePrincipals(policies, role.value.roleId).filter(concerns);
    if (stale === undefined) {
      const unread = policies.status === "found" ? policies.value.unread.filter(concerns) : [];
      return unread[0] === undefined
        ? pass()
        : notApplicable(`the policy of ${unread[0].resourceArn} could not be read`);
    }
    const data = {
      resource: stale.resourceArn,
      roleId: stale.roleId,
      role: role.value.arn,
      liveRoleId: role.value.roleId,
    };
    return fail("stale", data, {
      manual: resourcePolicySteps(
        `Save the policy of ${stale.resourceArn} again with ${role.value.arn} in place of ${stale.roleId}`,
        stale.resourceArn,
      ),
    });
  },
});
