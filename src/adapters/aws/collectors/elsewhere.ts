import { ListClustersCommand } from "@aws-sdk/client-eks";
import { z } from "zod";
import type { Collector } from "../../../app/ports.ts";
import type { AwsClients } from "../clients.ts";
import { call, observing } from "../outcome.ts";
import { listAssociations } from "../reading/association-list.ts";
import { unread } from "../reading/iam-answers.ts";
import { seen } from "./prerequisite.ts";

const listSchema = z.object({ clusters: z.array(z.string()), nextToken: z.string().nullish() });

/** Clusters beside the asked one that are looked into: more would cost more than the question is worth. */
const maxClusters = 20;

/**
 * Associations for the same ServiceAccount name in other namespaces, or in other clusters of the account and Region:
 * what is left of a mistyped name. Permissions: eks:ListClusters, eks:ListPodIdentityAssociations.
 */
export function createElsewhereCollector(
  clients: AwsClients,
  clock: () => string,
): Collector<"eks.associations-elsewhere"> {
  async function clusterNames(signal: AbortSignal) {
    const command = new ListClustersCommand({ maxResults: 100 });
    const send = () => clients.eks.send(command, { abortSignal: signal });
    const answer = await call("eks:ListClusters", send, listSchema, signal);
    if (answer === null) throw unread("eks:ListClusters", "EKS gave no list");
    return answer;
  }

  return {
    kind: "eks.associations-elsewhere",
    group: "config",
    after: ["k8s.workload"],
    collect: (context) =>
      observing(async () => {
        const { question, signal } = context;
        const source = "eks:ListPodIdentityAssociations";
        const workload = seen(context, "k8s.workload");
        if (workload.status === "absent") return { status: "absent", source: workload.source, at: clock() };
        const { serviceAccountName } = workload.value.template;
        const [here, listed] = await Promise.all([
          listAssociations(clients, { cluster: question.cluster, namespace: null }, signal),
          clusterNames(signal),
        ]);
        const others = listed.clusters.filter((name) => name !== question.cluster);
        const asked = others.slice(0, maxClusters);
        const found = await Promise.all(
          asked.map(async (cluster) => {
            const inNamespace = { cluster, namespace: question.namespace };
            const associations = await listAssociations(clients, inNamespace, signal);
            return associations
              .filter(({ serviceAccount }) => serviceAccount === serviceAccountName)
              .map(({ associationId }) => ({ cluster, associationId }));
          }),
        );
        const value = {
          otherNamespaces: here.filter(
            ({ namespace, serviceAccount }) =>
              serviceAccount === serviceAccountName && namespace !== question.namespace,
          ),
          otherClusters: found.flat(),
          complete: asked.length === others.length && !listed.nextToken,
        };
        return { status: "found", value, source, at: clock() };
      }),
  };
}
