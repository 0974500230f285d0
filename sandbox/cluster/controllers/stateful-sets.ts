import type { ClusterContext } from "../context.ts";
import { isReady, type Pod, type PodOwner } from "../objects.ts";
import { templateHash } from "../random.ts";
import { keepRevision } from "./daemon-sets.ts";
import { createOwnedPod, deletePod, podsOf, setStatus } from "./pods.ts";

const hashLabel = "controller-revision-hash";

/** Pods with ordinals, created in order and replaced from the highest ordinal down, one at a time. */
export function reconcileStatefulSets(context: ClusterContext): void {
  for (const statefulSet of context.store.list("statefulsets.apps") as PodOwner[]) {
    const { template } = statefulSet.spec;
    const name = statefulSet.metadata.name;
    const wanted = statefulSet.spec.replicas ?? 1;
    const hash = templateHash(template);
    const revision = `${name}-${hash}`;
    keepRevision(context, statefulSet, hash);
    const pods = podsOf(context, statefulSet);
    const byOrdinal = (ordinal: number) => pods.find((pod) => pod.metadata.name === `${name}-${ordinal}`);

    const missing = ordinals(wanted).find((ordinal) => byOrdinal(ordinal) === undefined);
    const settled = pods.every(isReady);
    if (missing !== undefined) {
      if (ordinals(missing).every((ordinal) => isReadyPod(byOrdinal(ordinal)))) {
        createOwnedPod(context, statefulSet, template, {
          name: `${name}-${missing}`,
          labels: {
            [hashLabel]: revision,
            "apps.kubernetes.io/pod-index": String(missing),
            "statefulset.kubernetes.io/pod-name": `${name}-${missing}`,
          },
        });
      }
    } else if (settled || pods.some((pod) => isOutdated(pod, revision) && !isReady(pod))) {
      const surplus = pods.find((pod) => Number(pod.metadata.name.slice(name.length + 1)) >= wanted);
      const outdated = ordinals(wanted)
        .reverse()
        .map(byOrdinal)
        .find((pod) => pod !== undefined && isOutdated(pod, revision));
      const next = surplus ?? (statefulSet.spec.updateStrategy?.type === "OnDelete" ? undefined : outdated);
      if (next !== undefined) deletePod(context, next, statefulSet);
    }
    report(context, statefulSet, revision);
  }
}

function ordinals(count: number): number[] {
  return Array.from({ length: count }, (_, ordinal) => ordinal);
}

function isOutdated(pod: Pod, revision: string): boolean {
  return pod.metadata.deletionTimestamp === undefined && pod.metadata.labels?.[hashLabel] !== revision;
}

function isReadyPod(pod: Pod | undefined): boolean {
  return pod !== undefined && isReady(pod);
}

function report(context: ClusterContext, statefulSet: PodOwner, revision: string): void {
  const pods = podsOf(context, statefulSet).filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const updated = pods.filter((pod) => !isOutdated(pod, revision));
  const complete = updated.length === (statefulSet.spec.replicas ?? 1) && updated.every(isReady);
  const ready = pods.filter(isReady).length;
  const previous = (statefulSet.status["currentRevision"] as string | undefined) ?? revision;
  const current = complete ? revision : previous;
  setStatus(context, statefulSet, {
    observedGeneration: statefulSet.metadata.generation,
    replicas: pods.length,
    readyReplicas: ready === 0 ? undefined : ready,
    availableReplicas: ready,
    updatedReplicas: updated.length === 0 ? undefined : updated.length,
    currentReplicas: pods.filter((pod) => pod.metadata.labels?.[hashLabel] === current).length || undefined,
    currentRevision: current,
    updateRevision: revision,
    collisionCount: 0,
  });
}
