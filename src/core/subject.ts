import { isHistory } from "./denials.ts";
import type {
  Absent,
  ContainerSpec,
  Evidence,
  Found,
  LogErrorGroup,
  PodFacts,
  PodsFacts,
  Question,
  WorkloadFacts,
  WorkloadKind,
} from "./evidence.ts";
import { askedContainers, expectedIdentity, type IdentityOf, injectedInto, known } from "./identity.ts";
import type { LogSign } from "./logs/signs.ts";
import type { ManualStep, RestartRollout } from "./plan.ts";
import { sha256 } from "./sha256.ts";
import { shellWord } from "./shell.ts";

/** A container of a running pod, judged for what it carries. */
export interface Place {
  readonly pod: PodFacts;
  readonly container: ContainerSpec;
}

export { shellWord };

type Seen<T> = Found<T> | Absent;

/** The annotation by which a pod keeps the EKS webhook away from some of its containers. */
export const skipContainersAnnotation = "eks.amazonaws.com/skip-containers";

/** An association is in effect some seconds after it was made, and so is an annotation in the webhook's cache. */
export const settlingSeconds = 30;

/** The two variables that belong together, by mechanism: the webhook adds both or none. */
const variablePairs = {
  "pod-identity": ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"],
  irsa: ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"],
} as const;

/** The name of the workload's ServiceAccount, `namespace/name`. */
export function serviceAccountOf(workload: WorkloadFacts): string {
  return `${workload.namespace}/${workload.template.serviceAccountName}`;
}

/** The subject of the tokens that the workload's pods carry, as a trust policy has to name it. */
export function tokenSubject(workload: WorkloadFacts): string {
  return `system:serviceaccount:${workload.namespace}:${workload.template.serviceAccountName}`;
}

/** `deployment/carts`, as kubectl takes it. */
export function objectOf(workload: WorkloadFacts): string {
  return `${workload.kind.toLowerCase()}/${workload.name}`;
}

/** The containers whose identity matters: of pods that have not run to their good end. */
export function placesOf(pods: Seen<PodsFacts>, question: Question): readonly Place[] {
  const running = pods.status === "found" ? pods.value.pods.filter((pod) => pod.phase !== "Succeeded") : [];
  return running.flatMap((pod) =>
    askedContainers(pod, question.container).map((container) => ({ pod, container })),
  );
}

/**
 * The containers that should carry an identity and carry none, for no reason that lies in their own pod: neither
 * skipped by annotation nor kept back by a variable that the pod sets itself, nor taken away again.
 */
export function uninjected(evidence: Evidence, question: Question): readonly Place[] {
  const mechanism = expectedIdentity(evidence)?.mechanism ?? "none";
  return bare(evidence, question).filter(({ pod }) => !hasTokenVolume(pod, mechanism));
}

/**
 * The workload's own containers from which the identity was taken away again: the token volume that the webhook gives
 * a pod together with the variables is there. Containers that others add after the webhook never had any.
 */
export function stripped(evidence: Evidence, question: Question): readonly Place[] {
  const mechanism = expectedIdentity(evidence)?.mechanism ?? "none";
  const own = known(evidence["k8s.workload"])?.template.containers.map(({ name }) => name) ?? [];
  return bare(evidence, question).filter(
    ({ pod, container }) => hasTokenVolume(pod, mechanism) && own.includes(container.name),
  );
}

function bare(evidence: Evidence, question: Question): readonly Place[] {
  return misplaced(evidence, question).filter(
    ({ container }) => injectedInto(container).mechanism === "none",
  );
}

/** The volume that the webhook adds: https://github.com/aws/amazon-eks-pod-identity-webhook */
const tokenVolumes = { "pod-identity": "eks-pod-identity-token", irsa: "aws-iam-token" } as const;

function hasTokenVolume(pod: PodFacts, mechanism: IdentityOf["mechanism"]): boolean {
  return mechanism !== "none" && pod.tokenVolumes.some(({ name }) => name === tokenVolumes[mechanism]);
}

/** The containers that carry another identity than the configured one: that of before. */
export function stale(evidence: Evidence, question: Question): readonly Place[] {
  return misplaced(evidence, question).filter(
    ({ container }) => injectedInto(container).mechanism !== "none",
  );
}

function misplaced(evidence: Evidence, question: Question): readonly Place[] {
  const expected = expectedIdentity(evidence);
  const pods = evidence["k8s.pods"];
  if (expected === null || expected.mechanism === "none" || pods === undefined) return [];
  if (pods.status === "unavailable") return [];
  return placesOf(pods, question).filter(
    (place) =>
      // No webhook meets a static pod, and replacing it changes nothing.
      !place.pod.mirror &&
      !carries(place.container, expected) &&
      !skips(place) &&
      halfPair(place.container, expected.mechanism) === null,
  );
}

/** Does the container carry what the configuration gives it? */
export function carries(container: ContainerSpec, expected: IdentityOf): boolean {
  const injected = injectedInto(container);
  if (injected.mechanism !== expected.mechanism) return false;
  return expected.mechanism !== "irsa" || injected.roleArn === expected.roleArn;
}

/** Is the container named in its pod's skip list? */
export function skips({ pod, container }: Place): boolean {
  const list = pod.annotations[skipContainersAnnotation] ?? "";
  return list.split(",").some((name) => name.trim() === container.name);
}

/**
 * The one variable of a pair that a container sets without the other: the webhook then adds neither.
 * https://github.com/aws/amazon-eks-pod-identity-webhook. Null: it sets both or none.
 */
export function halfPair(
  container: ContainerSpec,
  mechanism: IdentityOf["mechanism"],
): { readonly set: string; readonly lacking: string } | null {
  if (mechanism === "none") return null;
  const [first, second] = variablePairs[mechanism];
  const names = new Set(container.env.map((variable) => variable.name));
  if (names.has(first) === names.has(second)) return null;
  return names.has(first) ? { set: first, lacking: second } : { set: second, lacking: first };
}

/** The errors in the pods' logs that tell of the present, not of a container or an association that is gone. */
export function currentErrors(evidence: Evidence): readonly LogErrorGroup[] {
  const logs = known(evidence["logs.errors"])?.errors ?? [];
  return logs.filter((error) => !isHistory(error, evidence));
}

/** The signs in the pods' logs that tell of the present. */
export function currentSigns(evidence: Evidence): readonly LogSign[] {
  const signs = known(evidence["logs.errors"])?.signs ?? [];
  return signs.filter((sign) => !isHistory(sign, evidence));
}

/**
 * Errors of an SDK that found no credentials at all. Programs also ask the instance metadata where they run; only a
 * search for credentials that ends there counts.
 */
export function credentialErrors(errors: readonly LogErrorGroup[]): readonly LogErrorGroup[] {
  return errors.filter(
    ({ kind, excerpt }) =>
      kind === "no-credentials" || (kind === "imds-unreachable" && /credential|\brole\b/i.test(excerpt)),
  );
}

/** Calls of the application that AWS refused. */
export function deniedCalls(errors: readonly LogErrorGroup[]): readonly LogErrorGroup[] {
  return errors.filter((error) => error.kind === "access-denied" && !isAgentsCall(error));
}

/** The agent's own call, as the node: what it was told stands in the application's log too, word for word. */
export function isAgentsCall({ action }: { readonly action: string | null }): boolean {
  return action?.toLowerCase() === "eks-auth:assumeroleforpodidentity";
}

/** What was refused, `dynamodb:Query on arn:…`; the missing action where it is not the one that was asked for. */
export function describeCall(error: LogErrorGroup): string {
  const action = error.missingAction ?? error.action ?? "a call whose action the log does not name";
  return error.resource === null ? action : `${action} on ${error.resource}`;
}

/** Names in a sentence: `a, b and 3 more`. */
export function listed(names: readonly string[], limit = 3): string {
  const distinct = [...new Set(names)];
  const rest = distinct.length - limit;
  if (rest > 0) return `${distinct.slice(0, limit).join(", ")} and ${rest} more`;
  if (distinct.length < 2) return distinct.join("");
  return `${distinct.slice(0, -1).join(", ")} and ${distinct.at(-1)}`;
}

/** Seconds since the epoch; NaN compares false with everything, so an unreadable time proves nothing. */
export function seconds(time: string): number {
  return Date.parse(time) / 1000;
}

/** The restart that replaces the workload's pods, with a mark that its plan replaces; null: the kind has no rollout. */
export function restartOf(workload: Found<WorkloadFacts>, question: Question): RestartRollout | null {
  const { kind, namespace, name, restartMark: mark } = workload.value;
  if (!hasRollout(kind)) return null;
  const target = { cluster: question.cluster, kind, namespace, name };
  const after = { mark: sha256(JSON.stringify([target, mark])).slice(0, 16) };
  return { kind: "k8s.rollout.restart", target, before: { mark }, after };
}

/** Is it a kind whose pods can be replaced by changing its pod template? */
export function hasRollout(kind: WorkloadKind): kind is RestartRollout["target"]["kind"] {
  return kind === "Deployment" || kind === "StatefulSet" || kind === "DaemonSet";
}

/** How new pods come about: a restart where the kind has a rollout, else what a person does. */
export function replacePods(
  workload: Found<WorkloadFacts>,
  question: Question,
): { readonly fix?: readonly [RestartRollout]; readonly manual?: readonly ManualStep[] } {
  const restart = restartOf(workload, question);
  if (restart !== null) return { fix: [restart] };
  return { manual: [recreateStep(workload.value)] };
}

/** What a person does with a workload that has no rollout. */
export function recreateStep({ kind, namespace, name, template }: WorkloadFacts): ManualStep {
  const object = shellWord(`${kind.toLowerCase()}/${name}`);
  const where = `-n ${shellWord(namespace)}`;
  switch (kind) {
    case "CronJob":
      return {
        title: `Start a new run of cronjob ${name}: pods of runs that have begun keep what they were given`,
        command: `kubectl ${where} create job --from=${object} ${shellWord(`${name}-again`)}`,
      };
    case "Job":
    case "Pod":
      return {
        title: `Delete ${kind.toLowerCase()} ${name} and create it again from its manifest: it has no rollout, and a running pod never gets a new identity`,
        command: `kubectl ${where} get ${object} -o yaml`,
      };
    case "Rollout":
      return {
        title: `Restart rollout ${name}: pods that run keep what they were given`,
        command: `kubectl argo rollouts ${where} restart ${shellWord(name)}`,
      };
    default:
      return {
        title: `Delete the pods of ${kind.toLowerCase()} ${name} one after the other: their owner makes new ones, and pods that run keep what they were given`,
        command: `kubectl ${where} get pods -l ${shellWord(selectorOf(template.labels))}`,
      };
  }
}

/** The labels that all revisions share. */
function selectorOf(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .filter(([key]) => !/hash$/.test(key))
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

/** When the identity that the workload has now was configured; null: not recorded, or there is none. */
export function configuredAt(evidence: Evidence): string | null {
  switch (expectedIdentity(evidence)?.mechanism) {
    case "pod-identity":
      return known(evidence["eks.association"])?.createdAt ?? null;
    case "irsa":
      return known(evidence["k8s.service-account"])?.roleAnnotationChangedAt ?? null;
    default:
      return null;
  }
}
