import { whenUninjected } from "../core/conditions.ts";
import { restart } from "../core/kubectl.ts";
import { missedInjection, missedInjectionNeeds } from "../core/missed-injection.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { listed } from "../core/subject.ts";

export const webhookUrlUnreachable = defineRule({
  id: "webhook-url-unreachable",
  meta: {
    title: "The API server's calls to the webhook fail",
    stage: "injection",
    severity: "error",
    references: [
      "https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#contacting-the-webhook",
      "https://github.com/aws/amazon-eks-pod-identity-webhook",
    ],
    unless: [
      "One pod, or the pods of one moment, were missed, or another pod was given an identity since: see injection-missed-webhook-flap.",
      "The caBundle is empty, unreadable, expired or was overwritten: see webhook-cabundle-wrong.",
      "No pod is ready behind the webhook's Service: see webhook-pod-down.",
      "The pods are older than their identity.",
    ],
    messages: {
      silent:
        "Entry {{entry}} of MutatingWebhookConfiguration {{configuration}} looks sound, but none of the {{count}} pods that it should have given an identity since {{since}} got one, {{pods}} among them, and {{newest}}: the calls to {{address}} fail, and failurePolicy {{failurePolicy}} hides it.",
    },
  },
  when: whenUninjected,
  needs: missedInjectionNeeds,
  wants: ["k8s.webhook-endpoints"],
  check(evidence, question) {
    const webhook = evidence["k8s.webhook"];
    if (webhook.status === "absent") return notApplicable("there is no webhook configuration");
    const missed = missedInjection(evidence, webhook.value, question);
    if (missed.calls === "unknowable") return notApplicable(missed.because);
    if (missed.calls !== "all-failed") return pass();
    const { configuration, entry, clientConfig, failurePolicy } = webhook.value;
    const all = [...missed.pods, ...missed.others];
    const since = all.map(({ createdAt }) => createdAt).sort()[0] ?? "";
    const data = {
      configuration,
      entry,
      failurePolicy,
      since,
      count: String(all.length),
      pods: listed(missed.pods.map(({ name }) => `pod ${name}`)),
      newest:
        missed.newestInjectedAt === null
          ? "no pod of the cluster has one"
          : `the newest pod that has one is of ${missed.newestInjectedAt}`,
      address: clientConfig.url ?? `Service ${clientConfig.service ?? "(none is named)"}`,
    };
    return fail("silent", data, {
      manual: [
        {
          title:
            clientConfig.service === null
              ? "Compare the address with the one that EKS gives, https://127.0.0.1:23443/mutate on its own control plane; where it is that, AWS Support has to look, else restore it"
              : "See whether the API server reaches the Service: its port, the pods' certificate, network policies and security groups between control plane and nodes",
          command: `kubectl get mutatingwebhookconfiguration ${shellWord(configuration)} -o yaml --show-managed-fields`,
        },
        {
          title:
            "Where the cluster's API server and audit logs go to CloudWatch Logs, they say why each call failed",
          command: `aws logs filter-log-events --log-group-name ${shellWord(`/aws/eks/${question.cluster}/cluster`)} --filter-pattern ${shellWord(`"failed calling webhook" "${entry}"`)}`,
        },
        { title: "Then replace the pods that carry no identity", command: restart(question) },
      ],
    });
  },
});
