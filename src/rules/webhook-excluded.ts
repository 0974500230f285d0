import { whenUninjected } from "../core/conditions.ts";
import type { Found, Question, WorkloadFacts } from "../core/evidence.ts";
import { type Remedy, setTemplateMetadata } from "../core/fixes.ts";
import { exclusionOf, labelFor } from "../core/injection.ts";
import type { ManualStep } from "../core/plan.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { objectOf, uninjected } from "../core/subject.ts";

const skipLabel = "eks.amazonaws.com/skip-pod-identity-webhook";

export const webhookExcluded = defineRule({
  id: "webhook-excluded",
  meta: {
    title: "The webhook's selectors leave the pod out",
    stage: "injection",
    severity: "error",
    references: [
      "https://github.com/aws/amazon-eks-pod-identity-webhook",
      "https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-objectselector",
    ],
    unless: [
      "The selectors take the pod: then another rule explains why it carries nothing.",
      "A requirement has an operator that is not known; nobody is accused on that ground.",
    ],
    messages: {
      namespace:
        "The namespaceSelector of MutatingWebhookConfiguration {{configuration}} requires {{requirement}}, which namespace {{namespace}} does not meet: pod {{pod}} got no identity.",
      object:
        "The objectSelector of MutatingWebhookConfiguration {{configuration}} requires {{requirement}}, which the labels of pod {{pod}} do not meet: it got no identity.",
    },
  },
  when: whenUninjected,
  needs: ["k8s.webhook"],
  check(evidence, question) {
    const webhook = evidence["k8s.webhook"];
    const workload = evidence["k8s.workload"];
    if (webhook.status === "absent" || workload.status === "absent") {
      return notApplicable("there is no webhook configuration or no workload");
    }
    for (const { pod } of uninjected(evidence, question)) {
      const excluded = exclusionOf(webhook.value, pod);
      if (excluded === null) continue;
      const { configuration } = webhook.value;
      const { requirement } = excluded;
      if (excluded.selector === "namespace") {
        const data = { configuration, requirement, namespace: question.namespace, pod: pod.name };
        return fail("namespace", data, { manual: [labelNamespace(question.namespace, requirement)] });
      }
      return fail(
        "object",
        { configuration, requirement, pod: pod.name },
        relabelPods(workload, requirement, question),
      );
    }
    return pass();
  },
});

function labelNamespace(namespace: string, requirement: string): ManualStep {
  const label = labelFor(requirement);
  const change =
    label === null || label.value === null ? `${label?.key ?? "<label>"}-` : `${label.key}=${label.value}`;
  return {
    title: `Give namespace ${namespace} labels that meet "${requirement}", then restart the workload`,
    command: `kubectl label namespace ${shellWord(namespace)} ${shellWord(change)} --overwrite`,
  };
}

/** Only the webhook's own label is its to take away; what others select by is for a person to change. */
function relabelPods(workload: Found<WorkloadFacts>, requirement: string, question: Question): Remedy {
  if (workload.value.template.labels[skipLabel] !== undefined) {
    return setTemplateMetadata(workload, "labels", skipLabel, null, question);
  }
  const { namespace } = workload.value;
  const object = objectOf(workload.value);
  const label = labelFor(requirement);
  const labels = { [label?.key ?? "<label>"]: label === null ? "<value>" : label.value };
  const patch = JSON.stringify({ spec: { template: { metadata: { labels } } } });
  return {
    manual: [
      {
        title: `Change the pod labels of ${object} so that they meet "${requirement}"; the pods are then replaced`,
        command: `kubectl -n ${shellWord(namespace)} patch ${shellWord(object)} -p ${shellWord(patch)}`,
      },
    ],
  };
}
