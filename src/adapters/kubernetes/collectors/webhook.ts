import type { Collector } from "../../../app/ports.ts";
import { observeNothing } from "../outcome.ts";
import { resources, sourceFor } from "../resources.ts";
import { namespaceSchema, webhookConfigurationSchema } from "../schemas.ts";
import { configurationName, findIdentityWebhook, webhookFacts } from "../webhook-facts.ts";
import type { CollectorDeps } from "./deps.ts";

/**
 * The webhook that injects identity into pods, with the labels of the asked namespace that its selector judges.
 * Permissions: `list mutatingwebhookconfigurations.admissionregistration.k8s.io` (the object may bear any name, so
 * only the list proves that there is none) and `get namespaces`.
 */
export function createWebhookCollector({ client, clock }: CollectorDeps): Collector<"k8s.webhook"> {
  return {
    kind: "k8s.webhook",
    group: "config",
    after: [],
    async collect({ question: { namespace }, signal }) {
      const [configurations, labels] = await Promise.all([
        client.list(resources.mutatingWebhookConfigurations, null, webhookConfigurationSchema, signal),
        client.get(resources.namespaces, null, namespace, namespaceSchema, signal),
      ]);
      const source = sourceFor(resources.mutatingWebhookConfigurations, configurationName);
      if (configurations.type !== "ok") return observeNothing(configurations, source, clock());
      const webhook = findIdentityWebhook(configurations.value.items);
      if (webhook === null) return { status: "absent", source, at: clock() };
      if (labels.type === "failed") {
        return observeNothing(labels, sourceFor(resources.namespaces, namespace), clock());
      }
      const namespaceLabels = labels.type === "ok" ? labels.value.metadata.labels : {};
      return {
        status: "found",
        value: webhookFacts(webhook, namespaceLabels),
        source: sourceFor(resources.mutatingWebhookConfigurations, webhook.configuration.metadata.name),
        at: clock(),
      };
    },
  };
}
