import type { Collector } from "../../../app/ports.ts";
import type { OtherWebhookFacts } from "../../../core/facts/kubernetes.ts";
import { selects } from "../label-selector.ts";
import { observeNothing } from "../outcome.ts";
import { resources, sourceFor } from "../resources.ts";
import { namespaceSchema, type Webhook, webhookConfigurationSchema } from "../schemas.ts";
import { findIdentityWebhook } from "../webhook-facts.ts";
import type { CollectorDeps } from "./deps.ts";

/**
 * The other mutating webhooks that are called for pods of the asked namespace, in the order in which they are
 * called. Permissions: `list mutatingwebhookconfigurations.admissionregistration.k8s.io` and `get namespaces`.
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */
export function createOtherWebhooksCollector({
  client,
  clock,
}: CollectorDeps): Collector<"k8s.other-webhooks"> {
  return {
    kind: "k8s.other-webhooks",
    group: "config",
    after: [],
    async collect({ question, signal }) {
      const [configurations, namespace] = await Promise.all([
        client.list(resources.mutatingWebhookConfigurations, null, webhookConfigurationSchema, signal),
        client.get(resources.namespaces, null, question.namespace, namespaceSchema, signal),
      ]);
      const source = sourceFor(resources.mutatingWebhookConfigurations);
      if (configurations.type !== "ok") return observeNothing(configurations, source, clock());
      if (namespace.type === "failed") {
        return observeNothing(namespace, sourceFor(resources.namespaces, question.namespace), clock());
      }
      const { items } = configurations.value;
      const labels = namespace.type === "ok" ? namespace.value.metadata.labels : {};
      const identity = findIdentityWebhook(items)?.entry;
      return {
        status: "found",
        value: items.flatMap(({ metadata, webhooks }) =>
          webhooks
            .filter((webhook) => webhook !== identity && isForPods(webhook))
            .filter(
              ({ namespaceSelector }) => namespaceSelector === null || selects(namespaceSelector, labels),
            )
            .map((webhook) => facts(metadata.name, webhook)),
        ),
        source,
        at: clock(),
      };
    },
  };
}

function isForPods({ rules }: Webhook): boolean {
  const includes = (values: readonly string[], wanted: string) =>
    values.includes(wanted) || values.includes("*");
  return rules.some(
    ({ apiGroups, operations, resources: named }) =>
      includes(apiGroups, "") &&
      includes(operations, "CREATE") &&
      (includes(named, "pods") || named.includes("*/*")),
  );
}

function facts(configuration: string, { name, reinvocationPolicy }: Webhook): OtherWebhookFacts {
  return { configuration, entry: name, reinvocationPolicy: reinvocationPolicy ?? "Never" };
}
