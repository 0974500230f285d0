import type { Collector } from "../../../app/ports.ts";
import type { PodsFacts } from "../../../core/evidence.ts";
import { nodeFacts } from "../node-facts.ts";
import { unavailable } from "../outcome.ts";
import { prerequisite } from "../prerequisite.ts";
import { resources, sourceFor } from "../resources.ts";
import { nodeSchema } from "../schemas.ts";
import type { CollectorDeps } from "./deps.ts";

/** The nodes that the workload's pods run on. Permission: `get nodes`, one call a node (at most 20). */
export function createNodesCollector({ client, clock }: CollectorDeps): Collector<"k8s.nodes"> {
  return {
    kind: "k8s.nodes",
    group: "config",
    after: ["k8s.pods"],
    async collect(context) {
      const pods = prerequisite(context, "k8s.pods");
      if (!pods.ok) return pods.observation;
      const names = nodeNames(pods.value);
      const outcomes = await Promise.all(
        names.map((name) => client.get(resources.nodes, null, name, nodeSchema, context.signal)),
      );
      const failed = outcomes.find((outcome) => outcome.type === "failed");
      const source = sourceFor(resources.nodes, names.length === 1 ? (names[0] ?? null) : null);
      if (failed !== undefined) return unavailable(failed.failure, source);
      // A node that is gone while its pod is still listed has nothing to say.
      const nodes = outcomes.flatMap((outcome) => (outcome.type === "ok" ? [nodeFacts(outcome.value)] : []));
      return { status: "found", value: nodes, source, at: clock() };
    },
  };
}

/** The distinct nodes of the pods, by name. */
export function nodeNames({ pods }: PodsFacts): readonly string[] {
  return [...new Set(pods.flatMap(({ nodeName }) => (nodeName === null ? [] : [nodeName])))].sort();
}
