/** A resource of the Kubernetes API that the adapter reads, and how its paths are built. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** Every resource that the adapter touches; nothing else is ever asked for. Secrets are not among them. */
export const resources = {
  pods: { group: "", version: "v1", plural: "pods" },
  serviceAccounts: { group: "", version: "v1", plural: "serviceaccounts" },
  namespaces: { group: "", version: "v1", plural: "namespaces" },
  services: { group: "", version: "v1", plural: "services" },
  endpointSlices: { group: "discovery.k8s.io", version: "v1", plural: "endpointslices" },
  networkPolicies: { group: "networking.k8s.io", version: "v1", plural: "networkpolicies" },
  nodes: { group: "", version: "v1", plural: "nodes" },
  deployments: { group: "apps", version: "v1", plural: "deployments" },
  replicaSets: { group: "apps", version: "v1", plural: "replicasets" },
  statefulSets: { group: "apps", version: "v1", plural: "statefulsets" },
  daemonSets: { group: "apps", version: "v1", plural: "daemonsets" },
  jobs: { group: "batch", version: "v1", plural: "jobs" },
  cronJobs: { group: "batch", version: "v1", plural: "cronjobs" },
  podDisruptionBudgets: { group: "policy", version: "v1", plural: "poddisruptionbudgets" },
  mutatingWebhookConfigurations: {
    group: "admissionregistration.k8s.io",
    version: "v1",
    plural: "mutatingwebhookconfigurations",
  },
} as const satisfies Record<string, Resource>;

export type Verb = "get" | "list" | "patch" | "delete";

/** The permission as `kubectl auth can-i` takes it: `get pods/log`, `list deployments.apps`. */
export function permissionFor(verb: Verb, resource: Resource, subresource?: string): string {
  const qualified = resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
  return `${verb} ${qualified}${subresource === undefined ? "" : `/${subresource}`}`;
}

/**
 * The path under which the API server serves a resource. Every part is escaped, for names come from people.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
 */
export function pathFor(resource: Resource, namespace: string | null, ...rest: readonly string[]): string {
  const root =
    resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = namespace === null ? [] : ["namespaces", namespace];
  return [root, ...[...scope, resource.plural, ...rest].map(encodeURIComponent)].join("/");
}

/** How evidence names its source: `k8s:serviceaccounts/carts/carts`. */
export function sourceFor(resource: Resource, ...rest: readonly (string | null)[]): string {
  return `k8s:${[resource.plural, ...rest.filter((part) => part !== null)].join("/")}`;
}
