import type { ChangeExecutor, Clock } from "../../app/ports.ts";
import type { RestartRollout } from "../../core/plan.ts";
import { restartMarkAnnotation } from "./pod-facts.ts";
import { createRollouts, type RolloutDeps, type TemplateEdit } from "./rollouts.ts";
import type { Controller } from "./schemas.ts";

export interface RolloutRestartDeps extends RolloutDeps {
  /** Gives the time that `kubectl.kubernetes.io/restartedAt` bears. */
  readonly clock: Clock;
}

/** The annotation that `kubectl rollout restart` writes. */
const restartedAtAnnotation = "kubectl.kubernetes.io/restartedAt";

/**
 * Restarts a rollout as `kubectl rollout restart` does, with a mark of its own on the pod template. Permissions:
 * `get` and `patch` of the target's kind. A restart has nothing to take back. All three steps throw with a message
 * for people; `read` also refuses a target whose pods a restart would not replace.
 * https://kubernetes.io/docs/reference/kubectl/generated/kubectl_rollout/kubectl_rollout_restart/
 */
export function createRolloutRestartExecutor(
  deps: RolloutRestartDeps,
): ChangeExecutor<"k8s.rollout.restart"> {
  const rollouts = createRollouts(deps);

  function editOf({ target, before, after }: RestartRollout): TemplateEdit {
    return {
      target,
      stateOf: (controller) => JSON.stringify(markOf(controller)),
      before: JSON.stringify(before.mark),
      after: JSON.stringify(after.mark),
      patch: () => {
        const annotations = { [restartedAtAnnotation]: deps.clock(), [restartMarkAnnotation]: after.mark };
        return { spec: { template: { metadata: { annotations } } } };
      },
    };
  }

  return {
    read: async ({ target }, signal) => ({ mark: markOf(await rollouts.loadReplaceable(target, signal)) }),
    apply: (change, signal) => rollouts.patch(editOf(change), signal),
    settle: (change, signal) => rollouts.settle(editOf(change), signal),
    revert: null,
  };
}

function markOf({ spec }: Controller): string | null {
  return spec.template.metadata?.annotations[restartMarkAnnotation] ?? null;
}
