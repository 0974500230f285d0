import type { ChangeExecutor, Clock } from "../../app/ports.ts";
import type { RestartRollout, RolloutTarget } from "../../core/plan.ts";
import type { KubernetesClient } from "./client.ts";
import type { Failure, Outcome } from "./outcome.ts";
import { restartMarkAnnotation } from "./pod-facts.ts";
import { type Resource, resources } from "./resources.ts";
import { restartObstacle, rolloutStatus } from "./rollout-status.ts";
import { type Controller, controllerSchema } from "./schemas.ts";

export interface RolloutRestartDeps {
  readonly client: KubernetesClient;
  /** Gives the time that `kubectl.kubernetes.io/restartedAt` bears. */
  readonly clock: Clock;
  /** Waits between two looks at a rollout; rejects when the signal is aborted. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** The annotation that `kubectl rollout restart` writes. */
const restartedAtAnnotation = "kubectl.kubernetes.io/restartedAt";

/** How often a restart is tried again when only the status of the object changed under it. */
const attempts = 5;

const firstPauseMs = 500;
const longestPauseMs = 5_000;

const resourceOf: Readonly<Record<RolloutTarget["kind"], Resource>> = {
  Deployment: resources.deployments,
  StatefulSet: resources.statefulSets,
  DaemonSet: resources.daemonSets,
};

/**
 * Restarts a rollout as `kubectl rollout restart` does, with a mark of its own on the pod template. Permissions:
 * `get` and `patch` of the target's kind. A restart has nothing to take back. All three steps throw with a message
 * for people; `read` also refuses a target whose pods a restart would not replace.
 * https://kubernetes.io/docs/reference/kubectl/generated/kubectl_rollout/kubectl_rollout_restart/
 */
export function createRolloutRestartExecutor({
  client,
  clock,
  sleep,
}: RolloutRestartDeps): ChangeExecutor<"k8s.rollout.restart"> {
  async function load({ kind, namespace, name }: RolloutTarget, signal: AbortSignal): Promise<Controller> {
    const outcome = await client.get(resourceOf[kind], namespace, name, controllerSchema, signal);
    return valueOrThrow(outcome, `${kind} ${namespace}/${name} could not be read`);
  }

  async function loadRestartable(target: RolloutTarget, signal: AbortSignal): Promise<Controller> {
    const controller = await load(target, signal);
    const obstacle = restartObstacle(target.kind, controller);
    if (obstacle !== null) throw new Error(`${nameOf(target)} cannot be restarted: ${obstacle}.`);
    return controller;
  }

  return {
    async read({ target }, signal) {
      return { mark: markOf(await loadRestartable(target, signal)) };
    },

    async apply(change, signal) {
      const { target, before, after } = change;
      for (let attempt = 1; attempt <= attempts; attempt += 1) {
        const controller = await loadRestartable(target, signal);
        const mark = markOf(controller);
        if (mark === after.mark) return;
        if (mark !== before.mark) throw changedMeanwhile(target);
        const outcome = await client.patch(
          resourceOf[target.kind],
          target.namespace,
          target.name,
          restartPatch(change, controller, clock()),
          controllerSchema,
          signal,
        );
        // The object's version also changes with its status, at every pod that comes or goes: look again and retry.
        if (outcome.type === "failed" && outcome.failure.status === 409) continue;
        valueOrThrow(outcome, `${nameOf(target)} could not be restarted`);
        return;
      }
      throw new Error(
        `${nameOf(target)} could not be restarted: it changed at every one of ${attempts} attempts.`,
      );
    },

    async settle({ target, after }, signal) {
      let pauseMs = firstPauseMs;
      let last = "it has not been looked at";
      for (;;) {
        const controller = await load(target, signal).catch((error: unknown) => {
          throw signal.aborted ? unfinished(target, last) : error;
        });
        if (markOf(controller) !== after.mark) throw changedMeanwhile(target);
        const status = rolloutStatus(target.kind, controller);
        if (status.type === "done") return;
        if (status.type === "stuck") {
          throw new Error(`The rollout of ${nameOf(target)} is stuck: ${status.reason}`);
        }
        last = status.reason;
        await sleep(pauseMs, signal).catch(() => {
          throw unfinished(target, last);
        });
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      }
    },

    revert: null,
  };
}

/** The version in the patch is its precondition: the API server answers 409 when the object is no longer that one. */
function restartPatch({ after }: RestartRollout, { metadata }: Controller, restartedAt: string): unknown {
  return {
    metadata: { resourceVersion: metadata.resourceVersion },
    spec: {
      template: {
        metadata: {
          annotations: { [restartedAtAnnotation]: restartedAt, [restartMarkAnnotation]: after.mark },
        },
      },
    },
  };
}

function markOf({ spec }: Controller): string | null {
  return spec.template.metadata?.annotations[restartMarkAnnotation] ?? null;
}

function nameOf({ kind, namespace, name }: RolloutTarget): string {
  return `${kind} ${namespace}/${name}`;
}

function changedMeanwhile(target: RolloutTarget): Error {
  return new Error(`${nameOf(target)} was restarted or changed back by somebody else in the meantime.`);
}

function unfinished(target: RolloutTarget, last: string): Error {
  return new Error(`The rollout of ${nameOf(target)} did not end in time: ${last}.`);
}

function valueOrThrow<T>(outcome: Outcome<T>, what: string): T {
  switch (outcome.type) {
    case "ok":
      return outcome.value;
    case "missing":
      throw new Error(`${what}: it does not exist.`);
    case "failed":
      throw new Error(`${what}: ${reasonOf(outcome.failure)}`);
  }
}

function reasonOf({ detail, permission }: Failure): string {
  return permission === undefined ? detail : `the permission \`${permission}\` is missing.`;
}
