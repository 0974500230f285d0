import type { Owner, PodFacts, PodSpecFacts } from "../../core/evidence.ts";
import { containerFacts } from "./env-facts.ts";
import type { ContainerStatus, Metadata, Pod, PodSpec } from "./schemas.ts";

/** Set on the pod template by the restart that eksiam makes. */
export const restartMarkAnnotation = "eksiam/restarted-for";

/** Annotations that say something about AWS identity, restarts or sidecars; others can hold anything. */
const keptAnnotation =
  /^(eks\.amazonaws\.com|iam\.amazonaws\.com|vpc\.amazonaws\.com|eksiam|sidecar\.istio\.io|linkerd\.io)\/|^kubectl\.kubernetes\.io\/restartedAt$/;

/** What a pod spec says about identity; the API server's defaults are filled in. */
export function podSpecFacts(
  spec: PodSpec,
  labels: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>>,
): PodSpecFacts {
  return {
    serviceAccountName: spec.serviceAccountName || "default",
    hostNetwork: spec.hostNetwork,
    runAsUser: spec.securityContext?.runAsUser ?? null,
    fsGroup: spec.securityContext?.fsGroup ?? null,
    nodeSelectorOs: spec.nodeSelector["kubernetes.io/os"] ?? null,
    labels,
    annotations: keptAnnotations(annotations, keptAnnotation),
    containers: [
      // One that is always restarted runs beside the others to the end: a sidecar.
      // https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
      ...spec.initContainers.map((container) =>
        containerFacts(container, container.restartPolicy !== "Always"),
      ),
      ...spec.containers.map((container) => containerFacts(container, false)),
    ],
  };
}

/** The kubelet's mark on the mirror of a static pod: https://kubernetes.io/docs/reference/labels-annotations-taints/ */
const mirrorAnnotation = "kubernetes.io/config.mirror";

/** A pod with its state. Of ephemeral containers only the names are kept: the webhook does not touch them. */
export function podFacts(pod: Pod): PodFacts {
  const { metadata, spec, status } = pod;
  return {
    ...podSpecFacts(spec, metadata.labels, metadata.annotations),
    name: metadata.name,
    uid: metadata.uid,
    createdAt: metadata.creationTimestamp,
    startedAt: status?.startTime ?? null,
    phase: status?.phase ?? "Unknown",
    ready: isReady(pod),
    nodeName: spec.nodeName,
    podIp: status?.podIP ?? null,
    hostIp: status?.hostIP ?? null,
    mirror: mirrorAnnotation in metadata.annotations,
    ephemeralContainers: spec.ephemeralContainers.map(({ name }) => name),
    revision: metadata.labels["pod-template-hash"] ?? metadata.labels["controller-revision-hash"] ?? null,
    tokenVolumes: tokenVolumes(spec),
    statuses: [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map(
      statusFacts,
    ),
  };
}

export function isReady(pod: Pod): boolean {
  return pod.status?.conditions.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
}

/** Why the pod's containers wait, if one does. */
export function waitingReason(pod: Pod): string | null {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  return (
    statuses.map(({ state }) => state?.waiting?.reason ?? null).find((reason) => reason !== null) ?? null
  );
}

/** The token that every pod gets for the API server says nothing about AWS. */
const apiServerTokenVolume = /^kube-api-access-/;

/** Volumes with a projected ServiceAccount token; an audience that is not set is the API server's: "". */
export function tokenVolumes(spec: PodSpec): PodFacts["tokenVolumes"] {
  return spec.volumes
    .filter(({ name }) => !apiServerTokenVolume.test(name))
    .flatMap(({ name, projected }) =>
      (projected?.sources ?? []).flatMap(({ serviceAccountToken }) =>
        serviceAccountToken == null ? [] : [{ name, audience: serviceAccountToken.audience ?? "" }],
      ),
    );
}

/** `startedAt` is the last start that happened: between two restarts that of the terminated run. Null: never. */
function statusFacts({
  name,
  restartCount,
  state,
  lastState,
}: ContainerStatus): PodFacts["statuses"][number] {
  return {
    container: name,
    restartCount,
    startedAt:
      state?.running?.startedAt ?? state?.terminated?.startedAt ?? lastState?.terminated?.startedAt ?? null,
    waitingReason: state?.waiting == null ? null : (state.waiting.reason ?? "Waiting"),
    lastRun: lastRun(lastState),
  };
}

function lastRun(state: ContainerStatus["lastState"]) {
  const { startedAt = null, finishedAt = null, exitCode = null } = state?.terminated ?? {};
  return startedAt === null || finishedAt === null
    ? null
    : { startedAt, finishedAt, exitCode: exitCode ?? 0 };
}

export function keptAnnotations(
  annotations: Readonly<Record<string, string>>,
  kept: RegExp,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => kept.test(name)));
}

/**
 * Who will undo a change made by hand, told by the marks that each tool leaves. Argo CD and Flux come first, for
 * they render Helm charts themselves and would undo a change sooner than a `helm upgrade`.
 */
export function managedBy({ labels, annotations, managedFields }: Metadata): Owner {
  const tool = labels["app.kubernetes.io/managed-by"]?.toLowerCase();
  if ("argocd.argoproj.io/tracking-id" in annotations || "argocd.argoproj.io/instance" in labels)
    return "argocd";
  if ("kustomize.toolkit.fluxcd.io/name" in labels || "helm.toolkit.fluxcd.io/name" in labels) return "flux";
  if ("meta.helm.sh/release-name" in annotations || tool === "helm") return "helm";
  if (tool === "eksctl" || "alpha.eksctl.io/cluster-name" in labels) return "eksctl";
  const byTerraform = managedFields.some(
    ({ manager }) => manager !== null && /^(terraform|hashicorp)/i.test(manager),
  );
  return tool === "terraform" || byTerraform ? "terraform" : "none";
}
