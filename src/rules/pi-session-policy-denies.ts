import { refusedBy, refusedCallsData, whenRefusedBy } from "../core/denied-layers.ts";
import type { LogErrorGroup } from "../core/evidence.ts";
import { allowStatements, withStatements } from "../core/iam-steps.ts";
import type { JsonValue } from "../core/json.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";

export const piSessionPolicyDenies = defineRule({
  id: "pi-session-policy-denies",
  meta: {
    title: "The association's session policy does not allow the call",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session",
    ],
    unless: ["The application passes a session policy itself: see session-policy-deny."],
    messages: {
      limited:
        "{{role}} may not {{calls}}: association {{association}} carries a session policy, and its sessions may do only what that policy and the role's own both allow.",
    },
  },
  when: whenRefusedBy("session"),
  needs: [],
  check(evidence, question) {
    const association = evidence["eks.association"];
    if (association.status === "absent" || association.value.sessionPolicy === null) {
      return notApplicable("the association has no session policy");
    }
    const refused = refusedBy(evidence, ["session"]);
    if (refused.length === 0) return pass();
    const { associationId } = association.value;
    return fail(
      "limited",
      { ...refusedCallsData(evidence, refused), association: associationId },
      {
        manual: [
          {
            title: "Allow exactly these calls in the association's session policy, too",
            command: `aws eks update-pod-identity-association --cluster-name ${shellWord(question.cluster)} --association-id ${shellWord(associationId)} --policy ${shellWord(JSON.stringify(widened(association.value.sessionPolicy, refused)))}`,
          },
        ],
      },
    );
  },
});

/** The policy with a statement more for each refused call. */
function widened(policy: JsonValue, refused: readonly LogErrorGroup[]): JsonValue {
  const needed = refused.flatMap(({ action, missingAction, resource, principalArn }) => {
    const asked = missingAction ?? action;
    return asked === null ? [] : [{ action: asked, resource, principalArn }];
  });
  return withStatements(
    policy,
    allowStatements(needed).map((one) => ({ ...one })),
  );
}
