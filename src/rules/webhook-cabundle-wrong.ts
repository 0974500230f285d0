import { whenUninjected } from "../core/conditions.ts";
import type { InjectionCensus, PodFacts, Question, WebhookFacts } from "../core/evidence.ts";
import {
  bundleReplacedAt,
  describeCertificate,
  exclusionOf,
  injectsNothing,
  webhookFault,
} from "../core/injection.ts";
import { restart } from "../core/kubectl.ts";
import type { ManualStep } from "../core/plan.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { configuredAt, listed, seconds, settlingSeconds, uninjected } from "../core/subject.ts";

export const webhookCabundleWrong = defineRule({
  id: "webhook-cabundle-wrong",
  meta: {
    title: "The API server cannot trust the webhook that gives pods their identity",
    stage: "injection",
    severity: "error",
    references: [
      "https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#contacting-the-webhook",
      "https://github.com/aws/amazon-eks-pod-identity-webhook",
    ],
    unless: [
      "Another pod was given an identity after the bundle was written: the bundle works, see injection-missed-webhook-flap.",
      "The pods are older than the write of the bundle or than their identity: see pod-older-than-association and pod-older-than-annotation.",
      "The bundle is as it was created, or not all pods of the cluster could be listed: then a valid certificate is not accused.",
    ],
    messages: {
      empty:
        "The caBundle of entry {{entry}} in MutatingWebhookConfiguration {{configuration}} is empty ({{writer}}), so the API server trusts no certificate of the webhook; failurePolicy {{failurePolicy}} lets pods such as {{pods}} start without an identity.",
      unreadable:
        "The caBundle of entry {{entry}} in MutatingWebhookConfiguration {{configuration}} holds no X.509 certificate ({{writer}}), so the API server trusts no certificate of the webhook; failurePolicy {{failurePolicy}} lets pods such as {{pods}} start without an identity.",
      expired:
        "The caBundle of entry {{entry}} in MutatingWebhookConfiguration {{configuration}} holds only expired certificates, {{certificate}} ({{writer}}); failurePolicy {{failurePolicy}} lets pods such as {{pods}} start without an identity.",
      replaced:
        "The caBundle of entry {{entry}} in MutatingWebhookConfiguration {{configuration}} was overwritten by {{manager}} at {{changedAt}} and now holds {{certificate}}. No pod of the cluster was given an identity since; {{pods}} should have been. failurePolicy {{failurePolicy}} hides the failing calls.",
    },
  },
  when: whenUninjected,
  needs: ["k8s.webhook", "k8s.injection-census"],
  wants: ["k8s.webhook-endpoints"],
  check(evidence, question) {
    const observation = evidence["k8s.webhook"];
    if (observation.status === "absent") return notApplicable("there is no webhook configuration");
    const webhook = observation.value;
    const places = uninjected(evidence, question).filter(({ pod }) => exclusionOf(webhook, pod) === null);
    if (places.length === 0) return notApplicable("the webhook's selectors leave the pods out");
    const facts = {
      configuration: webhook.configuration,
      entry: webhook.entry,
      failurePolicy: webhook.failurePolicy,
    };
    const remedy = { manual: restore(webhook, question) };

    const fault = webhookFault(observation);
    if (fault !== null && fault.fault !== "missing") {
      const data = { ...facts, writer: writerOf(webhook), pods: podNames(places.map(({ pod }) => pod)) };
      return fault.fault === "expired"
        ? fail("expired", { ...data, certificate: describeCertificate(fault.certificate) }, remedy)
        : fail(fault.fault, data, remedy);
    }

    // The certificates are valid as such; whether they are the webhook's own, only what became of pods can show.
    const changed = webhook.caBundleChanged;
    if (changed === null) return notApplicable("who last wrote the caBundle is not recorded");
    if (bundleReplacedAt(webhook) === null) return notApplicable("the caBundle is as it was created");
    if (injectsNothing(evidence)) return notApplicable("nobody answers behind the webhook's Service");
    if (webhook.clientConfig.service !== null && evidence["k8s.webhook-endpoints"].status === "unavailable") {
      return notApplicable("whether anybody answers behind the webhook's Service could not be seen");
    }
    const identityAt = configuredAt(evidence);
    if (identityAt === null) return notApplicable("when the identity was configured is not recorded");
    const since = Math.max(seconds(changed.at), seconds(identityAt)) + settlingSeconds;
    const missed = places.map(({ pod }) => pod).filter(({ createdAt }) => seconds(createdAt) > since);
    if (missed.length === 0) return notApplicable("the pods are older than the caBundle or their identity");
    const census = evidence["k8s.injection-census"];
    if (census.status === "absent") return notApplicable("no other pod shows whether injection works");
    if (injectedSince(census.value, changed.at)) return pass();
    if (!census.value.complete) return notApplicable("not all pods of the cluster were seen");
    const certificates = webhook.caBundle.status === "certificates" ? webhook.caBundle.certificates : [];
    const data = {
      ...facts,
      manager: changed.manager,
      changedAt: changed.at,
      certificate: certificates.map(describeCertificate).join(", "),
      pods: podNames(missed),
    };
    return fail("replaced", data, remedy);
  },
});

function injectedSince({ newestInjectedAt }: InjectionCensus, changedAt: string): boolean {
  return newestInjectedAt !== null && seconds(newestInjectedAt) > seconds(changedAt);
}

function podNames(pods: readonly PodFacts[]): string {
  return listed(pods.map(({ name, createdAt }) => `pod ${name} (created at ${createdAt})`));
}

function writerOf({ caBundleChanged }: WebhookFacts): string {
  return caBundleChanged === null
    ? "who wrote it is not recorded"
    : `written by ${caBundleChanged.manager} at ${caBundleChanged.at}`;
}

/** The right certificate is only known to whoever runs the webhook, so no change is offered. */
function restore({ configuration, clientConfig }: WebhookFacts, question: Question): readonly ManualStep[] {
  const show = `kubectl get mutatingwebhookconfiguration ${configuration} -o yaml --show-managed-fields`;
  const title =
    clientConfig.service === null
      ? "Restore the caBundle from a backup or from Git; on EKS the control plane owns the certificate, so without a copy of it AWS Support has to restore the object"
      : `Restore the caBundle with the CA that signed the certificate of service ${clientConfig.service} (cert-manager does it by the annotation cert-manager.io/inject-ca-from)`;
  return [
    { title, command: show },
    { title: "Then restart the workloads whose pods carry no identity", command: restart(question) },
  ];
}
