import type { Collector } from "../../../app/ports.ts";
import type { AgentFacts } from "../../../core/evidence.ts";
import { observeNothing } from "../outcome.ts";
import { isReady, waitingReason } from "../pod-facts.ts";
import { prerequisite } from "../prerequisite.ts";
import { resources, sourceFor } from "../resources.ts";
import { type Controller, controllerSchema, type Pod, podSchema } from "../schemas.ts";
import type { CollectorDeps } from "./deps.ts";
import { nodeNames } from "./nodes.ts";

const agentNamespace = "kube-system";
const agentName = "eks-pod-identity-agent";
const nameLabel = "app.kubernetes.io/name";

/**
 * The EKS Pod Identity Agent: its DaemonSet in kube-system, by name or by label, and its pods on the nodes of the
 * workload's pods. Permissions: `list daemonsets.apps` and `list pods`. Absent: there is no such DaemonSet (on Auto
 * Mode nodes the agent is built in). https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html
 */
export function createAgentCollector({ client, clock }: CollectorDeps): Collector<"k8s.agent"> {
  return {
    kind: "k8s.agent",
    group: "config",
    after: ["k8s.pods"],
    async collect(context) {
      const workloadPods = prerequisite(context, "k8s.pods");
      // A workload that is not there says nothing about the agent, which then has no node to be looked for on.
      if (!workloadPods.ok && workloadPods.observation.status === "unavailable")
        return workloadPods.observation;
      const source = sourceFor(resources.daemonSets, agentNamespace, agentName);
      const daemonSets = await client.list(
        resources.daemonSets,
        agentNamespace,
        controllerSchema,
        context.signal,
      );
      if (daemonSets.type !== "ok") return observeNothing(daemonSets, source, clock());
      const agents = daemonSets.value.items.filter(isAgent);
      const agent = agents.find(({ metadata }) => metadata.name === agentName) ?? agents[0];
      if (agent === undefined) return { status: "absent", source, at: clock() };
      // Hybrid nodes have DaemonSets of their own, under the same label or under names that begin alike.
      const listed = await Promise.all(
        [...new Set(agents.map(selectorOf))].map((labelSelector) =>
          client.list(resources.pods, agentNamespace, podSchema, context.signal, { labelSelector }),
        ),
      );
      const failed = listed.find((pods) => pods.type === "failed");
      if (failed !== undefined) return observeNothing(failed, source, clock());
      const pods = listed.flatMap((page) => (page.type === "ok" ? page.value.items : []));
      const nodes = new Set(workloadPods.ok ? nodeNames(workloadPods.value) : []);
      return { status: "found", value: facts(agent, agents, pods, nodes), source, at: clock() };
    },
  };
}

function isAgent({ metadata }: Controller): boolean {
  return metadata.name.startsWith(agentName) || metadata.labels[nameLabel] === agentName;
}

function selectorOf({ spec }: Controller): string {
  return Object.entries(spec.selector.matchLabels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

function facts(
  { spec, status }: Controller,
  agents: readonly Controller[],
  pods: readonly Pod[],
  nodes: ReadonlySet<string>,
): AgentFacts {
  const owners = new Set(agents.map(({ metadata }) => metadata.uid));
  const mine = pods.filter(
    (pod) =>
      pod.metadata.deletionTimestamp === null &&
      pod.metadata.ownerReferences.some(({ uid }) => owners.has(uid)),
  );
  return {
    daemonSet: {
      desired: status?.desiredNumberScheduled ?? 0,
      ready: status?.numberReady ?? 0,
      image: spec.template.spec.containers[0]?.image ?? "",
    },
    pods: mine.flatMap((pod) => {
      const nodeName = pod.spec.nodeName;
      if (nodeName === null || !nodes.has(nodeName)) return [];
      return [{ name: pod.metadata.name, nodeName, ready: isReady(pod), waitingReason: waitingReason(pod) }];
    }),
  };
}
