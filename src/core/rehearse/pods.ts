import type {
  ContainerSpec,
  EnvVar,
  Evidence,
  EvidenceBundle,
  PodFacts,
  PodSpecFacts,
  WorkloadFacts,
} from "../evidence.ts";
import { expectedIdentity, type IdentityOf, known } from "../identity.ts";
import { halfPair, skipContainersAnnotation } from "../subject.ts";
import { found } from "./observed.ts";

/**
 * The evidence once the pods are new: made later from the workload's template, injected by today's configuration,
 * with empty logs.
 */
export function newPods({ evidence, collectedAt, question }: EvidenceBundle): Evidence {
  const workload = known(evidence["k8s.workload"]);
  const pods = known(evidence["k8s.pods"]);
  const identity = expectedIdentity(evidence);
  const replaced = (pod: PodFacts) =>
    newPod(pod, workload, identity, `${question.name}-rehearsed`, collectedAt);
  return {
    ...withoutErrors(evidence, collectedAt),
    ...(pods === null
      ? {}
      : { "k8s.pods": found({ ...pods, pods: pods.pods.slice(0, 1).map(replaced) }, collectedAt) }),
  };
}

/** The evidence once one pod is gone and its controller has made another. */
export function replacedPod({ evidence, collectedAt, question }: EvidenceBundle, uid: string): Evidence {
  const workload = known(evidence["k8s.workload"]);
  const pods = known(evidence["k8s.pods"]);
  const logs = known(evidence["logs.errors"]);
  const identity = expectedIdentity(evidence);
  const gone = pods?.pods.find((pod) => pod.uid === uid);
  if (pods === null || gone === undefined) return {};
  const name = `${question.name}-rehearsed`;
  const kept = pods.pods.map((pod) =>
    pod.uid === uid ? newPod(pod, workload, identity, name, collectedAt) : pod,
  );
  const errors = (logs?.errors ?? []).filter(({ pods: seenIn }) => seenIn.some((pod) => pod !== gone.name));
  return {
    "k8s.pods": found({ ...pods, pods: kept }, collectedAt),
    ...(logs === null ? {} : { "logs.errors": found({ ...logs, errors }, collectedAt) }),
  };
}

function withoutErrors(evidence: Evidence, at: string): Evidence {
  const logs = known(evidence["logs.errors"]);
  return logs === null ? {} : { "logs.errors": found({ ...logs, errors: [], signs: [] }, at) };
}

function newPod(
  pod: PodFacts,
  workload: WorkloadFacts | null,
  identity: IdentityOf | null,
  name: string,
  at: string,
): PodFacts {
  const template = workload?.template ?? null;
  const spec: PodSpecFacts =
    template === null ? pod : { ...template, containers: containersOf(pod, template) };
  return {
    ...pod,
    ...spec,
    name,
    uid: `${pod.uid}-rehearsed`,
    createdAt: at,
    startedAt: at,
    statuses: pod.statuses.map((status) => ({ ...status, startedAt: at, restartCount: 0 })),
    containers: spec.containers.map((container) => inject(container, spec, identity)),
  };
}

/** The template's containers, and those that admission added to the pod. */
function containersOf(pod: PodFacts, template: PodSpecFacts): readonly ContainerSpec[] {
  const names = new Set(template.containers.map(({ name }) => name));
  return [
    ...template.containers,
    ...pod.containers.filter(({ name }) => !names.has(name)).map(withoutInjected),
  ];
}

function withoutInjected(container: ContainerSpec): ContainerSpec {
  return { ...container, env: container.env.filter(({ name }) => !injectedNames.has(name)) };
}

const injectedNames = new Set([
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  "AWS_ROLE_ARN",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
]);

/** The label that keeps the published webhook away from a pod. */
const skipLabel = "eks.amazonaws.com/skip-pod-identity-webhook";

/**
 * What the EKS webhook does to a container at pod creation: it adds a pair of variables, unless the pod keeps it away
 * or the container names one of the pair itself.
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
 */
function inject(container: ContainerSpec, pod: PodSpecFacts, identity: IdentityOf | null): ContainerSpec {
  const skipped = (pod.annotations[skipContainersAnnotation] ?? "").split(",").map((name) => name.trim());
  if (pod.labels[skipLabel] !== undefined || skipped.includes(container.name)) return container;
  const variables = variablesOf(identity);
  const present = new Set(container.env.map(({ name }) => name));
  const half = identity !== null && halfPair(container, identity.mechanism) !== null;
  if (half || variables.every(({ name }) => present.has(name))) return container;
  return { ...container, env: [...container.env, ...variables] };
}

function variablesOf(identity: IdentityOf | null): readonly EnvVar[] {
  switch (identity?.mechanism) {
    case "pod-identity":
      return [
        literal("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
        literal(
          "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
          "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token",
        ),
      ];
    case "irsa":
      return [
        literal("AWS_ROLE_ARN", identity.roleArn ?? ""),
        literal("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"),
      ];
    default:
      return [];
  }
}

function literal(name: string, value: string): EnvVar {
  return { name, value, from: "literal" };
}
