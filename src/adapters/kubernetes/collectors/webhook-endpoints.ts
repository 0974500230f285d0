import type { Collector } from "../../../app/ports.ts";
import { observeNothing } from "../outcome.ts";
import { prerequisite } from "../prerequisite.ts";
import { resources, sourceFor } from "../resources.ts";
import { endpointSliceSchema, ownedSchema } from "../schemas.ts";
import type { CollectorDeps } from "./deps.ts";

/**
 * Who answers behind the Service of a self-hosted pod identity webhook. Permissions: `get services` and
 * `list endpointslices.discovery.k8s.io`. Absent: there is no webhook, or it is EKS's own, which has no Service.
 * https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
 */
export function createWebhookEndpointsCollector({
  client,
  clock,
}: CollectorDeps): Collector<"k8s.webhook-endpoints"> {
  return {
    kind: "k8s.webhook-endpoints",
    group: "config",
    after: ["k8s.webhook"],
    async collect(context) {
      const webhook = prerequisite(context, "k8s.webhook");
      if (!webhook.ok) return webhook.observation;
      const [namespace = "", name = ""] = webhook.value.clientConfig.service?.split("/") ?? [];
      const source = sourceFor(resources.services, namespace, name);
      if (namespace === "" || name === "") {
        return {
          status: "absent",
          source: sourceFor(resources.mutatingWebhookConfigurations, webhook.value.configuration),
          at: clock(),
        };
      }
      const [service, slices] = await Promise.all([
        client.get(resources.services, namespace, name, ownedSchema, context.signal),
        client.list(resources.endpointSlices, namespace, endpointSliceSchema, context.signal, {
          labelSelector: `kubernetes.io/service-name=${name}`,
        }),
      ]);
      if (service.type === "failed") return observeNothing(service, source, clock());
      if (slices.type !== "ok") {
        return observeNothing(slices, sourceFor(resources.endpointSlices, namespace), clock());
      }
      const endpoints = slices.value.items.flatMap((slice) => slice.endpoints);
      // A condition that is not told counts as ready.
      const ready = endpoints.filter(({ conditions }) => conditions?.ready !== false).length;
      const exists = service.type === "ok";
      return {
        status: "found",
        value: { service: `${namespace}/${name}`, exists, ready, notReady: endpoints.length - ready },
        source,
        at: clock(),
      };
    },
  };
}
