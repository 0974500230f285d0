import { createPod } from "../admission.ts";
import type { ClusterContext } from "../context.ts";
import {
  type Condition,
  controllerOf,
  type KubeObject,
  kubeTime,
  ownerReferenceTo,
  type Pod,
  type PodOwner,
  type PodTemplate,
} from "../objects.ts";
import { resourceTypeOf } from "../resources.ts";
import { StatusError } from "../status.ts";

export const controllerManager = "kube-controller-manager";

export function podsOf(context: ClusterContext, owner: KubeObject): Pod[] {
  return (context.store.list("pods", owner.metadata.namespace) as Pod[]).filter(
    (pod) => controllerOf(pod)?.uid === owner.metadata.uid,
  );
}

export function livingPodsOf(context: ClusterContext, owner: KubeObject): Pod[] {
  return podsOf(context, owner).filter((pod) => pod.metadata.deletionTimestamp === undefined);
}

/** False when admission refused the pod; the refusal is then an event of the owner, as on a real cluster. */
export function createOwnedPod(
  context: ClusterContext,
  owner: KubeObject,
  template: PodTemplate,
  change: { readonly name?: string; readonly labels?: Record<string, string>; readonly nodeName?: string },
): boolean {
  try {
    const pod = createPod(
      context,
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
          ...(change.name === undefined
            ? { generateName: `${owner.metadata.name}-` }
            : { name: change.name }),
          namespace: owner.metadata.namespace ?? "default",
          labels: { ...template.metadata?.labels, ...change.labels },
          ...(template.metadata?.annotations === undefined
            ? {}
            : { annotations: template.metadata.annotations }),
          ownerReferences: [ownerReferenceTo(owner)],
        },
        spec: { ...template.spec, ...(change.nodeName === undefined ? {} : { nodeName: change.nodeName }) },
      },
      { manager: controllerManager },
    );
    context.recordEvent({
      about: owner,
      type: "Normal",
      reason: "SuccessfulCreate",
      message: `Created pod: ${pod.metadata.name}`,
      component: componentOf(owner),
    });
    return true;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    context.recordEvent({
      about: owner,
      type: "Warning",
      reason: "FailedCreate",
      message: `Error creating: ${error.message}`,
      component: componentOf(owner),
    });
    return false;
  }
}

/** Marks the pod as terminating; the kubelet then takes it away. */
export function deletePod(context: ClusterContext, pod: Pod, owner?: KubeObject): void {
  if (pod.metadata.deletionTimestamp !== undefined) return;
  const seconds = pod.spec.terminationGracePeriodSeconds ?? 30;
  context.store.update(
    "pods",
    pod.metadata.namespace ?? "",
    pod.metadata.name,
    { manager: controllerManager },
    (draft) => {
      draft.metadata.deletionTimestamp = kubeTime(new Date(context.now().getTime() + seconds * 1000));
      draft.metadata.deletionGracePeriodSeconds = seconds;
      return draft;
    },
  );
  if (owner !== undefined) {
    context.recordEvent({
      about: owner,
      type: "Normal",
      reason: "SuccessfulDelete",
      message: `Deleted pod: ${pod.metadata.name}`,
      component: componentOf(owner),
    });
  }
}

export function setStatus(
  context: ClusterContext,
  object: KubeObject,
  status: Record<string, unknown>,
): void {
  const type = resourceTypeOf(object);
  const { namespace = "", name } = object.metadata;
  const merged = (before: unknown) =>
    Object.fromEntries(
      Object.entries({ ...(before as object), ...status }).filter(([, value]) => value !== undefined),
    );
  // Most rounds find nothing new, and a write costs a copy.
  const present = context.store.get(type.key, namespace, name)?.["status"];
  if (JSON.stringify(merged(present)) === JSON.stringify(present)) return;
  context.store.update(
    type.key,
    namespace,
    name,
    { manager: controllerManager, subresource: "status" },
    (draft) => {
      draft["status"] = merged(draft["status"]);
      return draft;
    },
  );
}

/** The condition with a new transition time only when its status changed. */
export function withCondition(
  context: ClusterContext,
  object: PodOwner,
  condition: Omit<Condition, "lastTransitionTime" | "lastUpdateTime">,
): Condition {
  const present = object.status.conditions?.find((candidate) => candidate.type === condition.type);
  const now = kubeTime(context.now());
  const same = present?.status === condition.status && present.reason === condition.reason;
  return {
    ...condition,
    lastTransitionTime: present?.status === condition.status ? (present.lastTransitionTime ?? now) : now,
    lastUpdateTime: same && present?.message === condition.message ? (present.lastUpdateTime ?? now) : now,
  };
}

export function componentOf(owner: KubeObject): string {
  const components: Readonly<Record<string, string>> = {
    Deployment: "deployment-controller",
    ReplicaSet: "replicaset-controller",
    StatefulSet: "statefulset-controller",
    DaemonSet: "daemonset-controller",
    Job: "job-controller",
  };
  return components[owner.kind] ?? controllerManager;
}
