import type { ClusterContext } from "../context.ts";
import { isReady, type KubeObject, ownerReferenceTo, type PodOwner, type Toleration } from "../objects.ts";
import { templateHash } from "../random.ts";
import { controllerManager, createOwnedPod, deletePod, livingPodsOf, podsOf, setStatus } from "./pods.ts";
import { canRunOn } from "./scheduling.ts";

const hashLabel = "controller-revision-hash";

/** A DaemonSet's own tolerations: it also runs where others may not be scheduled. */
const daemonTolerations: readonly Toleration[] = [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
];

/** One pod on every node that fits; a new template replaces them one by one. */
export function reconcileDaemonSets(context: ClusterContext): void {
  for (const daemonSet of context.store.list("daemonsets.apps") as PodOwner[]) {
    const { template } = daemonSet.spec;
    const hash = templateHash(template);
    keepRevision(context, daemonSet, hash);
    const tolerations = [...(template.spec.tolerations ?? []), ...daemonTolerations];
    const nodes = context.store
      .list("nodes")
      .filter((node) => canRunOn(node, { ...template.spec, tolerations }));
    const everyPod = podsOf(context, daemonSet);
    for (const node of nodes) {
      // The old pod must be gone before the new one starts: both would want the node's ports.
      if (everyPod.some((pod) => pod.spec.nodeName === node.metadata.name)) continue;
      const created = createOwnedPod(
        context,
        daemonSet,
        { ...template, spec: { ...template.spec, tolerations } },
        { labels: { [hashLabel]: hash }, nodeName: node.metadata.name },
      );
      if (!created) break;
    }
    const pods = livingPodsOf(context, daemonSet);
    for (const pod of pods) {
      if (!nodes.some((node: KubeObject) => node.metadata.name === pod.spec.nodeName))
        deletePod(context, pod, daemonSet);
    }
    const outdated = pods.filter((pod) => pod.metadata.labels?.[hashLabel] !== hash);
    const next = outdated[0];
    if (next !== undefined && daemonSet.spec.updateStrategy?.type !== "OnDelete") {
      if (everyPod.length === pods.length && pods.every(isReady) && pods.length === nodes.length) {
        deletePod(context, next, daemonSet);
      }
    }
    const ready = pods.filter(isReady).length;
    const updated = pods.length - outdated.length;
    setStatus(context, daemonSet, {
      observedGeneration: daemonSet.metadata.generation,
      currentNumberScheduled: pods.length,
      desiredNumberScheduled: nodes.length,
      numberMisscheduled: 0,
      numberReady: ready,
      numberAvailable: ready === 0 ? undefined : ready,
      numberUnavailable: nodes.length - ready === 0 ? undefined : nodes.length - ready,
      updatedNumberScheduled: updated === 0 ? undefined : updated,
    });
  }
}

/** Stores the template under its hash, which is what `kubectl rollout history` reads. */
export function keepRevision(context: ClusterContext, owner: PodOwner, hash: string): void {
  const { namespace = "default", name } = owner.metadata;
  if (context.store.get("controllerrevisions.apps", namespace, `${name}-${hash}`) !== undefined) return;
  const revisions = context.store
    .list("controllerrevisions.apps", namespace)
    .filter((revision) => revision.metadata.ownerReferences?.[0]?.uid === owner.metadata.uid);
  context.store.create(
    {
      apiVersion: "apps/v1",
      kind: "ControllerRevision",
      metadata: {
        name: `${name}-${hash}`,
        namespace,
        labels: { ...owner.spec.template.metadata?.labels, [hashLabel]: hash },
        ownerReferences: [ownerReferenceTo(owner)],
      },
      data: { spec: { template: { $patch: "replace", ...owner.spec.template } } },
      revision: revisions.length + 1,
    },
    { manager: controllerManager },
  );
}
