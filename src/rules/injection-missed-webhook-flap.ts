import { whenUninjected } from "../core/conditions.ts";
import { injectedInto } from "../core/identity.ts";
import { exclusionOf, webhookFault } from "../core/injection.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import {
  configuredAt,
  listed,
  placesOf,
  replacePods,
  seconds,
  serviceAccountOf,
  settlingSeconds,
  uninjected,
} from "../core/subject.ts";

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
      "No other pod was given an identity since: the webhook may be broken as a whole, see webhook-cabundle-wrong.",
      "The pod is older than its identity.",
    ],
    messages: {
      missed:
        "No identity was injected into {{pods}}, although service account {{serviceAccount}} had one by then and {{witness}} got its own from the same webhook: a call to it failed, and failurePolicy {{failurePolicy}} let the pod start without.",
    },
  },
  when: whenUninjected,
  needs: ["k8s.webhook", "k8s.injection-census"],
  check(evidence, question) {
    const webhook = evidence["k8s.webhook"];
    const workload = evidence["k8s.workload"];
    if (webhook.status === "absent" || workload.status === "absent") {
      return notApplicable("there is no webhook configuration or no workload");
    }
    if (webhookFault(webhook) !== null) return notApplicable("the webhook cannot inject any pod");
    const identityAt = configuredAt(evidence);
    if (identityAt === null) return notApplicable("when the identity was configured is not recorded");
    const since = seconds(identityAt) + settlingSeconds;
    const missed = uninjected(evidence, question).filter(
      ({ pod }) => seconds(pod.createdAt) > since && exclusionOf(webhook.value, pod) === null,
    );
    if (missed.length === 0) return pass();

    const missedNames = new Set(missed.map(({ pod }) => pod.name));
    const sibling = placesOf(evidence["k8s.pods"], question).find(
      ({ pod, container }) =>
        !missedNames.has(pod.name) &&
        seconds(pod.createdAt) > since &&
        injectedInto(container).mechanism !== "none",
    );
    const census = evidence["k8s.injection-census"];
    const newest = census.status === "found" ? census.value.newestInjectedAt : null;
    const oldestMissed = Math.min(...missed.map(({ pod }) => seconds(pod.createdAt)));
    const later = newest !== null && seconds(newest) > oldestMissed;
    if (sibling === undefined && !later) {
      return notApplicable("no other pod shows that the webhook works");
    }
    const data = {
      pods: listed([...missedNames].map((name) => `pod ${name}`)),
      serviceAccount: serviceAccountOf(workload.value),
      witness:
        sibling === undefined
          ? `another pod of the cluster, created at ${newest},`
          : `pod ${sibling.pod.name}`,
      failurePolicy: webhook.value.failurePolicy,
    };
    return fail("missed", data, replacePods(workload, question));
  },
});
