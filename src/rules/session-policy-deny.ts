import { namedPolicies, refusedBy, refusedCallsData, whenRefusedBy } from "../core/denied-layers.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";

export const sessionPolicyDeny = defineRule({
  id: "session-policy-deny",
  meta: {
    title: "A session policy that the application passed does not allow the call",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
    ],
    unless: ["The association itself carries the session policy: then it is corrected there."],
    messages: {
      session:
        "{{role}} may not {{calls}}: the session was made with {{policy}} that does not allow it. Whoever calls AssumeRole in this application passes that policy; it is on no role.",
    },
  },
  when: whenRefusedBy("session"),
  needs: [],
  check(evidence) {
    const association = evidence["eks.association"];
    if (association.status === "found" && association.value.sessionPolicy !== null) {
      return notApplicable("the association has a session policy of its own");
    }
    const refused = refusedBy(evidence, ["session"]);
    if (refused.length === 0) return pass();
    return fail(
      "session",
      { ...refusedCallsData(evidence, refused), policy: namedPolicies(refused, "a session policy") },
      {
        manual: [
          {
            title:
              "Find where the application assumes the role with a Policy or PolicyArns, and allow these calls there; CloudTrail shows the AssumeRole call",
            command:
              "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=AssumeRole",
          },
        ],
      },
    );
  },
});
