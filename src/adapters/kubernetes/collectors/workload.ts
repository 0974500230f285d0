import type { Collector } from "../../../app/ports.ts";
import { isBuiltInKind, type Question } from "../../../core/evidence.ts";
import type { KubernetesClient } from "../client.ts";
import { type Outcome, observe } from "../outcome.ts";
import { type OwnerFound, searchOwner } from "../ownership.ts";
import { sourceFor } from "../resources.ts";
import { workloadFacts } from "../workload-facts.ts";
import { kindsOfWorkload, listPodOwners } from "../workload-objects.ts";
import type { CollectorDeps } from "./deps.ts";

/**
 * The workload itself. Permissions: `get` of its kind (`get deployments.apps`, `get cronjobs.batch`, `get pods`, …);
 * a kind that is not built in is not read itself but told from what it owns: `list` of every built-in kind and of
 * ReplicaSets. The kind must have been resolved before.
 */
export function createWorkloadCollector({ client, clock }: CollectorDeps): Collector<"k8s.workload"> {
  return {
    kind: "k8s.workload",
    group: "workload",
    after: [],
    async collect({ question, signal }) {
      const { kind, namespace, name } = question;
      if (kind === null) {
        const detail = "the workload's kind is not resolved";
        return {
          status: "unavailable",
          reason: "not-collected",
          detail,
          source: `k8s:workloads/${namespace}/${name}`,
        };
      }
      if (!isBuiltInKind(kind)) {
        const owner = await findOwner(client, question, signal);
        const source = `k8s:${kind.toLowerCase()}/${namespace}/${name}`;
        return observe(owner, source, clock(), ({ workload }) => workloadFacts(workload));
      }
      const { resource, get } = kindsOfWorkload[kind];
      const outcome = await get(client, namespace, name, signal);
      return observe(outcome, sourceFor(resource, namespace, name), clock(), workloadFacts);
    },
  };
}

/** The owner of pods that a question with a kind that is not built in means. */
export async function findOwner(
  client: KubernetesClient,
  question: Pick<Question, "kind" | "namespace" | "name">,
  signal: AbortSignal,
): Promise<Outcome<OwnerFound>> {
  const objects = await listPodOwners(client, question.namespace, signal);
  if (objects.type !== "ok") return objects;
  const { found, unread } = await searchOwner(client, objects.value, question, signal);
  const [owner] = found;
  if (owner !== undefined) return { type: "ok", value: owner };
  const [permission] = unread;
  if (permission === undefined) return { type: "missing" };
  const detail = "what owns the pods could not be followed to its top";
  return { type: "failed", failure: { reason: "access-denied", permission, detail, status: 403 } };
}
