import type { RolloutTarget } from "../../core/plan.ts";
import type { Controller } from "./schemas.ts";

/** How far a rollout is: `waiting` says for what, `stuck` that it will not end by itself. */
export type RolloutStatus =
  | { readonly type: "done" }
  | { readonly type: "waiting"; readonly reason: string }
  | { readonly type: "stuck"; readonly reason: string };

/**
 * Judges a rollout as `kubectl rollout status` does.
 * https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
 */
export function rolloutStatus(kind: RolloutTarget["kind"], controller: Controller): RolloutStatus {
  const observed = controller.status?.observedGeneration ?? 0;
  if (observed < (controller.metadata.generation ?? 0))
    return waiting("the controller has not seen the restart yet");
  switch (kind) {
    case "Deployment":
      return deploymentStatus(controller);
    case "StatefulSet":
      return statefulSetStatus(controller);
    case "DaemonSet":
      return daemonSetStatus(controller);
  }
}

function deploymentStatus({ spec, status }: Controller): RolloutStatus {
  const progressing = status?.conditions?.find(({ type }) => type === "Progressing");
  if (progressing?.reason === "ProgressDeadlineExceeded") {
    return { type: "stuck", reason: progressing.message ?? "it exceeded its progress deadline" };
  }
  const desired = spec.replicas ?? 1;
  const updated = status?.updatedReplicas ?? 0;
  const available = status?.availableReplicas ?? 0;
  const old = (status?.replicas ?? 0) - updated;
  if (updated < desired) return waiting(`${updated} of ${desired} new pods are made`);
  if (old > 0) return waiting(`${old} old pods still run`);
  if (available < updated) return waiting(`${available} of ${updated} new pods are available`);
  return { type: "done" };
}

function statefulSetStatus({ spec, status }: Controller): RolloutStatus {
  const desired = spec.replicas ?? 1;
  const ready = status?.readyReplicas ?? 0;
  const updated = status?.updatedReplicas ?? 0;
  if (ready < desired) return waiting(`${ready} of ${desired} pods are ready`);
  if (status?.updateRevision !== status?.currentRevision)
    return waiting(`${updated} of ${desired} pods are new`);
  return { type: "done" };
}

function daemonSetStatus({ status }: Controller): RolloutStatus {
  const desired = status?.desiredNumberScheduled ?? 0;
  const updated = status?.updatedNumberScheduled ?? 0;
  const available = status?.numberAvailable ?? 0;
  if (updated < desired) return waiting(`${updated} of ${desired} new pods are made`);
  if (available < desired) return waiting(`${available} of ${desired} new pods are available`);
  return { type: "done" };
}

/**
 * Why a restart would not reach every pod, in a sentence for people; null: it would.
 * https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#update-strategies
 */
export function restartObstacle(kind: RolloutTarget["kind"], { spec }: Controller): string | null {
  if (kind === "Deployment") {
    return spec.paused ? "its rollout is paused: run `kubectl rollout resume` first" : null;
  }
  if (spec.updateStrategy?.type === "OnDelete") {
    return "its update strategy is OnDelete: its pods are replaced only when somebody deletes them";
  }
  const partition = spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  return kind === "StatefulSet" && partition > 0
    ? `its rolling update stops at partition ${partition}: pods below that ordinal would stay as they are`
    : null;
}

function waiting(reason: string): RolloutStatus {
  return { type: "waiting", reason };
}
