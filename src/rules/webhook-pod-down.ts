import { whenUninjected } from "../core/conditions.ts";
import { exclusionOf } from "../core/injection.ts";
import { restart } from "../core/kubectl.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { listed, uninjected } from "../core/subject.ts";

export const webhookPodDown = defineRule({
  id: "webhook-pod-down",
  meta: {
    title: "No pod answers for the self-hosted webhook",
    stage: "injection",
    severity: "error",
    references: [
      "https://github.com/aws/amazon-eks-pod-identity-webhook",
      "https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#contacting-the-webhook",
    ],
    unless: [
      "The webhook is EKS's own, which has a URL and no Service: it runs outside the cluster.",
      "The webhook's pods are ready: see webhook-url-unreachable and webhook-cabundle-wrong.",
      "The webhook's selectors leave the pod out: see webhook-excluded.",
    ],
    messages: {
      down: "MutatingWebhookConfiguration {{configuration}} sends its calls to Service {{service}}, behind which no pod is ready ({{notReady}} not ready), so {{pods}} got no identity; failurePolicy {{failurePolicy}} hides the failing calls.",
      gone: "MutatingWebhookConfiguration {{configuration}} sends its calls to Service {{service}}, which does not exist, so {{pods}} got no identity; failurePolicy {{failurePolicy}} hides the failing calls.",
    },
  },
  when: whenUninjected,
  andWhen: {
    needs: ["k8s.webhook"],
    holds(evidence) {
      const webhook = evidence["k8s.webhook"];
      const service = webhook.status === "found" ? webhook.value.clientConfig.service : null;
      return service !== null || "the webhook is not served from the cluster";
    },
  },
  needs: ["k8s.webhook-endpoints"],
  check(evidence, question) {
    const webhook = evidence["k8s.webhook"];
    const endpoints = evidence["k8s.webhook-endpoints"];
    if (webhook.status === "absent" || endpoints.status === "absent" || endpoints.value.ready > 0)
      return pass();
    const selected = uninjected(evidence, question)
      .map(({ pod }) => pod)
      .filter((pod) => exclusionOf(webhook.value, pod) === null);
    if (selected.length === 0) return notApplicable("the webhook's selectors leave the pods out");
    const { service, exists, notReady } = endpoints.value;
    const [namespace = "", name = ""] = service.split("/");
    const data = {
      configuration: webhook.value.configuration,
      service,
      pods: listed(selected.map((pod) => `pod ${pod.name}`)),
      failurePolicy: webhook.value.failurePolicy,
    };
    const then = { title: "Then replace the pods that carry no identity", command: restart(question) };
    if (!exists) {
      const again = {
        title: "Install the webhook again, or take its configuration away where EKS's own is there as well",
        command: "kubectl get mutatingwebhookconfigurations",
      };
      return fail("gone", data, { manual: [again, then] });
    }
    const start = {
      title: "Get the webhook's pods ready: what keeps them, their events and logs say",
      command: `kubectl -n ${shellWord(namespace)} get pods,endpointslices -l ${shellWord(`kubernetes.io/service-name=${name}`)}`,
    };
    return fail("down", { ...data, notReady: String(notReady) }, { manual: [start, then] });
  },
});
