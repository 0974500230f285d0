import type { Collector } from "../../../app/ports.ts";
import { selects } from "../label-selector.ts";
import { unavailable } from "../outcome.ts";
import { prerequisite } from "../prerequisite.ts";
import { resources } from "../resources.ts";
import { podDisruptionBudgetSchema } from "../schemas.ts";
import { listWorkloadObjects, workloadRef } from "../workload-facts.ts";
import type { CollectorDeps } from "./deps.ts";

/**
 * Who else would feel a change: other workloads of the namespace with the same ServiceAccount, and the disruption
 * budgets over the workload's pods. Permissions: `list` of every kind of workload and
 * `list poddisruptionbudgets.policy`.
 */
export function createSharingCollector({ client, clock }: CollectorDeps): Collector<"k8s.sharing"> {
  return {
    kind: "k8s.sharing",
    group: "config",
    after: ["k8s.workload"],
    async collect(context) {
      const workload = prerequisite(context, "k8s.workload");
      if (!workload.ok) return workload.observation;
      const { namespace, uid, template } = workload.value;
      const source = `k8s:workloads/${namespace}`;
      const [workloads, budgets] = await Promise.all([
        listWorkloadObjects(client, namespace, context.signal),
        client.list(resources.podDisruptionBudgets, namespace, podDisruptionBudgetSchema, context.signal),
      ]);
      if (workloads.type === "failed") return unavailable(workloads.failure, source);
      if (budgets.type === "failed") return unavailable(budgets.failure, source);
      const others = workloads.type === "ok" ? workloads.value : [];
      const found = budgets.type === "ok" ? budgets.value.items : [];
      return {
        status: "found",
        value: {
          workloads: others
            .filter(({ metadata }) => metadata.uid !== uid)
            .filter(
              (other) =>
                (other.template.spec.serviceAccountName || "default") === template.serviceAccountName,
            )
            .map(workloadRef),
          // A budget without a selector selects nothing: https://kubernetes.io/docs/tasks/run-application/configure-pdb/
          disruptionBudgets: found
            .filter(({ spec }) => spec.selector !== null && selects(spec.selector, template.labels))
            .map(({ metadata, status }) => ({
              name: metadata.name,
              disruptionsAllowed: status?.disruptionsAllowed ?? 0,
            })),
        },
        source,
        at: clock(),
      };
    },
  };
}
