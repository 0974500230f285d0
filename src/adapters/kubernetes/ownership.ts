import { isBuiltInKind, type Question } from "../../core/evidence.ts";
import type { KubernetesClient } from "./client.ts";
import type { Outcome } from "./outcome.ts";
import { permissionFor } from "./resources.ts";
import { type Metadata, ownedSchema } from "./schemas.ts";
import type { Workload } from "./workload-objects.ts";

/** An object as its references name it; it need not be readable. */
export interface OwnerRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
}

/** How many owners of other kinds are read, and how many steps up, to find one by its name. */
const readLimit = 20;
const depthLimit = 4;

/** The object's controller; null: it has none. A static pod's owner is its node, which is no workload. */
export function controllerOf({ namespace, ownerReferences }: Metadata): OwnerRef | null {
  const owner = ownerReferences.find(({ controller }) => controller);
  if (owner === undefined || (owner.kind === "Node" && owner.apiVersion === "v1")) return null;
  const { kind, name, uid } = owner;
  return { apiVersion: owner.apiVersion ?? "", kind, name, uid, namespace: namespace ?? "" };
}

/**
 * The workloads among all objects: what has no controller, what is controlled by a kind that is not built in and has
 * a rollout of its own (a Knative revision's Deployment), and the owners of Pods and ReplicaSets that are of no
 * built-in kind (Argo Rollouts and the like), as their references show them.
 */
export function workloadsAmong(objects: readonly Workload[]): readonly Workload[] {
  const uids = new Set(objects.map(({ metadata }) => metadata.uid));
  const workloads: Workload[] = [];
  const owned = new Map<string, { readonly owner: OwnerRef; readonly children: Workload[] }>();
  for (const object of objects) {
    const owner = controllerOf(object.metadata);
    if (owner === null) workloads.push(object);
    else if (uids.has(owner.uid) || isKnownOwner(owner)) continue;
    else if (object.kind !== "Pod" && object.kind !== "ReplicaSet") workloads.push(object);
    else {
      const group = owned.get(owner.uid) ?? { owner, children: [] };
      group.children.push(object);
      owned.set(owner.uid, group);
    }
  }
  return [...workloads, ...[...owned.values()].map(({ owner, children }) => ownerWorkload(owner, children))];
}

/** Of a kind that is listed: it is not there any more, or was made after the list. */
function isKnownOwner({ apiVersion, kind }: OwnerRef): boolean {
  return /^(apps|batch)\//.test(apiVersion) && (isBuiltInKind(kind) || kind === "ReplicaSet");
}

/** An owner that is not read itself, as the newest of its children shows it. */
function ownerWorkload(owner: OwnerRef, children: readonly Workload[]): Workload {
  const byRevision = [...children].sort(
    (a, b) =>
      revisionOf(a) - revisionOf(b) ||
      Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp),
  );
  const newest = byRevision.at(-1);
  if (newest === undefined) throw new Error(`${owner.kind} ${owner.name} has no children.`);
  const oldest = children
    .map(({ metadata }) => metadata.creationTimestamp)
    .sort()
    .at(0);
  const counts = children.flatMap(({ replicas }) => (replicas === null ? [] : [replicas]));
  return {
    kind: owner.kind,
    apiVersion: owner.apiVersion,
    metadata: {
      ...newest.metadata,
      name: owner.name,
      uid: owner.uid,
      creationTimestamp: oldest ?? newest.metadata.creationTimestamp,
      ownerReferences: [],
    },
    replicas: counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0),
    template: newest.template,
  };
}

/** A revision that was rolled back to is the current one although others are younger. */
function revisionOf({ metadata: { annotations } }: Workload): number {
  const revision =
    annotations["rollout.argoproj.io/revision"] ?? annotations["deployment.kubernetes.io/revision"];
  return Number(revision ?? 0) || 0;
}

/** A workload found by following owner references upwards, with the uids of everything below it. */
export interface OwnerFound {
  readonly workload: Workload;
  readonly below: ReadonlySet<string>;
}

export interface OwnerSearch {
  readonly found: readonly OwnerFound[];
  /** Permissions for want of which the search ended below the top. */
  readonly unread: readonly string[];
}

/** What of the asked name, and kind where the question names one, owns pods; a bare ReplicaSet too. */
export async function searchOwner(
  client: KubernetesClient,
  objects: readonly Workload[],
  { kind, name }: Pick<Question, "kind" | "name">,
  signal: AbortSignal,
): Promise<OwnerSearch> {
  const replicaSet = objects.find(
    (object) =>
      object.kind === "ReplicaSet" &&
      object.metadata.name === name &&
      !object.metadata.ownerReferences.some(({ controller }) => controller),
  );
  if (replicaSet !== undefined && (kind === null || kind === replicaSet.kind)) {
    const { uid } = replicaSet.metadata;
    const pods = objects.filter(({ metadata }) =>
      metadata.ownerReferences.some((owner) => owner.uid === uid),
    );
    const below = new Set(pods.map(({ metadata }) => metadata.uid));
    return { found: [{ workload: replicaSet, below }], unread: [] };
  }
  const search = await ownersNamed(client, objects, name, signal);
  return kind === null
    ? search
    : { ...search, found: search.found.filter(({ workload }) => workload.kind === kind) };
}

/**
 * Owners of the name that are of no built-in kind: first those that the objects' references name, then what owns
 * these, read one by one. Permission: `get` of each kind on the way; discovery is open to everybody.
 */
async function ownersNamed(
  client: KubernetesClient,
  objects: readonly Workload[],
  name: string,
  signal: AbortSignal,
): Promise<OwnerSearch> {
  const known = new Map(objects.map((object) => [object.metadata.uid, controllerOf(object.metadata)]));
  let level = distinct([...known.values()].filter((owner) => owner !== null && !known.has(owner.uid)));
  const unread = new Set<string>();
  for (let depth = 0; depth < depthLimit && level.length > 0; depth += 1) {
    const named = level.filter((owner) => owner.name === name && !isKnownOwner(owner));
    if (named.length > 0) {
      return { found: named.flatMap((owner) => foundOf(owner, objects, known)), unread: [] };
    }
    const above: (OwnerRef | null)[] = [];
    for (const owner of level.slice(0, readLimit)) {
      const parent = await parentOf(client, owner, signal);
      if (parent.type === "failed") unread.add(parent.failure.permission ?? parent.failure.detail);
      known.set(owner.uid, parent.type === "ok" ? parent.value : null);
      if (parent.type === "ok") above.push(parent.value);
    }
    level = distinct(above);
  }
  return { found: [], unread: [...unread].sort() };
}

function distinct(owners: readonly (OwnerRef | null)[]): readonly OwnerRef[] {
  const byUid = new Map(owners.flatMap((owner) => (owner === null ? [] : [[owner.uid, owner]])));
  return [...byUid.values()];
}

function foundOf(
  owner: OwnerRef,
  objects: readonly Workload[],
  parents: ReadonlyMap<string, OwnerRef | null>,
): readonly OwnerFound[] {
  const isBelow = (uid: string): boolean => {
    const parent = parents.get(uid) ?? null;
    return parent !== null && (parent.uid === owner.uid || isBelow(parent.uid));
  };
  const below = objects.filter(({ metadata }) => isBelow(metadata.uid));
  const uids = new Set(below.map(({ metadata }) => metadata.uid));
  // The topmost of them carry the template; what they own repeats it.
  const top = below.filter(({ metadata }) => !uids.has(controllerOf(metadata)?.uid ?? ""));
  return top.length === 0 ? [] : [{ workload: ownerWorkload(owner, top), below: uids }];
}

async function parentOf(
  client: KubernetesClient,
  { apiVersion, kind, namespace, name }: OwnerRef,
  signal: AbortSignal,
): Promise<Outcome<OwnerRef | null>> {
  const served = await client.discover(apiVersion, kind, signal);
  if (served.type !== "ok") return served;
  const scope = served.value.namespaced ? namespace : null;
  const object = await client.get(served.value, scope, name, ownedSchema, signal);
  if (object.type === "ok") return { type: "ok", value: controllerOf(object.value.metadata) };
  if (object.type === "missing") return object;
  return {
    type: "failed",
    failure: { permission: permissionFor("get", served.value), ...object.failure },
  };
}
