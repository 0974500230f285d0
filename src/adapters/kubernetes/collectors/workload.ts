import type { Collector } from "../../../app/ports.ts";
import { isBuiltInKind } from "../../../core/evidence.ts";
import { observe } from "../outcome.ts";
import { sourceFor } from "../resources.ts";
import { kindsOfWorkload, workloadFacts } from "../workload-facts.ts";
import type { CollectorDeps } from "./deps.ts";

/**
 * The workload itself. Permissions: `get` of its kind (`get deployments.apps`, `get cronjobs.batch`, `get pods`, …).
 * Its kind must have been resolved before.
 */
export function createWorkloadCollector({ client, clock }: CollectorDeps): Collector<"k8s.workload"> {
  return {
    kind: "k8s.workload",
    group: "workload",
    after: [],
    async collect({ question: { kind, namespace, name }, signal }) {
      if (kind === null || !isBuiltInKind(kind)) {
        const detail = "the workload's kind is not resolved";
        return {
          status: "unavailable",
          reason: "not-collected",
          detail,
          source: `k8s:workloads/${namespace}/${name}`,
        };
      }
      const { resource, get } = kindsOfWorkload[kind];
      const outcome = await get(client, namespace, name, signal);
      return observe(outcome, sourceFor(resource, namespace, name), clock(), workloadFacts);
    },
  };
}
