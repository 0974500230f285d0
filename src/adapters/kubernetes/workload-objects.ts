import type { z } from "zod";
import { type BuiltInKind, workloadKinds } from "../../core/evidence.ts";
import type { KubernetesClient } from "./client.ts";
import { mapOutcome, type Outcome } from "./outcome.ts";
import { type Resource, resources } from "./resources.ts";
import {
  controllerSchema,
  cronJobSchema,
  jobSchema,
  type Metadata,
  type PodTemplate,
  podSchema,
  replicaSetSchema,
} from "./schemas.ts";

/** A workload of any kind, brought to one shape. */
export interface Workload {
  readonly kind: string;
  /** Null: a built-in kind. */
  readonly apiVersion: string | null;
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
    apiVersion: null,
    metadata,
    replicas: spec.parallelism ?? 1,
    template: spec.template,
  })),
  CronJob: readerOf(resources.cronJobs, cronJobSchema, ({ metadata, spec }) => ({
    kind: "CronJob",
    apiVersion: null,
    metadata,
    replicas: null,
    template: spec.jobTemplate.spec.template,
  })),
  Pod: readerOf(resources.pods, podSchema, ({ metadata, spec }) => ({
    kind: "Pod",
    apiVersion: null,
    metadata,
    replicas: null,
    template: { metadata, spec },
  })),
};

/** What stands between many kinds of owner and their pods. */
const replicaSets = readerOf(resources.replicaSets, replicaSetSchema, ({ metadata, spec }) => ({
  kind: "ReplicaSet",
  apiVersion: "apps/v1",
  metadata,
  replicas: spec.replicas ?? 1,
  template: spec.template,
}));

function controllerKind(kind: "Deployment" | "StatefulSet" | "DaemonSet", resource: Resource): KindOf {
  return readerOf(resource, controllerSchema, ({ metadata, spec, status }) => ({
    kind,
    apiVersion: null,
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

type Listing = Promise<Outcome<readonly Workload[]>>;

/** Listings under way or done, by whoever asks: one investigation has one signal and sees one state of the cluster. */
const listings = new WeakMap<KubernetesClient, WeakMap<AbortSignal, Map<string | null, Listing>>>();

/**
 * Every object of a namespace, or of all, that owns pods or is one. Seven lists at once; the first that fails is the
 * answer, for a part would pass for the whole. Asked again under the same signal, it is the same answer.
 */
export function listPodOwners(
  client: KubernetesClient,
  namespace: string | null,
  signal: AbortSignal,
): Listing {
  const bySignal = listings.get(client) ?? new WeakMap<AbortSignal, Map<string | null, Listing>>();
  listings.set(client, bySignal);
  const byNamespace = bySignal.get(signal) ?? new Map<string | null, Listing>();
  bySignal.set(signal, byNamespace);
  const listing = byNamespace.get(namespace) ?? listAll(client, namespace, signal);
  byNamespace.set(namespace, listing);
  return listing;
}

async function listAll(client: KubernetesClient, namespace: string | null, signal: AbortSignal): Listing {
  const readers = [...workloadKinds.map((kind) => kindsOfWorkload[kind]), replicaSets];
  const lists = await Promise.all(readers.map((reader) => reader.list(client, namespace, signal)));
  const objects: Workload[] = [];
  for (const list of lists) {
    if (list.type === "failed") return list;
    if (list.type === "ok") objects.push(...list.value);
  }
  return { type: "ok", value: objects };
}
