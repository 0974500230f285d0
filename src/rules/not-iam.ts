import type { Evidence } from "../core/evidence.ts";
import { listVariables } from "../core/kubectl.ts";
import { notAws } from "../core/other-systems.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { currentSigns, listed } from "../core/subject.ts";

export const notIam = defineRule({
  id: "not-iam",
  meta: {
    title: "Another system refused, not AWS",
    stage: "authorization",
    severity: "info",
    references: [
      "https://kubernetes.io/docs/reference/access-authn-authz/rbac/",
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html",
    ],
    unless: ["There are AWS errors in the same logs: they are told for themselves."],
    messages: {
      other: "The logs show refusals of {{systems}} ({{excerpt}}). No IAM policy or role decides them.",
    },
  },
  when: {
    needs: ["k8s.pods", "eks.association", "logs.errors"],
    holds: (evidence) => refusals(evidence).length > 0 || "no other system refused anything",
  },
  needs: [],
  check(evidence, question) {
    const signs = refusals(evidence);
    const [first] = signs;
    if (first === undefined) return pass();
    return fail(
      "other",
      { systems: listed(signs.map(({ sign }) => notAws[sign] ?? sign)), excerpt: first.excerpt },
      {
        manual: [
          {
            title: "Look at the permissions in that system",
            command: listVariables(question, first.containers[0]),
          },
        ],
      },
    );
  },
});

function refusals(evidence: Evidence) {
  return currentSigns(evidence).filter(({ sign }) => notAws[sign] !== undefined);
}
