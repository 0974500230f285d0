import { z } from "zod";
import type { PermissionCheck } from "../../app/ports.ts";
import type { KubernetesClient } from "./client.ts";

/**
 * What investigations read, as `kubectl auth can-i` takes it. Equal to the ClusterRole in deploy/rbac/investigator.yaml:
 * a test holds that.
 */
export const neededPermissions: readonly string[] = [
  "get deployments.apps",
  "get statefulsets.apps",
  "get daemonsets.apps",
  "list deployments.apps",
  "list statefulsets.apps",
  "list daemonsets.apps",
  "get jobs.batch",
  "get cronjobs.batch",
  "list jobs.batch",
  "list cronjobs.batch",
  "list replicasets.apps",
  "get pods",
  "list pods",
  "get revisions.serving.knative.dev",
  "get pods/log",
  "get serviceaccounts",
  "list serviceaccounts",
  "list mutatingwebhookconfigurations.admissionregistration.k8s.io",
  "get namespaces",
  "get services",
  "list endpointslices.discovery.k8s.io",
  "list networkpolicies.networking.k8s.io",
  "get nodes",
  "list poddisruptionbudgets.policy",
];

const reviewSchema = z.object({ status: z.object({ allowed: z.boolean() }) });

/**
 * Asks the API server which of these permissions its caller has. Everybody may ask that of themselves:
 * https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
 */
export function reviewAccess(
  client: KubernetesClient,
  permissions: readonly string[],
  signal: AbortSignal,
): Promise<readonly PermissionCheck[]> {
  return Promise.all(
    permissions.map(async (permission): Promise<PermissionCheck> => {
      const outcome = await client.review(attributesOf(permission), reviewSchema, signal);
      switch (outcome.type) {
        case "ok":
          return { permission, granted: outcome.value.status.allowed, detail: null };
        case "missing":
          return { permission, granted: null, detail: "the API server does not review access" };
        case "failed":
          return { permission, granted: null, detail: outcome.failure.detail };
      }
    }),
  );
}

/** `get pods/log` and `list deployments.apps` in the terms of a review. */
function attributesOf(permission: string) {
  const [verb = "", qualified = ""] = permission.split(" ");
  const [plain = "", subresource = ""] = qualified.split("/");
  const [resource = "", ...group] = plain.split(".");
  return { verb, resource, subresource, group: group.join(".") };
}
