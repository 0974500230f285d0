import type { ChangeExecutor } from "../../app/ports.ts";
import { isRestorable } from "../../core/describe/kubernetes.ts";
import { envStates } from "../../core/env-states.ts";
import { canonical } from "../../core/json.ts";
import type { ChangeOfKind, EnvStates, RolloutTarget } from "../../core/plan.ts";
import { containerFacts } from "./env-facts.ts";
import { createRollouts, type RolloutDeps, type TemplateEdit } from "./rollouts.ts";
import type { Controller } from "./schemas.ts";

type TemplateKind =
  | "k8s.workload.service-account"
  | "k8s.workload.env"
  | "k8s.workload.fs-group"
  | "k8s.workload.template-metadata";

/** How one kind of change reads and writes a pod template. */
interface Lens<K extends TemplateKind> {
  get(controller: Controller, target: ChangeOfKind<K>["target"]): ChangeOfKind<K>["before"];
  /** The part of the pod template that gives it this state, as a strategic merge patch. */
  set(state: ChangeOfKind<K>["before"], controller: Controller, target: ChangeOfKind<K>["target"]): unknown;
}

/**
 * Changes to pod templates; each is in effect when the rollout that it starts has ended. Permissions: `get` and
 * `patch` of the target's kind. Taken back only where the template still says what the change made it say.
 * https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
 */
export function createTemplateExecutors(deps: RolloutDeps): {
  readonly [K in TemplateKind]: ChangeExecutor<K>;
} {
  const rollouts = createRollouts(deps);

  function executor<K extends TemplateKind>(lens: Lens<K>): ChangeExecutor<K> {
    // A change and its lens agree by their kind, which is what the compiler cannot follow here.
    type Plain = {
      target: RolloutTarget;
      before: ChangeOfKind<K>["before"];
      after: ChangeOfKind<K>["after"];
    };
    const edit = (change: ChangeOfKind<K>, back = false): TemplateEdit => {
      const { target, before, after } = change as Plain;
      const [from, to] = back ? [after, before] : [before, after];
      return {
        target,
        stateOf: (controller) => canonical(lens.get(controller, target)),
        before: canonical(from),
        after: canonical(to),
        patch: (controller) => ({ spec: { template: lens.set(to, controller, target) } }),
      };
    };
    return {
      read: async ({ target }, signal) =>
        lens.get(await rollouts.loadReplaceable(target as RolloutTarget, signal), target),
      apply: (change, signal) => rollouts.patch(edit(change), signal),
      settle: (change, signal) => rollouts.settle(edit(change), signal),
      revert: (change, signal) => rollouts.patch(edit(change, true), signal),
    };
  }

  return {
    "k8s.workload.service-account": executor<"k8s.workload.service-account">({
      get: ({ spec }) => ({ serviceAccountName: spec.template.spec.serviceAccountName ?? "default" }),
      // The API server keeps the deprecated name in step, and refuses a template in which the two differ.
      set: ({ serviceAccountName }) => ({ spec: { serviceAccountName, serviceAccount: serviceAccountName } }),
    }),
    "k8s.workload.env": executor<"k8s.workload.env">({
      get: (controller, { container, variables }) => variablesOf(controller, container, variables),
      set: (states, controller, { container }) => {
        if (!isRestorable(states)) {
          throw new Error("values that are not kept cannot be written: add the variables back by hand");
        }
        const list = isInit(controller, container) ? "initContainers" : "containers";
        return { spec: { [list]: [{ name: container, env: entriesOf(states) }] } };
      },
    }),
    "k8s.workload.fs-group": executor<"k8s.workload.fs-group">({
      get: ({ spec }) => ({ fsGroup: spec.template.spec.securityContext?.fsGroup ?? null }),
      set: ({ fsGroup }) => ({ spec: { securityContext: { fsGroup } } }),
    }),
    "k8s.workload.template-metadata": executor<"k8s.workload.template-metadata">({
      get: ({ spec }, { field, key }) => ({ value: spec.template.metadata?.[field][key] ?? null }),
      set: ({ value }, _controller, { field, key }) => ({ metadata: { [field]: { [key]: value } } }),
    }),
  };
}

function isInit({ spec }: Controller, container: string): boolean {
  return spec.template.spec.initContainers.some(({ name }) => name === container);
}

function variablesOf({ spec }: Controller, container: string, variables: readonly string[]): EnvStates {
  const { containers, initContainers } = spec.template.spec;
  const found = [...containers, ...initContainers].find(({ name }) => name === container);
  if (found === undefined) throw new Error(`there is no container ${container} in the pod template`);
  return envStates(containerFacts(found, false).env, variables);
}

/** A literal replaces whatever the variable was; a patch would otherwise keep both the value and its source. */
function entriesOf(states: EnvStates): readonly unknown[] {
  return Object.entries(states).map(([name, state]) =>
    state !== null && "value" in state
      ? { name, value: state.value, valueFrom: null }
      : { name, $patch: "delete" },
  );
}
