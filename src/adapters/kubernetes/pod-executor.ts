import type { ChangeExecutor } from "../../app/ports.ts";
import type { ChangeOfKind } from "../../core/plan.ts";
import { resources } from "./resources.ts";
import { type RolloutDeps, valueOrThrow } from "./rollouts.ts";
import { ownedSchema } from "./schemas.ts";

type Delete = ChangeOfKind<"k8s.pod.delete">;

const pauseMs = 1_000;

/**
 * Deletes one pod, and only one that a controller owns and will make anew. Permissions: `get` and `delete` of pods.
 * There is nothing to take back.
 */
export function createPodExecutor({ client, sleep }: RolloutDeps): ChangeExecutor<"k8s.pod.delete"> {
  async function find({ target }: Delete, signal: AbortSignal) {
    const { namespace, name } = target;
    const outcome = await client.get(resources.pods, namespace, name, ownedSchema, signal);
    if (outcome.type === "missing") return null;
    return valueOrThrow(outcome, `Pod ${namespace}/${name} could not be read`).metadata;
  }

  return {
    async read(change, signal) {
      const pod = await find(change, signal);
      // A StatefulSet gives the new pod the old one's name.
      return pod === null || pod.uid !== change.before?.uid ? null : { uid: pod.uid };
    },

    async apply(change, signal) {
      const { namespace, name } = change.target;
      const pod = await find(change, signal);
      if (pod === null || pod.uid !== change.before?.uid) return;
      if (!pod.ownerReferences.some(({ controller }) => controller)) {
        throw new Error(
          `Pod ${namespace}/${name} has no controller that would make it anew: it is left as it is`,
        );
      }
      const uid = change.before?.uid ?? "";
      const outcome = await client.remove(resources.pods, namespace, name, uid, ownedSchema, signal);
      if (outcome.type === "missing") return;
      valueOrThrow(outcome, `Pod ${namespace}/${name} could not be deleted`);
    },

    async settle(change, signal) {
      while ((await find(change, signal))?.uid === change.before?.uid) await sleep(pauseMs, signal);
    },

    revert: null,
  };
}
