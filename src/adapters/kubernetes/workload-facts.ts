import type { Clock } from "../../app/ports.ts";
import type { Observation, WorkloadFacts, WorkloadRef } from "../../core/evidence.ts";
import type { KubernetesClient } from "./client.ts";
import { mapOutcome, type Outcome, observe, observeNothing } from "./outcome.ts";
import { controllerOf, workloadsAmong } from "./ownership.ts";
import { managedBy, podSpecFacts, restartMarkAnnotation } from "./pod-facts.ts";
import { resources, sourceFor } from "./resources.ts";
import { namespaceSchema } from "./schemas.ts";
import { listPodOwners, type Workload } from "./workload-objects.ts";

/** The workloads of a namespace, or of all: what a controller owns (a CronJob's Jobs, a ReplicaSet's Pods) is its. */
export async function listWorkloadObjects(
  client: KubernetesClient,
  namespace: string | null,
  signal: AbortSignal,
): Promise<Outcome<readonly Workload[]>> {
  const objects = await listPodOwners(client, namespace, signal);
  return mapOutcome(objects, (all) => [...workloadsAmong(all)].sort(byPlace));
}

/**
 * All workloads of the cluster or of one namespace. Absent: there is no such namespace. Permissions: `list` of each
 * kind of workload and of ReplicaSets; of a namespace where nothing is, `get namespaces`.
 */
export async function listWorkloads(
  client: KubernetesClient,
  clock: Clock,
  namespace: string | null,
  signal: AbortSignal,
): Promise<Observation<readonly WorkloadRef[]>> {
  const outcome = await listWorkloadObjects(client, namespace, signal);
  if (namespace !== null && outcome.type === "ok" && outcome.value.length === 0) {
    const there = await client.get(resources.namespaces, null, namespace, namespaceSchema, signal);
    if (there.type !== "ok")
      return observeNothing(there, sourceFor(resources.namespaces, namespace), clock());
  }
  const source = namespace === null ? "k8s:workloads" : `k8s:workloads/${namespace}`;
  return observe(outcome, source, clock(), (workloads) => workloads.map(workloadRef));
}

export function workloadRef({ kind, apiVersion, metadata, replicas }: Workload): WorkloadRef {
  return {
    kind,
    ...(apiVersion === null ? {} : { apiVersion }),
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    replicas,
  };
}

export function workloadFacts({ kind, apiVersion, metadata, replicas, template }: Workload): WorkloadFacts {
  const annotations = template.metadata?.annotations ?? {};
  const owner = controllerOf(metadata);
  return {
    kind,
    ...(apiVersion === null ? {} : { apiVersion }),
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    uid: metadata.uid,
    createdAt: metadata.creationTimestamp,
    replicas,
    template: podSpecFacts(template.spec, template.metadata?.labels ?? {}, annotations),
    managedBy: managedBy(metadata),
    ...(owner === null ? {} : { ownedBy: `${owner.kind.toLowerCase()} ${owner.name}` }),
    restartMark: annotations[restartMarkAnnotation] ?? null,
  };
}

function byPlace(a: Workload, b: Workload): number {
  return (
    compare(a.metadata.namespace ?? "", b.metadata.namespace ?? "") ||
    compare(a.metadata.name, b.metadata.name)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
