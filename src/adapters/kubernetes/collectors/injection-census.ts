import type { CollectContext, Collector } from "../../../app/ports.ts";
import type { InjectionCensus } from "../../../core/evidence.ts";
import { roleAnnotation } from "../../../core/identity.ts";
import { observe, observeNothing } from "../outcome.ts";
import { tokenVolumes } from "../pod-facts.ts";
import { resources } from "../resources.ts";
import { type Pod, podSchema, type ServiceAccount, serviceAccountSchema } from "../schemas.ts";
import type { CollectorDeps } from "./deps.ts";
import { roleAnnotationChangedAt } from "./service-account.ts";

const podBound = 1000;
const serviceAccountBound = 5000;
const notInjectedKept = 20;

/** An association takes some seconds until the webhook knows it; a pod made in between is nobody's fault. */
const associationDelayMs = 30_000;

/** The volumes that the webhook adds; their names are in its source: https://github.com/aws/amazon-eks-pod-identity-webhook */
const injectedVolumes = new Set(["aws-iam-token", "eks-pod-identity-token"]);

/** A pod with this label is passed over by the webhook on purpose. */
const skipLabel = "eks.amazonaws.com/skip-pod-identity-webhook";

/**
 * What became of pods whose ServiceAccount has an identity, over the whole cluster: the first 1000 pods in the API
 * server's order. Permissions: `list pods` and `list serviceaccounts`, both in all namespaces. Identities known are
 * the role annotations and, from the evidence, the association of the asked workload; a pod counts as not injected
 * only if it was made after its identity was configured.
 */
export function createInjectionCensusCollector({
  client,
  clock,
}: CollectorDeps): Collector<"k8s.injection-census"> {
  return {
    kind: "k8s.injection-census",
    group: "config",
    after: ["eks.association"],
    async collect(context) {
      const { signal } = context;
      const [pods, serviceAccounts] = await Promise.all([
        client.list(resources.pods, null, podSchema, signal, { bound: podBound }),
        client.list(resources.serviceAccounts, null, serviceAccountSchema, signal, {
          bound: serviceAccountBound,
        }),
      ]);
      if (serviceAccounts.type !== "ok")
        return observeNothing(serviceAccounts, "k8s:serviceaccounts", clock());
      const configured = configuredSince(serviceAccounts.value.items, context);
      return observe(pods, "k8s:pods", clock(), ({ items, complete }) =>
        census(items, configured, complete && serviceAccounts.value.complete),
      );
    },
  };
}

type ConfiguredSince = ReadonlyMap<string, number>;

/** `namespace/serviceAccount` → since when its new pods should carry an identity, in milliseconds. */
function configuredSince(
  serviceAccounts: readonly ServiceAccount[],
  context: CollectContext,
): ConfiguredSince {
  const since = new Map<string, number>();
  for (const { metadata } of serviceAccounts) {
    if (!(roleAnnotation in metadata.annotations)) continue;
    const at = roleAnnotationChangedAt(metadata) ?? metadata.creationTimestamp;
    since.set(keyOf(metadata.namespace, metadata.name), Date.parse(at));
  }
  const association = context.evidence["eks.association"];
  if (association?.status === "found") {
    const { namespace, serviceAccount, createdAt } = association.value;
    const key = keyOf(namespace, serviceAccount);
    const at = Date.parse(createdAt) + associationDelayMs;
    since.set(key, Math.min(at, since.get(key) ?? at));
  }
  return since;
}

function census(pods: readonly Pod[], configured: ConfiguredSince, complete: boolean): InjectionCensus {
  const alive = pods.filter(({ metadata }) => metadata.deletionTimestamp === null);
  const injected = alive.filter(isInjected);
  const notInjected = alive
    .filter((pod) => !isInjected(pod) && shouldBeInjected(pod, configured))
    .sort(newestFirst);
  return {
    injected: injected.length,
    notInjected: notInjected.length,
    newestInjectedAt: injected.sort(newestFirst)[0]?.metadata.creationTimestamp ?? null,
    notInjectedPods: notInjected.slice(0, notInjectedKept).map(({ metadata }) => ({
      namespace: metadata.namespace ?? "",
      name: metadata.name,
      createdAt: metadata.creationTimestamp,
    })),
    complete,
  };
}

function isInjected(pod: Pod): boolean {
  return tokenVolumes(pod.spec).some(({ name }) => injectedVolumes.has(name));
}

function shouldBeInjected({ metadata, spec }: Pod, configured: ConfiguredSince): boolean {
  const since = configured.get(keyOf(metadata.namespace, spec.serviceAccountName || "default"));
  return (
    since !== undefined && !(skipLabel in metadata.labels) && Date.parse(metadata.creationTimestamp) >= since
  );
}

function keyOf(namespace: string | null, serviceAccount: string): string {
  return `${namespace ?? ""}/${serviceAccount}`;
}

function newestFirst(a: Pod, b: Pod): number {
  return Date.parse(b.metadata.creationTimestamp) - Date.parse(a.metadata.creationTimestamp);
}
