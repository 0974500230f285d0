import { policiesAgainst } from "../core/egress.ts";
import type { Absent, Evidence, Found, NodeFacts, Question } from "../core/evidence.ts";
import type { NetworkPolicyFacts } from "../core/facts/kubernetes.ts";
import { instancesOf } from "../core/instances.ts";
import { whenNothingFound } from "../core/missed-identity.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { listed, placesOf, serviceAccountOf } from "../core/subject.ts";

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html */
const metadataAddress = "169.254.169.254";

export const imdsBlocked = defineRule({
  id: "imds-blocked",
  meta: {
    title: "Something keeps the pods from the instance metadata",
    stage: "identity-configuration",
    severity: "info",
    references: [
      "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
      "https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/fargate.html",
    ],
    unless: [
      "It is never the cause: this is information beside the missing identity.",
      "kube2iam or kiam take the place of the metadata: see kube2iam-kiam-leftover.",
      "Policies of Cilium or Calico, and iptables rules of the node, are not read.",
    ],
    messages: {
      variable:
        "AWS_EC2_METADATA_DISABLED is {{value}} in container {{container}}, so its SDK never asks the instance metadata for the node role; service account {{serviceAccount}} has no identity, and no other source is left.",
      fargate:
        "Pod {{pod}} runs on Fargate, which has no instance metadata; service account {{serviceAccount}} has no identity, and no other source is left.",
      endpoint:
        "The instance metadata of {{instance}}, where pod {{pod}} runs, is switched off; service account {{serviceAccount}} has no identity, and no other source is left.",
      policy:
        "{{policies}} lets pod {{pod}} reach no instance metadata ({{address}}, port 80); service account {{serviceAccount}} has no identity, and no other source is left.",
    },
  },
  when: whenNothingFound,
  needs: ["k8s.nodes", "k8s.network-policies", "ec2.instances"],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    if (workload.status === "absent") return pass();
    const serviceAccount = serviceAccountOf(workload.value);
    const show = (command: string) => ({
      manual: [
        {
          title:
            "Leave it as it is: workloads should not live on the node role. What is missing is the identity",
          command,
        },
      ],
    });
    const pods = placesOf(evidence["k8s.pods"], question);
    const object = `kubectl -n ${shellWord(question.namespace)} get ${shellWord(`${workload.value.kind.toLowerCase()}/${question.name}`)} -o yaml`;
    for (const { pod, container } of pods) {
      const { value } = container.env.find(({ name }) => name === "AWS_EC2_METADATA_DISABLED") ?? {};
      if (value?.toLowerCase() === "true") {
        return fail("variable", { value, container: container.name, serviceAccount }, show(object));
      }
      if (nodeOf(evidence["k8s.nodes"], pod.nodeName)?.compute === "fargate") {
        const node = `kubectl get node ${shellWord(pod.nodeName ?? "")} -o yaml`;
        return fail("fargate", { pod: pod.name, serviceAccount }, show(node));
      }
    }
    const off = instancesOf(evidence, question).find(
      ({ instance }) => instance.metadata.endpoint === "disabled",
    );
    if (off !== undefined) {
      const { instanceId } = off.instance;
      const command = `aws ec2 describe-instances --instance-ids ${shellWord(instanceId)} --query ${shellWord("Reservations[].Instances[].MetadataOptions")}`;
      return fail("endpoint", { instance: instanceId, pod: off.pod.name, serviceAccount }, show(command));
    }
    const against = blockedBy(evidence["k8s.network-policies"], evidence, question);
    if (against === null) return pass();
    const { pod, policies } = against;
    const data = {
      policies: listed(policies.map(({ name }) => `NetworkPolicy ${name}`)),
      pod,
      address: metadataAddress,
      serviceAccount,
    };
    return fail(
      "policy",
      data,
      show(`kubectl -n ${shellWord(question.namespace)} get networkpolicies -o yaml`),
    );
  },
});

function nodeOf(nodes: Found<readonly NodeFacts[]> | Absent, nodeName: string | null): NodeFacts | undefined {
  return nodes.status === "found" ? nodes.value.find(({ name }) => name === nodeName) : undefined;
}

function blockedBy(
  observed: Found<readonly NetworkPolicyFacts[]> | Absent,
  evidence: Evidence,
  question: Question,
): { readonly pod: string; readonly policies: readonly NetworkPolicyFacts[] } | null {
  const pods = evidence["k8s.pods"];
  if (observed.status === "absent" || pods === undefined || pods.status === "unavailable") return null;
  for (const { pod } of placesOf(pods, question)) {
    // Policies do not bind what runs on the host's network.
    const policies = pod.hostNetwork ? [] : policiesAgainst(observed.value, pod, metadataAddress);
    if (policies.length > 0) return { pod: pod.name, policies };
  }
  return null;
}
