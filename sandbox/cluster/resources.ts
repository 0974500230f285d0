/** A resource that the API server serves. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** `deployments.apps`: how errors name it, and the key of the store. */
  readonly key: string;
  readonly apiVersion: string;
  readonly shortNames: readonly string[];
  /** Whether a change of `spec` raises `metadata.generation`. */
  readonly hasGeneration: boolean;
  readonly subresources: readonly string[];
}

type Row = readonly [
  groupVersion: string,
  plural: string,
  kind: string,
  scope: "Namespaced" | "Cluster",
  shortNames: readonly string[],
  subresources?: readonly string[],
];

const rows: readonly Row[] = [
  ["v1", "namespaces", "Namespace", "Cluster", ["ns"], ["status"]],
  ["v1", "nodes", "Node", "Cluster", ["no"], ["status"]],
  ["v1", "pods", "Pod", "Namespaced", ["po"], ["log", "status", "eviction"]],
  ["v1", "serviceaccounts", "ServiceAccount", "Namespaced", ["sa"]],
  ["v1", "configmaps", "ConfigMap", "Namespaced", ["cm"]],
  ["v1", "secrets", "Secret", "Namespaced", []],
  ["v1", "services", "Service", "Namespaced", ["svc"], ["status"]],
  ["v1", "endpoints", "Endpoints", "Namespaced", ["ep"]],
  ["v1", "events", "Event", "Namespaced", ["ev"]],
  ["apps/v1", "deployments", "Deployment", "Namespaced", ["deploy"], ["status", "scale"]],
  ["apps/v1", "replicasets", "ReplicaSet", "Namespaced", ["rs"], ["status", "scale"]],
  ["apps/v1", "statefulsets", "StatefulSet", "Namespaced", ["sts"], ["status", "scale"]],
  ["apps/v1", "daemonsets", "DaemonSet", "Namespaced", ["ds"], ["status"]],
  ["apps/v1", "controllerrevisions", "ControllerRevision", "Namespaced", []],
  ["batch/v1", "jobs", "Job", "Namespaced", [], ["status"]],
  ["batch/v1", "cronjobs", "CronJob", "Namespaced", ["cj"], ["status"]],
  ["policy/v1", "poddisruptionbudgets", "PodDisruptionBudget", "Namespaced", ["pdb"], ["status"]],
  ["argoproj.io/v1alpha1", "rollouts", "Rollout", "Namespaced", ["ro"]],
  ["serving.knative.dev/v1", "configurations", "Configuration", "Namespaced", ["config"]],
  ["serving.knative.dev/v1", "revisions", "Revision", "Namespaced", ["rev"]],
  ["discovery.k8s.io/v1", "endpointslices", "EndpointSlice", "Namespaced", []],
  ["networking.k8s.io/v1", "networkpolicies", "NetworkPolicy", "Namespaced", ["netpol"]],
  [
    "admissionregistration.k8s.io/v1",
    "mutatingwebhookconfigurations",
    "MutatingWebhookConfiguration",
    "Cluster",
    [],
  ],
  [
    "admissionregistration.k8s.io/v1",
    "validatingwebhookconfigurations",
    "ValidatingWebhookConfiguration",
    "Cluster",
    [],
  ],
];

const withoutGeneration = new Set([
  "namespaces",
  "nodes",
  "serviceaccounts",
  "configmaps",
  "secrets",
  "services",
  "endpoints",
  "events",
  "controllerrevisions",
]);

export const resourceTypes: readonly ResourceType[] = rows.map(
  ([apiVersion, plural, kind, scope, shortNames, subresources = []]) => {
    const [version, group] = apiVersion.split("/").reverse() as [string, string?];
    return {
      group: group ?? "",
      version,
      plural,
      singular: kind.toLowerCase(),
      kind,
      namespaced: scope === "Namespaced",
      key: group === undefined ? plural : `${plural}.${group}`,
      apiVersion,
      shortNames,
      hasGeneration: !withoutGeneration.has(plural),
      subresources,
    };
  },
);

const byKey = new Map(resourceTypes.map((type) => [type.key, type]));
const byKind = new Map(resourceTypes.map((type) => [`${type.apiVersion} ${type.kind}`, type]));

/** Throws for a key that is not in the table: a mistake in the sandbox itself. */
export function resourceType(key: string): ResourceType {
  const type = byKey.get(key);
  if (type === undefined) throw new Error(`The sandbox serves no resource ${key}.`);
  return type;
}

export function resourceTypeOf(object: { readonly apiVersion: string; readonly kind: string }): ResourceType {
  const type = byKind.get(`${object.apiVersion} ${object.kind}`);
  if (type === undefined) throw new Error(`The sandbox serves no kind ${object.apiVersion} ${object.kind}.`);
  return type;
}

export function findResource(group: string, version: string, plural: string): ResourceType | undefined {
  const type = byKey.get(group === "" ? plural : `${plural}.${group}`);
  return type?.version === version ? type : undefined;
}
