import { whenAgentAsked } from "../core/conditions.ts";
import { installAgent } from "../core/fixes.ts";
import { needsAgent } from "../core/injection.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { listed, placesOf } from "../core/subject.ts";

export const agentAddonMissing = defineRule({
  id: "agent-addon-missing",
  meta: {
    title: "The EKS Pod Identity Agent is not installed",
    stage: "token-and-agent",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html",
    ],
    unless: [
      "Auto Mode nodes have the agent built in: no DaemonSet pod is right there.",
      "Fargate and Windows nodes cannot use Pod Identity with or without an agent.",
      "The DaemonSet exists but not on this node: see agent-not-on-node.",
    ],
    messages: {
      missing:
        "Cluster {{cluster}} has no DaemonSet kube-system/eks-pod-identity-agent, and no agent is built into {{nodes}}: nobody answers at 169.254.170.23, where the SDKs in {{pods}} are told to fetch their credentials.",
    },
  },
  when: whenAgentAsked,
  needs: ["k8s.agent", "k8s.nodes"],
  wants: ["eks.agent-addon", "eks.cluster"],
  check(evidence, question) {
    const agent = evidence["k8s.agent"];
    const nodes = evidence["k8s.nodes"];
    if (agent.status === "found" && agent.value.daemonSet !== null) return pass();
    if (nodes.status === "absent") return notApplicable("the pods run on no node");
    const lacking = nodes.value.filter(needsAgent);
    if (lacking.length === 0) return notApplicable("the pods' nodes need no agent DaemonSet");
    const names = new Set(lacking.map(({ name }) => name));
    const pods = placesOf(evidence["k8s.pods"], question)
      .map(({ pod }) => pod)
      .filter(({ nodeName }) => nodeName !== null && names.has(nodeName));
    if (pods.length === 0) return notApplicable("no pod runs on a node that needs the agent");
    const data = {
      cluster: question.cluster,
      nodes: listed([...names].map((name) => `node ${name}`)),
      pods: listed(pods.map(({ name }) => `pod ${name}`)),
    };
    const addon = evidence["eks.agent-addon"];
    const cluster = evidence["eks.cluster"];
    if (addon.status !== "found" && cluster.status === "found") {
      return fail("missing", data, { fix: [installAgent(cluster.value)] });
    }
    const region = cluster.status === "found" ? ` --region ${shellWord(cluster.value.region)}` : "";
    const where = `--cluster-name ${shellWord(question.cluster)}${region} --addon-name eks-pod-identity-agent`;
    return fail("missing", data, {
      manual: [
        addon.status === "found"
          ? {
              title: `The add-on is there with status ${addon.value.status}, its DaemonSet is not: see why`,
              command: `aws eks describe-addon ${where}`,
            }
          : {
              title: "Install the add-on; running pods find the agent without a restart",
              command: `aws eks create-addon ${where}`,
            },
      ],
    });
  },
});
