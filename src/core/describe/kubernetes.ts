import type { PlannedChange } from "../diagnosis.ts";
import type { ChangeOfKind, EnvStates, RolloutTarget } from "../plan.ts";
import { shellWord as quote } from "../shell.ts";

const thenReplaced = "its pods are then replaced one after the other.";

export function describeAnnotation(change: ChangeOfKind<"k8s.service-account.annotate">): PlannedChange {
  const { cluster, namespace, name, annotation } = change.target;
  const { value } = change.after;
  const command = (to: string | null) =>
    `kubectl -n ${quote(namespace)} annotate serviceaccount ${quote(name)} ${to === null ? quote(`${annotation}-`) : `${quote(`${annotation}=${to}`)} --overwrite`}`;
  return {
    change,
    target: `${cluster}/${namespace}/${name}`,
    preview:
      value === null
        ? `Take the annotation ${annotation} off service account ${namespace}/${name}.`
        : `Annotate service account ${namespace}/${name} with ${annotation}=${value}.`,
    command: command(value),
    undo: command(change.before.value),
  };
}

export function describeServiceAccount(change: ChangeOfKind<"k8s.workload.service-account">): PlannedChange {
  const { target, before, after } = change;
  const command = (account: string) =>
    `kubectl -n ${quote(target.namespace)} set serviceaccount ${object(target)} ${quote(account)}`;
  return {
    change,
    target: targetOf(target),
    preview: `Let ${nameOf(target)} run as service account ${after.serviceAccountName} instead of ${before.serviceAccountName}; ${thenReplaced}`,
    command: command(after.serviceAccountName),
    undo: command(before.serviceAccountName),
  };
}

export function describeEnv(change: ChangeOfKind<"k8s.workload.env">): PlannedChange {
  const { target, before, after } = change;
  const gone = target.variables.filter((name) => (after[name] ?? null) === null);
  const set = target.variables.filter((name) => !gone.includes(name));
  const what = [
    ...(set.length === 0 ? [] : [`set ${set.join(", ")}`]),
    ...(gone.length === 0 ? [] : [`take out ${gone.join(", ")}`]),
  ];
  return {
    change,
    target: targetOf(target),
    preview: `In container ${target.container} of ${nameOf(target)}, ${what.join(" and ")}; ${thenReplaced}`,
    command: envCommand(target, after),
    // What is not known cannot be written back, but Kubernetes keeps the template of before.
    undo: isRestorable(before) ? envCommand(target, before) : rolloutUndo(target),
  };
}

/** Can every variable be put back as it was, from what is known of it? */
export function isRestorable(states: EnvStates): boolean {
  return Object.values(states).every((state) => state === null || "value" in state);
}

function envCommand(target: ChangeOfKind<"k8s.workload.env">["target"], states: EnvStates): string {
  const words = target.variables.map((name) => {
    const state = states[name] ?? null;
    return state !== null && "value" in state ? quote(`${name}=${state.value}`) : quote(`${name}-`);
  });
  return `kubectl -n ${quote(target.namespace)} set env ${object(target)} -c ${quote(target.container)} ${words.join(" ")}`;
}

export function describeFsGroup(change: ChangeOfKind<"k8s.workload.fs-group">): PlannedChange {
  const { target, before, after } = change;
  const command = (fsGroup: number | null) => patch(target, { spec: { securityContext: { fsGroup } } });
  return {
    change,
    target: targetOf(target),
    preview: `Set fsGroup ${after.fsGroup} in the pod template of ${nameOf(target)}, so that its containers may read the token; ${thenReplaced}`,
    command: command(after.fsGroup),
    undo: command(before.fsGroup),
  };
}

export function describeMetadata(change: ChangeOfKind<"k8s.workload.template-metadata">): PlannedChange {
  const { target, before, after } = change;
  const { field, key } = target;
  const command = (value: string | null) => patch(target, { metadata: { [field]: { [key]: value } } });
  const what = field === "labels" ? "label" : "annotation";
  return {
    change,
    target: targetOf(target),
    preview:
      after.value === null
        ? `Take the ${what} ${key} out of the pod template of ${nameOf(target)}; ${thenReplaced}`
        : `Set the ${what} ${key} to "${after.value}" in the pod template of ${nameOf(target)}; ${thenReplaced}`,
    command: command(after.value),
    undo: command(before.value),
  };
}

export function describePod(change: ChangeOfKind<"k8s.pod.delete">): PlannedChange {
  const { cluster, namespace, name } = change.target;
  return {
    change,
    target: `${cluster}/${namespace}/${name}`,
    preview: `Delete pod ${namespace}/${name}: its controller makes another one, which gets today's identity.`,
    command: `kubectl -n ${quote(namespace)} delete pod ${quote(name)}`,
    undo: "# nothing to take back: the controller has made another pod",
  };
}

export function describeRestart(change: ChangeOfKind<"k8s.rollout.restart">): PlannedChange {
  const { target } = change;
  return {
    change,
    target: targetOf(target),
    preview: `Restart the rollout of ${nameOf(target)}: its pods are replaced one after the other, because a running pod never gets a new identity.`,
    command: `kubectl -n ${quote(target.namespace)} rollout restart ${object(target)}`,
    undo: rolloutUndo(target),
  };
}

function rolloutUndo(target: RolloutTarget): string {
  return `kubectl -n ${quote(target.namespace)} rollout undo ${object(target)}`;
}

function patch(target: RolloutTarget, template: unknown): string {
  const body = JSON.stringify({ spec: { template } });
  return `kubectl -n ${quote(target.namespace)} patch ${object(target)} -p ${quote(body)}`;
}

function targetOf({ cluster, namespace, name }: RolloutTarget): string {
  return `${cluster}/${namespace}/${name}`;
}

function nameOf({ kind, namespace, name }: RolloutTarget): string {
  return `${kind.toLowerCase()} ${namespace}/${name}`;
}

function object({ kind, name }: RolloutTarget): string {
  return quote(`${kind.toLowerCase()}/${name}`);
}
