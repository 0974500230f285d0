import { whenUninjected } from "../core/conditions.ts";
import { missedInjection, missedInjectionNeeds } from "../core/missed-injection.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { listed, replacePods, serviceAccountOf } from "../core/subject.ts";

export const injectionMissedWebhookFlap = defineRule({
  id: "injection-missed-webhook-flap",
  meta: {
    title: "The webhook did not answer when the pod was created",
    stage: "injection",
    severity: "error",
    references: [
      "https://github.com/aws/eks-pod-identity-agent/issues/153",
      "https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#failure-policy",
    ],
    unless: [
      "Calls fail at different times and none is answered in between: see webhook-url-unreachable.",
      "Somebody wrote another caBundle before: see webhook-cabundle-wrong.",
      "The pod is older than its identity.",
    ],
    messages: {
      missed:
        "No identity was injected into {{pods}}, although service account {{serviceAccount}} had one by then and {{witness}} got its own from the same webhook: a call to it failed, and failurePolicy {{failurePolicy}} let the pod start without.",
      last: "No identity was injected into {{pods}} (created at {{createdAt}}), although service account {{serviceAccount}} had one by then and the webhook's configuration is sound: the call to the webhook failed, and failurePolicy {{failurePolicy}} let the pod start without. No pod was created since that would show whether the webhook answers now.",
    },
  },
  when: whenUninjected,
  needs: missedInjectionNeeds,
  wants: ["k8s.webhook-endpoints"],
  check(evidence, question) {
    const webhook = evidence["k8s.webhook"];
    const workload = evidence["k8s.workload"];
    if (webhook.status === "absent" || workload.status === "absent") {
      return notApplicable("there is no webhook configuration or no workload");
    }
    const missed = missedInjection(evidence, webhook.value, question);
    if (missed.calls === "no-fault") return pass();
    if (missed.calls === "unknowable") return notApplicable(missed.because);
    if (missed.calls === "all-failed") return notApplicable("all calls to the webhook fail");
    const data = {
      pods: listed(missed.pods.map(({ name }) => `pod ${name}`)),
      serviceAccount: serviceAccountOf(workload.value),
      failurePolicy: webhook.value.failurePolicy,
    };
    const remedy = replacePods(workload, question);
    if (missed.calls === "last-failed") {
      return fail("last", { ...data, createdAt: missed.pods[0]?.createdAt ?? "" }, remedy);
    }
    const { witness } = missed;
    const shown =
      typeof witness === "string"
        ? `another pod of the cluster, created at ${witness},`
        : `pod ${witness.name}`;
    return fail("missed", { ...data, witness: shown }, remedy);
  },
});
