import type { ClusterContext } from "../context.ts";
import type { KubeObject, LabelSelector, Pod, PodSpec, Toleration } from "../objects.ts";
import { matchesSelector } from "../selectors.ts";

interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

interface Affinity {
  readonly nodeAffinity?: {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: {
      readonly nodeSelectorTerms: readonly Pick<LabelSelector, "matchExpressions">[];
    };
  };
}

/** By nodeSelector, required node affinity and taints; what is only preferred is not considered. */
export function canRunOn(
  node: KubeObject,
  spec: Pick<PodSpec, "nodeSelector" | "affinity" | "tolerations">,
): boolean {
  const labels = node.metadata.labels ?? {};
  if (!Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)) return false;
  const affinity = spec.affinity as Affinity | undefined;
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  if (terms?.some((term) => matchesSelector(term, labels)) === false) return false;
  const taints = ((node["spec"] as { taints?: Taint[] }).taints ?? []).filter(
    (taint) => taint.effect !== "PreferNoSchedule",
  );
  return taints.every((taint) => (spec.tolerations ?? []).some((toleration) => tolerates(toleration, taint)));
}

function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== taint.effect) return false;
  if (toleration.key === undefined) return toleration.operator === "Exists";
  if (toleration.key !== taint.key) return false;
  return toleration.operator === "Exists" || (toleration.value ?? "") === (taint.value ?? "");
}

/** The fitting node with the fewest pods; undefined: none fits. */
export function chooseNode(context: ClusterContext, pod: Pod): string | undefined {
  const load = new Map<string, number>();
  for (const other of context.store.list("pods") as Pod[]) {
    const node = other.spec.nodeName;
    if (node !== undefined) load.set(node, (load.get(node) ?? 0) + 1);
  }
  return context.store
    .list("nodes")
    .filter((node) => canRunOn(node, pod.spec))
    .map((node) => node.metadata.name)
    .sort((a, b) => (load.get(a) ?? 0) - (load.get(b) ?? 0))[0];
}
