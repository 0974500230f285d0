import { roleNameOf } from "../core/denied-layers.ts";
import type { Evidence } from "../core/evidence.ts";
import { expectedIdentity, isExpectedRole } from "../core/identity.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { currentErrors, deniedCalls } from "../core/subject.ts";

export const piTransitiveTagsChain = defineRule({
  id: "pi-transitive-tags-chain",
  meta: {
    title: "The next role does not take the session tags that go along",
    stage: "authorization",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html",
    ],
    unless: ["The next role refuses sts:AssumeRole itself."],
    messages: {
      tags: "{{role}} may not sts:TagSession on {{target}}: the tags that EKS Pod Identity sets go along when the application assumes another role, and that role's trust policy has to allow sts:TagSession beside sts:AssumeRole.",
    },
  },
  when: {
    needs: ["k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds: (evidence) => tagDenials(evidence).length > 0 || "no session tag was refused",
  },
  needs: [],
  check(evidence) {
    const [denial] = tagDenials(evidence);
    if (denial === undefined) return pass();
    const target = denial.resource ?? "the role that it assumes";
    return fail(
      "tags",
      { role: expectedIdentity(evidence)?.roleArn ?? "", target },
      {
        manual: [
          {
            title: `Allow sts:TagSession beside sts:AssumeRole in the trust policy of ${target}, and in the role's own policies`,
            command: `aws iam get-role --role-name ${shellWord(roleNameOf(target))} --query Role.AssumeRolePolicyDocument`,
          },
        ],
      },
    );
  },
});

function tagDenials(evidence: Evidence) {
  if (expectedIdentity(evidence)?.mechanism !== "pod-identity") return [];
  return deniedCalls(currentErrors(evidence)).filter(
    ({ action, missingAction, principalArn }) =>
      (missingAction ?? action) === "sts:TagSession" &&
      principalArn !== null &&
      isExpectedRole(evidence, principalArn),
  );
}
