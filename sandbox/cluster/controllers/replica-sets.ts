import type { ClusterContext } from "../context.ts";
import { isReady, type Pod, type PodOwner } from "../objects.ts";
import { createOwnedPod, deletePod, livingPodsOf, setStatus } from "./pods.ts";

/** Brings the pods of every ReplicaSet to their number, and says in its status how far that is. */
export function reconcileReplicaSets(context: ClusterContext): void {
  for (const replicaSet of context.store.list("replicasets.apps") as PodOwner[]) {
    const wanted = replicaSet.spec.replicas ?? 1;
    const pods = livingPodsOf(context, replicaSet);
    for (let missing = wanted - pods.length; missing > 0; missing--) {
      if (!createOwnedPod(context, replicaSet, replicaSet.spec.template, {})) break;
    }
    for (const pod of firstToGo(pods).slice(0, Math.max(0, pods.length - wanted)))
      deletePod(context, pod, replicaSet);

    const present = livingPodsOf(context, replicaSet);
    const ready = present.filter(isReady).length;
    setStatus(context, replicaSet, {
      replicas: present.length,
      fullyLabeledReplicas: present.length,
      readyReplicas: ready === 0 ? undefined : ready,
      availableReplicas: ready === 0 ? undefined : ready,
      observedGeneration: replicaSet.metadata.generation,
    });
  }
}

/** Pods that are not ready go first, then the youngest. */
function firstToGo(pods: readonly Pod[]): Pod[] {
  return [...pods].sort((a, b) => {
    const readiness = Number(isReady(a)) - Number(isReady(b));
    if (readiness !== 0) return readiness;
    return a.metadata.creationTimestamp > b.metadata.creationTimestamp ? -1 : 1;
  });
}
