import type { Collector } from "../../../app/ports.ts";
import type { ServiceAccountFacts } from "../../../core/evidence.ts";
import { roleAnnotation } from "../../../core/identity.ts";
import { lastWrite } from "../managed-fields.ts";
import { observe } from "../outcome.ts";
import { keptAnnotations, managedBy } from "../pod-facts.ts";
import { prerequisite } from "../prerequisite.ts";
import { resources, sourceFor } from "../resources.ts";
import { type ServiceAccount, serviceAccountSchema } from "../schemas.ts";
import type { CollectorDeps } from "./deps.ts";

/** The ServiceAccount that the pod template names. Permission: `get serviceaccounts`. */
export function createServiceAccountCollector({
  client,
  clock,
}: CollectorDeps): Collector<"k8s.service-account"> {
  return {
    kind: "k8s.service-account",
    group: "config",
    after: ["k8s.workload"],
    async collect(context) {
      const workload = prerequisite(context, "k8s.workload");
      if (!workload.ok) return workload.observation;
      const { namespace, template } = workload.value;
      const name = template.serviceAccountName;
      const outcome = await client.get(
        resources.serviceAccounts,
        namespace,
        name,
        serviceAccountSchema,
        context.signal,
      );
      return observe(outcome, sourceFor(resources.serviceAccounts, namespace, name), clock(), facts);
    },
  };
}

/** Annotations that concern AWS identity; others can hold anything. */
export const identityAnnotation = /^(eks|iam)\.amazonaws\.com\//;

function facts({ metadata }: ServiceAccount): ServiceAccountFacts {
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    createdAt: metadata.creationTimestamp,
    annotations: keptAnnotations(metadata.annotations, identityAnnotation),
    roleAnnotationChangedAt: roleAnnotationChangedAt(metadata),
    managedBy: managedBy(metadata),
  };
}

/** When `eks.amazonaws.com/role-arn` was last written, at the latest; null: it is not recorded. */
export function roleAnnotationChangedAt(metadata: ServiceAccount["metadata"]): string | null {
  return (
    lastWrite(metadata.managedFields, ["f:metadata", "f:annotations", `f:${roleAnnotation}`])?.at ?? null
  );
}
