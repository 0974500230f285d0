import type { Evidence } from "../core/evidence.ts";
import { restart } from "../core/kubectl.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { currentErrors, seconds } from "../core/subject.ts";

/** IAM and EKS answer before a change is everywhere; a failure so soon after it proves nothing. */
const windowSeconds = 120;

export const iamEventualConsistency = defineRule({
  id: "iam-eventual-consistency",
  meta: {
    title: "The failures are as young as the last change",
    stage: "role-assumption",
    severity: "warning",
    references: [
      "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html",
      "https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdatePodIdentityAssociation.html",
    ],
    unless: ["Failures go on after that: then another rule names the cause."],
    messages: {
      young:
        "The association was last changed at {{changedAt}}, and the last failure is of {{lastSeen}}, {{seconds}} seconds later: changes take that long to reach everywhere. Nothing has failed since, so ask again before changing anything else.",
    },
  },
  when: {
    needs: ["k8s.pods", "eks.association", "logs.errors"],
    holds(evidence) {
      if (evidence["eks.association"].status === "absent") return "the service account has no association";
      return lastFailure(evidence) !== null || "no assumption of the role fails";
    },
  },
  needs: [],
  check(evidence, question) {
    const association = evidence["eks.association"];
    const lastSeen = lastFailure(evidence);
    if (association.status === "absent" || lastSeen === null) return notApplicable("nothing failed");
    const { modifiedAt } = association.value;
    const after = Math.round(seconds(lastSeen) - seconds(modifiedAt));
    if (!(after >= 0 && after <= windowSeconds)) return pass();
    return fail(
      "young",
      { changedAt: modifiedAt, lastSeen, seconds: String(after) },
      {
        manual: [
          {
            title: "Wait two minutes, then ask again; restart the pods if the application kept the failure",
            command: restart(question),
          },
        ],
      },
    );
  },
});

/** When the agent last refused, as the pods' logs tell; null: it does not. */
function lastFailure(evidence: Evidence): string | null {
  const times = currentErrors(evidence)
    .filter(({ kind }) => kind === "pod-identity-agent-error")
    .flatMap(({ lastSeen }) => lastSeen ?? []);
  return times.sort().at(-1) ?? null;
}
