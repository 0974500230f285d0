import type {
  Absent,
  Evidence,
  Found,
  InjectionCensus,
  PodFacts,
  PodsFacts,
  Question,
  WebhookFacts,
} from "./evidence.ts";
import { expectedIdentity, injectedInto, known } from "./identity.ts";
import { bundleReplacedAt, exclusionOf, injectsNothing } from "./injection.ts";
import { podIdentitySupport } from "./platform-versions.ts";
import { configuredAt, placesOf, seconds, settlingSeconds, uninjected } from "./subject.ts";

/** What became of the webhook's calls for pods that it should have given an identity, told from pods alone. */
export type MissedInjection =
  /** No such pod, or something else explains it. */
  | { readonly calls: "no-fault"; readonly because: string }
  | { readonly calls: "unknowable"; readonly because: string }
  /** One failed while others did not: `witness` is a sibling, or the time of the cluster's newest injected pod. */
  | { readonly calls: "one-failed"; readonly pods: readonly PodFacts[]; readonly witness: PodFacts | string }
  /** One failed, and nothing was created since that would show whether others do. */
  | { readonly calls: "last-failed"; readonly pods: readonly PodFacts[] }
  /** They failed at different times, and none was answered in between. */
  | {
      readonly calls: "all-failed";
      readonly pods: readonly PodFacts[];
      readonly others: readonly InjectionCensus["notInjectedPods"][number][];
      readonly newestInjectedAt: string | null;
    };

/** Pods created within that time are one event: the replicas of a rollout, a node that was drained. */
const oneEventSeconds = 60;

/** What judging them looks at: an old platform version gives no identity, and no call to the webhook is missed there. */
export const missedInjectionNeeds = ["k8s.webhook", "k8s.injection-census", "eks.cluster"] as const;

export function missedInjection(
  evidence: Evidence & {
    readonly "k8s.pods": Found<PodsFacts> | Absent;
    readonly "k8s.injection-census": Found<InjectionCensus> | Absent;
  },
  webhook: WebhookFacts,
  question: Question,
): MissedInjection {
  if (injectsNothing(evidence)) return { calls: "unknowable", because: "the webhook cannot inject any pod" };
  const cluster = known(evidence["eks.cluster"]);
  const support = cluster === null ? null : podIdentitySupport(cluster);
  if (expectedIdentity(evidence)?.mechanism === "pod-identity" && support?.supported === false) {
    return { calls: "unknowable", because: "the cluster is older than EKS Pod Identity" };
  }
  const identityAt = configuredAt(evidence);
  if (identityAt === null) {
    return { calls: "unknowable", because: "when the identity was configured is not recorded" };
  }
  const since = seconds(identityAt) + settlingSeconds;
  const missed = uninjected(evidence, question)
    .map(({ pod }) => pod)
    .filter((pod) => seconds(pod.createdAt) > since && exclusionOf(webhook, pod) === null);
  if (missed.length === 0)
    return { calls: "no-fault", because: "no pod that is newer than its identity lacks it" };

  const names = new Set(missed.map(({ name }) => name));
  const sibling = placesOf(evidence["k8s.pods"], question).find(
    ({ pod, container }) =>
      !names.has(pod.name) && seconds(pod.createdAt) > since && injectedInto(container).mechanism !== "none",
  );
  if (sibling !== undefined) return { calls: "one-failed", pods: missed, witness: sibling.pod };
  const oldestMissed = Math.min(...missed.map(({ createdAt }) => seconds(createdAt)));
  const census = evidence["k8s.injection-census"];
  const newestInjectedAt = census.status === "found" ? census.value.newestInjectedAt : null;
  if (newestInjectedAt !== null && seconds(newestInjectedAt) > oldestMissed) {
    return { calls: "one-failed", pods: missed, witness: newestInjectedAt };
  }

  const replacedAt = bundleReplacedAt(webhook);
  if (
    replacedAt !== null &&
    missed.some(({ createdAt }) => seconds(createdAt) > seconds(replacedAt) + settlingSeconds)
  ) {
    return { calls: "unknowable", because: "the caBundle was overwritten before" };
  }
  if (census.status === "absent" || !census.value.complete) {
    return { calls: "unknowable", because: "not all pods of the cluster were seen" };
  }
  const others = census.value.notInjectedPods.filter(
    (pod) =>
      !(pod.namespace === question.namespace && names.has(pod.name)) && seconds(pod.createdAt) > oldestMissed,
  );
  const times = [...missed, ...others].map(({ createdAt }) => seconds(createdAt));
  return Math.max(...times) - Math.min(...times) > oneEventSeconds
    ? { calls: "all-failed", pods: missed, others, newestInjectedAt }
    : { calls: "last-failed", pods: missed };
}
