import type { Question } from "./evidence.ts";
import { shellWord } from "./shell.ts";

/** Commands of kubectl for the workload that was asked about, ready to paste. */

/** The kinds whose pod template `kubectl set` and `kubectl rollout` can change. */
const changeable = ["Deployment", "StatefulSet", "DaemonSet"];

function inNamespace({ namespace }: Question): string {
  return `kubectl -n ${shellWord(namespace)}`;
}

/** `deployment/carts`; where the kind is not known, a deployment is the best guess and the error of kubectl tells. */
function objectAsked({ kind, name }: Question): string {
  return shellWord(`${(kind ?? "Deployment").toLowerCase()}/${name}`);
}

function isChangeable({ kind }: Question): boolean {
  return kind === null || changeable.includes(kind);
}

export function showObject(question: Question): string {
  return `${inNamespace(question)} get ${objectAsked(question)} -o yaml`;
}

/** What the pod template sets, with where each value comes from; values of Secrets are not shown. */
export function listVariables(question: Question, container?: string): string {
  if (!isChangeable(question)) return showObject(question);
  const only = container === undefined ? "" : ` -c ${shellWord(container)}`;
  return `${inNamespace(question)} set env ${objectAsked(question)}${only} --list`;
}

/** @param assignments `NAME=value`, or `NAME-` to take one out */
export function setVariable(
  question: Question,
  container: string | undefined,
  ...assignments: readonly string[]
): string {
  if (!isChangeable(question)) return showObject(question);
  const only = container === undefined ? "" : ` -c ${shellWord(container)}`;
  return `${inNamespace(question)} set env ${objectAsked(question)}${only} ${assignments.map(shellWord).join(" ")}`;
}

/** Rolls out an image that is yet to be built. */
export function setImage(question: Question, container: string | undefined): string {
  if (!isChangeable(question)) return showObject(question);
  const image = shellWord(`${container ?? "<container>"}=<new image>`);
  return `${inNamespace(question)} set image ${objectAsked(question)} ${image}`;
}

export function restart(question: Question): string {
  if (!isChangeable(question)) return showObject(question);
  return `${inNamespace(question)} rollout restart ${objectAsked(question)}`;
}

/** Lets a rollout start one pod after the other. */
export function startOneByOne(question: Question): string {
  const patch = (spec: object) =>
    `${inNamespace(question)} patch ${objectAsked(question)} -p ${shellWord(JSON.stringify({ spec }))}`;
  switch (question.kind) {
    case null:
    case "Deployment":
      return patch({ strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    case "DaemonSet":
      return patch({ updateStrategy: { rollingUpdate: { maxUnavailable: 1 } } });
    default:
      return showObject(question);
  }
}

/** The containers of a pod with the paths that are mounted into them. */
export function showMounts(question: Question, pod: string): string {
  const columns = '{range .spec.containers[*]}{.name}{" "}{.volumeMounts[*].mountPath}{"\\n"}{end}';
  return `${inNamespace(question)} get pod ${shellWord(pod)} -o ${shellWord(`jsonpath=${columns}`)}`;
}
