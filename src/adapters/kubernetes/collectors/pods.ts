import type { Collector } from "../../../app/ports.ts";
import { isBuiltInKind, type WorkloadFacts } from "../../../core/evidence.ts";
import { choosePods } from "../choose-pods.ts";
import type { KubernetesClient } from "../client.ts";
import { mapOutcome, type Outcome, observe } from "../outcome.ts";
import { podFacts } from "../pod-facts.ts";
import { prerequisite } from "../prerequisite.ts";
import { type Resource, resources, sourceFor } from "../resources.ts";
import { ownedSchema, type Pod, podSchema } from "../schemas.ts";
import type { CollectorDeps } from "./deps.ts";
import { findOwner } from "./workload.ts";

const podLimit = 20;

/**
 * The workload's pods, found by their owners and not by labels, which other workloads may share. Permissions:
 * `list pods`, for a Deployment also `list replicasets.apps`, for a CronJob `list jobs.batch`; for a bare Pod
 * `get pods` alone; for a kind that is not built in, those of the workload itself.
 */
export function createPodsCollector({ client, clock }: CollectorDeps): Collector<"k8s.pods"> {
  return {
    kind: "k8s.pods",
    group: "workload",
    after: ["k8s.workload"],
    async collect(context) {
      const workload = prerequisite(context, "k8s.workload");
      if (!workload.ok) return workload.observation;
      const { kind, namespace, name } = workload.value;
      const source = sourceFor(resources.pods, namespace, kind === "Pod" ? name : null);
      const outcome = await podsOf(client, workload.value, context.signal);
      return observe(outcome, source, clock(), (pods) => ({
        pods: choosePods(pods, podLimit).map(podFacts),
        total: pods.length,
      }));
    },
  };
}

async function podsOf(
  client: KubernetesClient,
  { kind, namespace, name, uid }: WorkloadFacts,
  signal: AbortSignal,
): Promise<Outcome<readonly Pod[]>> {
  if (kind === "Pod") {
    const pod = await client.get(resources.pods, namespace, name, podSchema, signal);
    return mapOutcome(pod, (value) => [value].filter(isThere));
  }
  if (!isBuiltInKind(kind)) return podsBelow(client, { kind, namespace, name }, signal);
  const [owners, pods] = await Promise.all([
    ownersOfPods(client, kind, namespace, uid, signal),
    client.list(resources.pods, namespace, podSchema, signal),
  ]);
  if (owners.type !== "ok") return owners;
  const counts = kind === "Job" || kind === "CronJob" ? isThere : isActive;
  return mapOutcome(pods, ({ items }) =>
    items.filter(
      (pod) => counts(pod) && pod.metadata.ownerReferences.some((owner) => owners.value.has(owner.uid)),
    ),
  );
}

/** The pods under an owner that is of no built-in kind, however many steps below. */
async function podsBelow(
  client: KubernetesClient,
  question: Pick<WorkloadFacts, "kind" | "namespace" | "name">,
  signal: AbortSignal,
): Promise<Outcome<readonly Pod[]>> {
  const [owner, pods] = await Promise.all([
    findOwner(client, question, signal),
    client.list(resources.pods, question.namespace, podSchema, signal),
  ]);
  if (owner.type !== "ok") return owner;
  return mapOutcome(pods, ({ items }) =>
    items.filter((pod) => isThere(pod) && owner.value.below.has(pod.metadata.uid)),
  );
}

/** The uids that the workload's pods name as their owner. */
async function ownersOfPods(
  client: KubernetesClient,
  kind: WorkloadFacts["kind"],
  namespace: string,
  uid: string,
  signal: AbortSignal,
): Promise<Outcome<ReadonlySet<string>>> {
  const between = betweenOf(kind);
  if (between === null) return { type: "ok", value: new Set([uid]) };
  const owned = await client.list(between, namespace, ownedSchema, signal);
  return mapOutcome(owned, ({ items }) => {
    const mine = items.filter(({ metadata }) => metadata.ownerReferences.some((owner) => owner.uid === uid));
    return new Set(mine.map(({ metadata }) => metadata.uid));
  });
}

/** What stands between a workload and its pods. */
function betweenOf(kind: WorkloadFacts["kind"]): Resource | null {
  if (kind === "Deployment") return resources.replicaSets;
  return kind === "CronJob" ? resources.jobs : null;
}

function isThere(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp === null;
}

/** A pod that ended (evicted, for example) has been replaced by its controller and counts no longer. */
function isActive(pod: Pod): boolean {
  return isThere(pod) && pod.status?.phase !== "Failed" && pod.status?.phase !== "Succeeded";
}
