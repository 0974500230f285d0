import type { RolloutTarget } from "../../core/plan.ts";
import type { KubernetesClient } from "./client.ts";
import type { Failure, Outcome } from "./outcome.ts";
import { type Resource, resources } from "./resources.ts";
import { restartObstacle, rolloutStatus } from "./rollout-status.ts";
import { type Controller, controllerSchema } from "./schemas.ts";

export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export interface RolloutDeps {
  readonly client: KubernetesClient;
  /** Waits between two looks at a rollout; rejects when the signal is aborted. */
  readonly sleep: Sleep;
}

/** How often a patch is tried again when only the status of the object changed under it. */
const attempts = 5;

const firstPauseMs = 500;
const longestPauseMs = 5_000;

const resourceOf: Readonly<Record<RolloutTarget["kind"], Resource>> = {
  Deployment: resources.deployments,
  StatefulSet: resources.statefulSets,
  DaemonSet: resources.daemonSets,
};

/** What one change makes of a controller's pod template, in terms of the state that it is about. */
export interface TemplateEdit {
  readonly target: RolloutTarget;
  /** The state as text that can be compared. */
  stateOf(controller: Controller): string;
  readonly before: string;
  readonly after: string;
  /** The strategic merge patch of the object; its version is added. */
  patch(controller: Controller): { readonly spec: { readonly template: unknown } };
}

/** Reads, changes and follows objects whose pods are replaced when their template changes. */
export function createRollouts({ client, sleep }: RolloutDeps) {
  async function load({ kind, namespace, name }: RolloutTarget, signal: AbortSignal): Promise<Controller> {
    const outcome = await client.get(resourceOf[kind], namespace, name, controllerSchema, signal);
    return valueOrThrow(outcome, `${kind} ${namespace}/${name} could not be read`);
  }

  /** @throws for a target whose pods a new template would not replace. */
  async function loadReplaceable(target: RolloutTarget, signal: AbortSignal): Promise<Controller> {
    const controller = await load(target, signal);
    const obstacle = restartObstacle(target.kind, controller);
    if (obstacle !== null) throw new Error(`${nameOf(target)} cannot be restarted: ${obstacle}.`);
    return controller;
  }

  return {
    loadReplaceable,

    /** Patches only the version that was looked at: the API server answers 409 for any other. */
    async patch(edit: TemplateEdit, signal: AbortSignal): Promise<void> {
      const { target } = edit;
      for (let attempt = 1; attempt <= attempts; attempt += 1) {
        const controller = await loadReplaceable(target, signal);
        const state = edit.stateOf(controller);
        if (state === edit.after) return;
        if (state !== edit.before) throw changedMeanwhile(target);
        const { resourceVersion } = controller.metadata;
        const body = { metadata: { resourceVersion }, ...edit.patch(controller) };
        const outcome = await client.patch(
          resourceOf[target.kind],
          target.namespace,
          target.name,
          body,
          controllerSchema,
          signal,
        );
        // The object's version also changes with its status, at every pod that comes or goes: look again and retry.
        if (outcome.type === "failed" && outcome.failure.status === 409) continue;
        valueOrThrow(outcome, `${nameOf(target)} could not be changed`);
        return;
      }
      throw new Error(
        `${nameOf(target)} could not be changed: it changed at every one of ${attempts} attempts.`,
      );
    },

    /** Waits until every pod is of the template that the change made. */
    async settle({ target, stateOf, after }: TemplateEdit, signal: AbortSignal): Promise<void> {
      let pauseMs = firstPauseMs;
      let last = "it has not been looked at";
      for (;;) {
        const controller = await load(target, signal).catch((error: unknown) => {
          throw signal.aborted ? unfinished(target, last) : error;
        });
        if (stateOf(controller) !== after) throw changedMeanwhile(target);
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
  };
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

/** @throws with a message for people, which names the permission where one is missing. */
export function valueOrThrow<T>(outcome: Outcome<T>, what: string): T {
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
