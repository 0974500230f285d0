import { agentAnswered, whenAgentFails } from "../core/agent-symptoms.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";

/** What the VPC resource controller writes on a pod that has its own network interface. */
const podEniAnnotation = "vpc.amazonaws.com/pod-eni";

export const securityGroupForPods = defineRule({
  id: "security-group-for-pods",
  meta: {
    title: "A pod with security groups of its own does not reach the agent",
    stage: "token-and-agent",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/security-groups-for-pods.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html",
    ],
    unless: [
      "The pod has no security groups of its own.",
      "The agent answered the pod, if only to refuse it: then it is reached.",
    ],
    messages: {
      strict:
        "Pod {{pod}} has security groups of its own, and the VPC CNI enforces them strictly (POD_SECURITY_GROUP_ENFORCING_MODE={{mode}}): all its traffic leaves by a network interface from which the agent's address on the node cannot be reached.",
    },
  },
  when: whenAgentFails,
  andWhen: {
    needs: ["k8s.pods"],
    holds(evidence) {
      const pods = evidence["k8s.pods"];
      const own =
        pods.status === "found" && pods.value.pods.some(({ annotations }) => podEniAnnotation in annotations);
      return own || "no pod has security groups of its own";
    },
  },
  needs: ["k8s.vpc-cni"],
  check(evidence) {
    const cni = evidence["k8s.vpc-cni"];
    const pods = evidence["k8s.pods"];
    if (cni.status === "absent" || pods.status === "absent") return notApplicable("the VPC CNI is not used");
    const pod = pods.value.pods.find(
      ({ name, annotations }) => podEniAnnotation in annotations && !agentAnswered(evidence, name),
    );
    const { podSecurityGroupEnforcingMode: mode } = cni.value;
    if (pod === undefined || mode !== "strict") return pass();
    return fail(
      "strict",
      { pod: pod.name, mode },
      {
        manual: [
          {
            title: "Let the VPC CNI enforce security groups for pods in standard mode, then replace the pods",
            command:
              "kubectl -n kube-system set env daemonset aws-node POD_SECURITY_GROUP_ENFORCING_MODE=standard",
          },
        ],
      },
    );
  },
});
