import type { z } from "zod";
import type { Clock } from "../../app/ports.ts";
import {
  type BuiltInKind,
  type Observation,
  type WorkloadFacts,
  type WorkloadKind,
  type WorkloadRef,
  workloadKinds,
} from "../../core/evidence.ts";
import type { KubernetesClient } from "./client.ts";
import { mapOutcome, type Outcome, observe } from "./outcome.ts";
import { managedBy, podSpecFacts, restartMarkAnnotation } from "./pod-facts.ts";
import { type Resource, resources } from "./resources.ts";
import {
  controllerSchema,
  cronJobSchema,
  jobSchema,
  type Metadata,
  type PodTemplate,
  podSchema,
} from "./schemas.ts";

/** A workload of any kind, brought to one shape. */
export interface Workload {
  readonly kind: WorkloadKind;
  readonly metadata: Metadata;
  readonly replicas: number | null;
  readonly template: PodTemplate;
}

interface KindOf {
  readonly resource: Resource;
  get(
    client: KubernetesClient,
    namespace: string,
    name: string,
    signal: AbortSignal,
  ): Promise<Outcome<Workload>>;
  list(
    client: KubernetesClient,
    namespace: string | null,
    signal: AbortSignal,
  ): Promise<Outcome<readonly Workload[]>>;
}

/** How each kind is read. Desired pods of a DaemonSet are its nodes; a CronJob and a bare Pod have no such number. */
export const kindsOfWorkload: Readonly<Record<BuiltInKind, KindOf>> = {
  Deployment: controllerKind("Deployment", resources.deployments),
  StatefulSet: controllerKind("StatefulSet", resources.statefulSets),
  DaemonSet: controllerKind("DaemonSet", resources.daemonSets),
  Job: readerOf(resources.jobs, jobSchema, ({ metadata, spec }) => ({
    kind: "Job",
    metadata,
    replicas: spec.parallelism ?? 1,
    template: spec.template,
  })),
  CronJob: readerOf(resources.cronJobs, cronJobSchema, ({ metadata, spec }) => ({
    kind: "CronJob",
    metadata,
    replicas: null,
    template: spec.jobTemplate.spec.template,
  })),
  Pod: readerOf(resources.pods, podSchema, ({ metadata, spec }) => ({
    kind: "Pod",
    metadata,
    replicas: null,
    template: { metadata, spec },
  })),
};

function controllerKind(kind: "Deployment" | "StatefulSet" | "DaemonSet", resource: Resource): KindOf {
  return readerOf(resource, controllerSchema, ({ metadata, spec, status }) => ({
    kind,
    metadata,
    replicas: kind === "DaemonSet" ? (status?.desiredNumberScheduled ?? null) : (spec.replicas ?? 1),
    template: spec.template,
  }));
}

function readerOf<T>(resource: Resource, schema: z.ZodType<T>, toWorkload: (object: T) => Workload): KindOf {
  return {
    resource,
    async get(client, namespace, name, signal) {
      return mapOutcome(await client.get(resource, namespace, name, schema, signal), toWorkload);
    },
    async list(client, namespace, signal) {
      const outcome = await client.list(resource, namespace, schema, signal);
      return mapOutcome(outcome, ({ items }) => items.map(toWorkload));
    },
  };
}

/**
 * The workloads of a namespace, or of all: what a controller owns (a CronJob's Jobs, a ReplicaSet's Pods) is that
 * controller's. Six lists at once; the first that fails is the answer, for a part would pass for the whole.
 */
export async function listWorkloadObjects(
  client: KubernetesClient,
  namespace: string | null,
  signal: AbortSignal,
): Promise<Outcome<readonly Workload[]>> {
  const lists = await Promise.all(
    workloadKinds.map((kind) => kindsOfWorkload[kind].list(client, namespace, signal)),
  );
  const workloads: Workload[] = [];
  for (const list of lists) {
    if (list.type === "failed") return list;
    if (list.type === "ok") workloads.push(...list.value.filter(({ metadata }) => !isOwned(metadata)));
  }
  return { type: "ok", value: workloads.sort(byPlace) };
}

/** All workloads of the cluster or of one namespace. Permissions: `list` of each kind of workload. */
export async function listWorkloads(
  client: KubernetesClient,
  clock: Clock,
  namespace: string | null,
  signal: AbortSignal,
): Promise<Observation<readonly WorkloadRef[]>> {
  const outcome = await listWorkloadObjects(client, namespace, signal);
  return observe(outcome, sourceOfList(namespace), clock(), (workloads) => workloads.map(workloadRef));
}

function sourceOfList(namespace: string | null): string {
  return namespace === null ? "k8s:workloads" : `k8s:workloads/${namespace}`;
}

export function workloadRef({ kind, metadata, replicas }: Workload): WorkloadRef {
  return { kind, namespace: metadata.namespace ?? "", name: metadata.name, replicas };
}

export function workloadFacts({ kind, metadata, replicas, template }: Workload): WorkloadFacts {
  const annotations = template.metadata?.annotations ?? {};
  return {
    kind,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    uid: metadata.uid,
    createdAt: metadata.creationTimestamp,
    replicas,
    template: podSpecFacts(template.spec, template.metadata?.labels ?? {}, annotations),
    managedBy: managedBy(metadata),
    restartMark: annotations[restartMarkAnnotation] ?? null,
  };
}

function isOwned({ ownerReferences }: Metadata): boolean {
  return ownerReferences.some(({ controller }) => controller);
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
