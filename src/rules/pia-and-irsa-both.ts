import { injectedInto } from "../core/identity.ts";
import { injectsNothing } from "../core/injection.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { currentErrors, listed, replacePods, serviceAccountOf, stale, uninjected } from "../core/subject.ts";

export const piaAndIrsaBoth = defineRule({
  id: "pia-and-irsa-both",
  meta: {
    title: "The pods still use the IRSA role of before the Pod Identity association",
    stage: "injection",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html",
    ],
    unless: [
      "The old pods show no error: they change at their next rollout, and nothing is wrong until then.",
      "The failing pods carry Pod Identity already.",
    ],
    messages: {
      stillIrsa:
        "Service account {{serviceAccount}} has the Pod Identity association {{association}} with {{role}}, but the IRSA role {{oldRole}} is still what was injected into {{pods}} (created at {{podCreatedAt}}), where calls fail.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "eks.association", "logs.errors"],
    holds(evidence, question) {
      if (evidence["eks.association"].status === "absent") return "the service account has no association";
      const places = [...stale(evidence, question), ...uninjected(evidence, question)];
      if (places.length === 0) return "the running pods carry what the association gives";
      // Pods that still work with the role they were given wait for their next rollout; that is no fault.
      return currentErrors(evidence).length > 0 || "nothing in the logs shows an error";
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
    const former = stale(evidence, question);
    const [first] = former;
    if (first === undefined) return pass();
    if (injectsNothing(evidence)) return notApplicable("the webhook cannot inject any pod");
    const { associationId, roleArn, targetRoleArn } = association.value;
    const data = {
      serviceAccount: serviceAccountOf(workload.value),
      association: associationId,
      role: targetRoleArn ?? roleArn,
      oldRole: injectedInto(first.container).roleArn ?? "(not readable)",
      pods: listed(former.map(({ pod }) => `pod ${pod.name}`)),
      podCreatedAt: first.pod.createdAt,
    };
    return fail("stillIrsa", data, replacePods(workload, question));
  },
});
