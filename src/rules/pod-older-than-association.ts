import { injectsNothing, takenByWebhook } from "../core/injection.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import {
  listed,
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
    unless: [
      "The pods are newer than the association and still carry nothing: see the other injection rules.",
      "The pods carry an IRSA role of before: see pia-and-irsa-both.",
    ],
    messages: {
      nothing:
        "The Pod Identity association {{association}} of service account {{serviceAccount}} took effect after {{pods}} had been created (association {{associationCreatedAt}}, pod {{podCreatedAt}}), so no identity was injected there.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association"],
    holds(evidence, question) {
      if (evidence["eks.association"].status === "absent") return "the service account has no association";
      return uninjected(evidence, question).length > 0 || "no running pod lacks an identity";
    },
  },
  needs: [],
  wants: ["k8s.webhook", "k8s.webhook-endpoints", "k8s.sharing"],
  check(evidence, question) {
    const association = evidence["eks.association"];
    const workload = evidence["k8s.workload"];
    if (association.status === "absent" || workload.status === "absent") {
      return notApplicable("there is no association or no workload");
    }
    const { createdAt, associationId } = association.value;
    const effectiveFrom = seconds(createdAt) + settlingSeconds;
    // A pod that the webhook's selectors leave out gets nothing when it is replaced.
    const places = takenByWebhook(uninjected(evidence, question), evidence["k8s.webhook"]);
    const older = places.filter(({ pod }) => seconds(pod.createdAt) < effectiveFrom);
    const [first] = older;
    if (first === undefined) return pass();
    if (injectsNothing(evidence)) {
      return notApplicable("the webhook cannot inject any pod, whatever its age");
    }
    const data = {
      pods: listed(older.map(({ pod }) => `pod ${pod.name}`)),
      podCreatedAt: first.pod.createdAt,
      association: associationId,
      associationCreatedAt: createdAt,
      serviceAccount: serviceAccountOf(workload.value),
    };
    return fail("nothing", data, replacePods(workload, question));
  },
});
