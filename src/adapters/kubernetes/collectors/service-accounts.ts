import type { Collector } from "../../../app/ports.ts";
import { observe } from "../outcome.ts";
import { keptAnnotations } from "../pod-facts.ts";
import { resources, sourceFor } from "../resources.ts";
import { serviceAccountSchema } from "../schemas.ts";
import type { CollectorDeps } from "./deps.ts";
import { identityAnnotation } from "./service-account.ts";

/** All ServiceAccounts of the asked namespace, by name. Permission: `list serviceaccounts`. */
export function createServiceAccountsCollector({
  client,
  clock,
}: CollectorDeps): Collector<"k8s.service-accounts"> {
  return {
    kind: "k8s.service-accounts",
    group: "config",
    after: [],
    async collect({ question: { namespace }, signal }) {
      const listed = await client.list(resources.serviceAccounts, namespace, serviceAccountSchema, signal);
      return observe(listed, sourceFor(resources.serviceAccounts, namespace), clock(), ({ items }) =>
        items.map(({ metadata }) => ({
          name: metadata.name,
          annotations: keptAnnotations(metadata.annotations, identityAnnotation),
        })),
      );
    },
  };
}
