import { agentAnswered } from "../core/agent-symptoms.ts";
import { agentAddressOf, policiesAgainst } from "../core/egress.ts";
import { expectedIdentity } from "../core/identity.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { signOf } from "../core/sign-symptoms.ts";
import { currentErrors, listed, placesOf } from "../core/subject.ts";

export const networkpolicyBlocksAgent = defineRule({
  id: "networkpolicy-blocks-agent",
  meta: {
    title: "A network policy keeps the pod from the agent",
    stage: "token-and-agent",
    severity: "error",
    references: [
      "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html",
    ],
    unless: [
      "The agent answered the pod, if only to refuse it (EKS does not have permissions to assume the associated role): then nothing enforces the policy, or something else opens the way.",
      "Policies of Cilium, Calico or a service mesh block it: they are not read.",
    ],
    messages: {
      blocked:
        "{{policies}} limits the egress of pod {{pod}} and allows no connection to {{address}}, port 80, where the agent answers. The address is in no pod's or node's range, so only a block of addresses can allow it.",
    },
  },
  when: {
    needs: ["k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds(evidence) {
      if (expectedIdentity(evidence)?.mechanism !== "pod-identity") return "Pod Identity is not configured";
      const fails = currentErrors(evidence).some(({ kind }) => kind === "pod-identity-agent-error");
      return fails || signOf(evidence, "agent-unreachable") !== null || "the agent is reached";
    },
  },
  needs: ["k8s.network-policies"],
  check(evidence, question) {
    const policies = evidence["k8s.network-policies"];
    const pods = evidence["k8s.pods"];
    if (policies.status === "absent" || pods.status === "absent") return pass();
    for (const { pod, container } of placesOf(pods, question)) {
      if (pod.hostNetwork || agentAnswered(evidence, pod.name)) continue;
      const address = agentAddressOf(container);
      const against = policiesAgainst(policies.value, pod, address);
      const [first] = against;
      if (first === undefined) continue;
      const cidr = `${address}/${address.includes(":") ? 128 : 32}`;
      const allow = { to: [{ ipBlock: { cidr } }], ports: [{ protocol: "TCP", port: 80 }] };
      const patch =
        first.egress.length === 0
          ? { op: "add", path: "/spec/egress", value: [allow] }
          : { op: "add", path: "/spec/egress/-", value: allow };
      return fail(
        "blocked",
        { policies: listed(against.map((policy) => `NetworkPolicy ${policy.name}`)), pod: pod.name, address },
        {
          manual: [
            {
              title: `Let NetworkPolicy ${first.name} allow ${cidr} at port 80, beside what it allows`,
              command: `kubectl -n ${shellWord(question.namespace)} patch networkpolicy ${shellWord(first.name)} --type=json -p ${shellWord(JSON.stringify([patch]))}`,
            },
          ],
        },
      );
    }
    return pass();
  },
});
