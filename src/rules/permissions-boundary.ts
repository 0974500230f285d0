import {
  namedPolicies,
  refusedBy,
  refusedCallsData,
  roleNameOf,
  whenRefusedBy,
} from "../core/denied-layers.ts";
import { known } from "../core/identity.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";

export const permissionsBoundary = defineRule({
  id: "permissions-boundary",
  meta: {
    title: "The role's permissions boundary does not allow the call",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
    ],
    unless: [
      "The boundary allows the call and the role's policies do not: see identity-policy-missing-action.",
    ],
    messages: {
      bounded:
        "{{role}} may not {{calls}}: its permissions boundary {{boundary}} sets the limit, whatever the role's own policies allow.",
    },
  },
  when: whenRefusedBy("permissions-boundary"),
  needs: [],
  wants: ["iam.role"],
  check(evidence) {
    const refused = refusedBy(evidence, ["permissions-boundary"]);
    if (refused.length === 0) return pass();
    const arn = known(evidence["iam.role"])?.permissionsBoundaryArn ?? null;
    const data = refusedCallsData(evidence, refused);
    const boundary = arn ?? namedPolicies(refused, "(which one could not be read)");
    return fail(
      "bounded",
      { ...data, boundary },
      {
        manual: [
          {
            title:
              "Ask whoever owns the boundary to allow exactly these calls; adding them to the role alone changes nothing",
            command:
              arn === null
                ? `aws iam get-role --role-name ${shellWord(roleNameOf(data.role))} --query Role.PermissionsBoundary`
                : `aws iam list-policy-versions --policy-arn ${shellWord(arn)}`,
          },
        ],
      },
    );
  },
});
