import { expectedIdentity } from "../core/identity.ts";
import { cannotUsePodIdentity } from "../core/injection.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";

export const podIdentityUnsupportedCompute = defineRule({
  id: "pod-identity-unsupported-compute",
  meta: {
    title: "EKS Pod Identity does not work where the pod runs",
    stage: "token-and-agent",
    severity: "error",
    references: ["https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html"],
    unless: ["Only some replicas run there: the others are served."],
    messages: {
      compute:
        "Pod {{pod}} runs on node {{node}} ({{compute}}), where EKS Pod Identity does not work. Its service account gets its role by an association only.",
      mirror:
        "Pod {{pod}} is a static pod: the kubelet runs it from a file, it has no service account, and no webhook sees it.",
    },
  },
  when: {
    needs: ["k8s.pods", "k8s.service-account", "eks.association"],
    holds: (evidence) =>
      expectedIdentity(evidence)?.mechanism === "pod-identity" || "Pod Identity is not configured",
  },
  needs: ["k8s.nodes"],
  check(evidence, question) {
    const pods = evidence["k8s.pods"];
    const nodes = evidence["k8s.nodes"];
    if (pods.status === "absent") return notApplicable("no pod runs");
    const mirror = pods.value.pods.find((pod) => pod.mirror);
    if (mirror !== undefined) {
      return fail(
        "mirror",
        { pod: mirror.name },
        {
          manual: [
            {
              title: "Run the program as a workload of the cluster, with a service account",
              command: `kubectl -n ${shellWord(question.namespace)} get pod ${shellWord(mirror.name)} -o yaml`,
            },
          ],
        },
      );
    }
    const unfit = nodes.status === "found" ? nodes.value.filter(cannotUsePodIdentity) : [];
    for (const node of unfit) {
      const pod = pods.value.pods.find(({ nodeName }) => nodeName === node.name);
      if (pod === undefined) continue;
      const compute =
        node.os === "windows" ? "Windows" : node.compute === "fargate" ? "Fargate" : node.compute;
      return fail(
        "compute",
        { pod: pod.name, node: node.name, compute },
        {
          manual: [
            {
              title:
                "Give the service account its role by IRSA, and delete the association; then replace the pods",
              command: `kubectl -n ${shellWord(question.namespace)} get serviceaccount ${shellWord(pod.serviceAccountName)} -o yaml`,
            },
          ],
        },
      );
    }
    return pass();
  },
});
