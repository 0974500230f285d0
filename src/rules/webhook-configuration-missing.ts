import { whenUninjected } from "../core/conditions.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { listed, uninjected } from "../core/subject.ts";

export const webhookConfigurationMissing = defineRule({
  id: "webhook-configuration-missing",
  meta: {
    title: "The cluster has no webhook that gives pods their identity",
    stage: "injection",
    severity: "error",
    references: [
      "https://github.com/aws/amazon-eks-pod-identity-webhook",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html",
    ],
    unless: [
      "The pods carry their identity: then a webhook was there when they were created.",
      "No identity is configured.",
    ],
    messages: {
      missing:
        "No MutatingWebhookConfiguration of cluster {{cluster}} has an entry iam-for-pods.amazonaws.com (on EKS: object pod-identity-webhook), so {{pods}} got no identity although one is configured.",
    },
  },
  when: whenUninjected,
  needs: ["k8s.webhook"],
  check(evidence, question) {
    if (evidence["k8s.webhook"].status === "found") return pass();
    const pods = listed(uninjected(evidence, question).map(({ pod }) => `pod ${pod.name}`));
    return fail(
      "missing",
      { cluster: question.cluster, pods },
      {
        manual: [
          {
            title:
              "On EKS the control plane owns this object: have AWS Support restore it. Where the webhook is self-hosted, install it again",
            command: "kubectl get mutatingwebhookconfigurations",
          },
        ],
      },
    );
  },
});
