import { refusedBy, refusedCallsData, whenRefusedBy } from "../core/denied-layers.ts";
import { known } from "../core/identity.ts";
import { denyingStatements } from "../core/resource-policies.ts";
import { resourcePolicySteps } from "../core/resource-policy-steps.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { listed } from "../core/subject.ts";

export const resourcePolicyDeny = defineRule({
  id: "resource-policy-deny",
  meta: {
    title: "The resource's own policy denies the call",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
    ],
    unless: ["The policy merely does not name the role: see resource-policy-missing-cross-account."],
    messages: {
      denied:
        "{{role}} may not {{calls}}: the policy of {{resources}} denies it explicitly ({{seen}}). Allowing it on the role changes nothing.",
    },
  },
  when: whenRefusedBy("explicit-deny-resource-based"),
  needs: [],
  wants: ["aws.resource-policies"],
  check(evidence) {
    const refused = refusedBy(evidence, ["explicit-deny-resource-based"]);
    if (refused.length === 0) return pass();
    const read = known(evidence["aws.resource-policies"])?.policies ?? [];
    const resources = refused.map(({ resource }) => resource ?? "a resource that the text does not name");
    const denying = denyingStatements(read, refused);
    const seen =
      denying.length > 0
        ? listed(denying)
        : read.some(({ document }) => document !== null)
          ? "it was read, and which statement does cannot be told from the log"
          : "its text could not be read";
    return fail(
      "denied",
      { ...refusedCallsData(evidence, refused), resources: listed(resources), seen },
      {
        manual: resourcePolicySteps(
          "Ask the resource's owner to take this role out of the Deny: bucket, queue, topic, key and secret policies often deny all callers but some, or all calls from outside a VPC or organization",
          refused[0]?.resource ?? null,
        ),
      },
    );
  },
});
