import type { ClusterContext } from "../context.ts";
import { controllerOf, isReady, ownerReferenceTo, type PodOwner } from "../objects.ts";
import { canonical, templateHash } from "../random.ts";
import { componentOf, controllerManager, livingPodsOf, setStatus, withCondition } from "./pods.ts";

const revisionKey = "deployment.kubernetes.io/revision";

/**
 * One step of every Deployment's rollout: a ReplicaSet for each template, the newest grows while the others shrink
 * within maxSurge and maxUnavailable. https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
 */
export function reconcileDeployments(context: ClusterContext): void {
  for (const deployment of context.store.list("deployments.apps") as PodOwner[]) {
    const owned = replicaSetsOf(context, deployment);
    const current = owned.find((replicaSet) => sameTemplate(replicaSet, deployment));
    if (current === undefined && deployment.spec.paused !== true) startRevision(context, deployment, owned);
    else if (current !== undefined) scale(context, deployment, current, owned);
    report(context, deployment);
  }
}

function replicaSetsOf(context: ClusterContext, deployment: PodOwner): PodOwner[] {
  return (context.store.list("replicasets.apps", deployment.metadata.namespace) as PodOwner[]).filter(
    (replicaSet) => controllerOf(replicaSet)?.uid === deployment.metadata.uid,
  );
}

function sameTemplate(replicaSet: PodOwner, deployment: PodOwner): boolean {
  const { "pod-template-hash": _, ...labels } = replicaSet.spec.template.metadata?.labels ?? {};
  const template = {
    ...replicaSet.spec.template,
    metadata: { ...replicaSet.spec.template.metadata, labels },
  };
  return (
    canonical(template) ===
    canonical({ ...deployment.spec.template, metadata: { labels: {}, ...deployment.spec.template.metadata } })
  );
}

function startRevision(context: ClusterContext, deployment: PodOwner, owned: readonly PodOwner[]): void {
  const { template, selector } = deployment.spec;
  const hash = templateHash({ template, uid: deployment.metadata.uid });
  const revision = String(1 + Math.max(0, ...owned.map(revisionOf)));
  const labels = { ...template.metadata?.labels, "pod-template-hash": hash };
  const replicas = roomForNew(deployment, owned, 0);
  context.store.create(
    {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        name: `${deployment.metadata.name}-${hash}`,
        namespace: deployment.metadata.namespace ?? "default",
        labels,
        annotations: {
          "deployment.kubernetes.io/desired-replicas": String(deployment.spec.replicas ?? 1),
          [revisionKey]: revision,
        },
        ownerReferences: [ownerReferenceTo(deployment)],
      },
      spec: {
        replicas,
        selector: { ...selector, matchLabels: { ...selector.matchLabels, "pod-template-hash": hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
      status: { replicas: 0 },
    },
    { manager: controllerManager },
  );
  annotateRevision(context, deployment, revision);
  recordScaling(context, deployment, `${deployment.metadata.name}-${hash}`, "up", 0, replicas);
}

function revisionOf(replicaSet: PodOwner): number {
  return Number(replicaSet.metadata.annotations?.[revisionKey] ?? 0);
}

function annotateRevision(context: ClusterContext, object: PodOwner, revision: string): void {
  const key = object.kind === "Deployment" ? "deployments.apps" : "replicasets.apps";
  context.store.update(
    key,
    object.metadata.namespace ?? "",
    object.metadata.name,
    { manager: controllerManager },
    (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [revisionKey]: revision };
      return draft;
    },
  );
}

function scale(
  context: ClusterContext,
  deployment: PodOwner,
  current: PodOwner,
  owned: readonly PodOwner[],
): void {
  const newest = Math.max(0, ...owned.map(revisionOf));
  if (revisionOf(current) < newest) {
    // The template of an older revision again, as after a rollout undo: that ReplicaSet becomes the newest.
    annotateRevision(context, current, String(newest + 1));
    annotateRevision(context, deployment, String(newest + 1));
  }
  const desired = deployment.spec.replicas ?? 1;
  const old = owned.filter((replicaSet) => replicaSet !== current && (replicaSet.spec.replicas ?? 0) > 0);
  const oldPodsRemain = owned.some(
    (replicaSet) => replicaSet !== current && livingPodsOf(context, replicaSet).length > 0,
  );
  const present = current.spec.replicas ?? 0;
  if (old.length === 0 && !oldPodsRemain) {
    setReplicas(context, deployment, current, desired);
    return;
  }
  if (deployment.spec.strategy?.type !== "Recreate" || !oldPodsRemain) {
    setReplicas(context, deployment, current, Math.max(present, roomForNew(deployment, owned, present)));
  }

  const available = owned.flatMap((replicaSet) => livingPodsOf(context, replicaSet)).filter(isReady).length;
  const least = deployment.spec.strategy?.type === "Recreate" ? 0 : desired - maxUnavailable(deployment);
  let spare = available - least;
  for (const replicaSet of old) {
    const replicas = replicaSet.spec.replicas ?? 0;
    const notReady = replicas - livingPodsOf(context, replicaSet).filter(isReady).length;
    const fewer = Math.min(replicas, Math.max(0, spare) + Math.max(0, notReady));
    spare -= Math.max(0, fewer - notReady);
    setReplicas(context, deployment, replicaSet, replicas - fewer);
  }
}

/** How many pods the new ReplicaSet may have beside the old ones. */
function roomForNew(deployment: PodOwner, owned: readonly PodOwner[], present: number): number {
  const desired = deployment.spec.replicas ?? 1;
  const total = owned.reduce((sum, replicaSet) => sum + (replicaSet.spec.replicas ?? 0), 0);
  if (total - present <= 0) return desired;
  if (deployment.spec.strategy?.type === "Recreate") return 0;
  const surge = amount(deployment.spec.strategy?.rollingUpdate?.maxSurge, desired, Math.ceil);
  return Math.max(0, Math.min(desired, desired + surge - (total - present)));
}

function maxUnavailable(deployment: PodOwner): number {
  const desired = deployment.spec.replicas ?? 1;
  const { maxSurge, maxUnavailable: given } = deployment.spec.strategy?.rollingUpdate ?? {};
  const unavailable = amount(given, desired, Math.floor);
  // Both zero would never move.
  return unavailable === 0 && amount(maxSurge, desired, Math.ceil) === 0 ? 1 : unavailable;
}

function amount(value: number | string | undefined, of: number, round: (n: number) => number): number {
  if (typeof value === "number") return value;
  return round((Number.parseInt(value ?? "25%", 10) * of) / 100);
}

function setReplicas(
  context: ClusterContext,
  deployment: PodOwner,
  replicaSet: PodOwner,
  replicas: number,
): void {
  const present = replicaSet.spec.replicas ?? 0;
  if (present === replicas) return;
  const { namespace = "", name } = replicaSet.metadata;
  context.store.update("replicasets.apps", namespace, name, { manager: controllerManager }, (draft) => {
    (draft as PodOwner).spec.replicas = replicas;
    return draft;
  });
  recordScaling(context, deployment, name, replicas > present ? "up" : "down", present, replicas);
}

function recordScaling(
  context: ClusterContext,
  deployment: PodOwner,
  replicaSet: string,
  direction: "up" | "down",
  from: number,
  to: number,
): void {
  context.recordEvent({
    about: deployment,
    type: "Normal",
    reason: "ScalingReplicaSet",
    message: `Scaled ${direction} replica set ${replicaSet} from ${from} to ${to}`,
    component: componentOf(deployment),
  });
}

function report(context: ClusterContext, before: PodOwner): void {
  const { namespace = "", name } = before.metadata;
  const deployment = context.store.get("deployments.apps", namespace, name) as PodOwner;
  const owned = replicaSetsOf(context, deployment);
  const current = owned.find((replicaSet) => sameTemplate(replicaSet, deployment));
  const desired = deployment.spec.replicas ?? 1;
  const pods = owned.flatMap((replicaSet) => livingPodsOf(context, replicaSet));
  const updated = current === undefined ? 0 : livingPodsOf(context, current).length;
  const ready = pods.filter(isReady).length;
  const complete = updated === desired && pods.length === desired && ready === desired;
  const enough = ready >= desired - maxUnavailable(deployment);
  const positive = (count: number) => (count > 0 ? count : undefined);
  setStatus(context, deployment, {
    observedGeneration: deployment.metadata.generation,
    replicas: positive(pods.length),
    updatedReplicas: positive(updated),
    readyReplicas: positive(ready),
    availableReplicas: positive(ready),
    unavailableReplicas: positive(Math.max(desired, pods.length) - ready),
    conditions: [
      withCondition(context, deployment, {
        type: "Available",
        status: enough ? "True" : "False",
        reason: enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
        message: enough
          ? "Deployment has minimum availability."
          : "Deployment does not have minimum availability.",
      }),
      withCondition(context, deployment, {
        type: "Progressing",
        status: "True",
        reason: complete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
        message: `ReplicaSet "${current?.metadata.name ?? ""}" ${complete ? "has successfully progressed" : "is progressing"}.`,
      }),
    ],
  });
}
