import type { Evidence, LogErrorGroup } from "../core/evidence.ts";
import { expectedIdentity, injectedInto, isExpectedRole, isNodeRole } from "../core/identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { currentErrors, deniedCalls, listed, placesOf, replacePods, seconds } from "../core/subject.ts";

export const associationRoleChangedOldCreds = defineRule({
  id: "association-role-changed-old-creds",
  meta: {
    title: "The pods still use the role that the association had before",
    stage: "credential-selection",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdatePodIdentityAssociation.html",
      "https://github.com/aws/eks-pod-identity-agent",
    ],
    unless: [
      "The refused role is the one that the association gives now: then its policies are the matter.",
      "The refusals are older than the change.",
      "The application assumes another role itself: its sessions have other names.",
    ],
    messages: {
      old: "Association {{association}} has given {{role}} since {{changedAt}}, but calls are still made, and refused, as {{principal}}, a session that EKS Pod Identity gave before: agent and SDK keep what they have for hours, and {{pods}} were created before the change.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds(evidence) {
      if (expectedIdentity(evidence)?.mechanism !== "pod-identity") return "Pod Identity is not configured";
      return (
        ofOtherRole(evidence).length > 0 || "no session of EKS Pod Identity with another role was refused"
      );
    },
  },
  needs: [],
  wants: ["k8s.sharing"],
  check(evidence, question) {
    const association = evidence["eks.association"];
    const workload = evidence["k8s.workload"];
    if (association.status === "absent" || workload.status === "absent") {
      return notApplicable("there is no association or no workload");
    }
    const { modifiedAt, createdAt, associationId, roleArn, targetRoleArn } = association.value;
    const since = seconds(modifiedAt);
    const refused = ofOtherRole(evidence).find(
      ({ lastSeen }) => lastSeen === null || seconds(lastSeen) > since,
    );
    const older = placesOf(evidence["k8s.pods"], question).filter(
      ({ pod, container }) =>
        injectedInto(container).mechanism === "pod-identity" && seconds(pod.createdAt) < since,
    );
    if (refused === undefined || older.length === 0 || modifiedAt === createdAt) return pass();
    const data = {
      association: associationId,
      role: targetRoleArn ?? roleArn,
      changedAt: modifiedAt,
      principal: refused.principalArn ?? "",
      pods: listed(older.map(({ pod }) => `pod ${pod.name}`)),
    };
    return fail("old", data, replacePods(workload, question));
  },
});

function ofOtherRole(evidence: Evidence): readonly LogErrorGroup[] {
  return deniedCalls(currentErrors(evidence)).filter(
    ({ principalArn, principalKind }) =>
      principalKind === "pod-identity-role" &&
      principalArn !== null &&
      !isExpectedRole(evidence, principalArn) &&
      !isNodeRole(evidence, principalArn),
  );
}
