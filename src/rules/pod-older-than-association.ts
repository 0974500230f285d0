import { injectedInto } from "../core/identity.ts";
import { webhookFault } from "../core/injection.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import {
  currentErrors,
  listed,
  placesOf,
  replacePods,
  seconds,
  serviceAccountOf,
  settlingSeconds,
  uninjected,
} from "../core/subject.ts";

export const podOlderThanAssociation = defineRule({
  id: "pod-older-than-association",
  meta: {
    title: "The pods were created before their Pod Identity association",
    stage: "injection",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html",
    ],
    messages: {
      nothing:
        "{{pods}} carry no identity: created at {{podCreatedAt}}, before the Pod Identity association {{association}} of service account {{serviceAccount}} took effect (created at {{associationCreatedAt}}).",
      stillIrsa:
        "{{pods}} still carry the IRSA role {{oldRole}}: created at {{podCreatedAt}}, before the Pod Identity association {{association}} of service account {{serviceAccount}} took effect (created at {{associationCreatedAt}}).",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "eks.association"],
    holds(evidence, question) {
      if (evidence["eks.association"].status === "absent") return "the service account has no association";
      if (placesOf(evidence["k8s.pods"], question).length === 0) return "no pod runs";
      return true;
    },
  },
  needs: ["logs.errors"],
  wants: ["k8s.webhook", "k8s.sharing"],
  check(evidence, question) {
    const association = evidence["eks.association"];
    const workload = evidence["k8s.workload"];
    if (association.status === "absent" || workload.status === "absent") {
      return notApplicable("there is no association or no workload");
    }
    const { createdAt, associationId } = association.value;
    const effectiveFrom = seconds(createdAt) + settlingSeconds;
    const older = uninjected(evidence, question).filter(({ pod }) => seconds(pod.createdAt) < effectiveFrom);
    const [first] = older;
    if (first === undefined) return pass();
    if (webhookFault(evidence["k8s.webhook"]) !== null) {
      return notApplicable("the webhook cannot inject any pod, whatever its age");
    }
    const carried = injectedInto(first.container);
    const facts = {
      pods: listed(older.map(({ pod }) => `pod ${pod.name}`)),
      podCreatedAt: first.pod.createdAt,
      association: associationId,
      associationCreatedAt: createdAt,
      serviceAccount: serviceAccountOf(workload.value),
    };
    const remedy = replacePods(workload, question);
    if (carried.mechanism === "none") return fail("nothing", facts, remedy);
    // Pods that still work with the role they were given wait for their next rollout; that is no fault.
    if (currentErrors(evidence).length === 0) {
      return notApplicable(`the pods run with their ${expectedOr(carried.roleArn)} without an error`);
    }
    return fail("stillIrsa", { ...facts, oldRole: carried.roleArn ?? "of their own" }, remedy);
  },
});

function expectedOr(roleArn: string | null): string {
  return roleArn === null ? "former identity" : `former role ${roleArn}`;
}
