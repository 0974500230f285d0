import type { Cluster } from "../cluster.ts";
import type { KubeObject, Pod } from "../objects.ts";
import { resourceType } from "../resources.ts";
import { parseFieldSelector, parseLabelSelector } from "../selectors.ts";
import { badRequest, notFound } from "../status.ts";
import { positiveInt, type ResourceRequest } from "./request.ts";

export function readObject(cluster: Cluster, request: ResourceRequest): KubeObject {
  const object = cluster.store.get(request.type.key, request.namespace, request.name);
  if (object === undefined) throw notFound(request.type, request.name);
  return object;
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks */
export function listObjects(cluster: Cluster, request: ResourceRequest): object {
  const { type, query } = request;
  const labels = parseLabelSelector(query.get("labelSelector") ?? "");
  const fields = parseFieldSelector(type.kind, query.get("fieldSelector") ?? "");
  const matching = cluster.store
    .list(type.key, request.namespace === "" ? undefined : request.namespace)
    .filter((object) => labels(object.metadata.labels ?? {}) && fields(object));

  const after = continuation(query.get("continue"));
  const from = after === null ? 0 : matching.filter((object) => keyOf(object) <= after).length;
  const limit = positiveInt(query, "limit") ?? 0;
  const page = limit === 0 ? matching.slice(from) : matching.slice(from, from + limit);
  const remaining = matching.length - from - page.length;
  const last = page.at(-1);
  return {
    kind: `${type.kind}List`,
    apiVersion: type.apiVersion,
    metadata: {
      resourceVersion: cluster.store.version(),
      ...(remaining > 0 && last !== undefined
        ? {
            continue: Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", start: keyOf(last) })).toString(
              "base64url",
            ),
            remainingItemCount: remaining,
          }
        : {}),
    },
    // The items of a list do not repeat their kind.
    items: page.map(({ apiVersion: _a, kind: _k, ...item }) => item),
  };
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
}

function continuation(token: string | null): string | null {
  if (token === null || token === "") return null;
  try {
    const { start } = JSON.parse(Buffer.from(token, "base64url").toString("utf8")) as { start?: unknown };
    if (typeof start === "string") return start;
  } catch {
    // Falls through to the same answer as for a token without a start.
  }
  throw badRequest("continue key is not valid: illegal base64 data or unknown version");
}

/** The text of `pods/log`. */
export function readLog(cluster: Cluster, request: ResourceRequest): string {
  const { query } = request;
  const pod = cluster.store.get("pods", request.namespace, request.name) as Pod | undefined;
  if (pod === undefined) throw notFound(resourceType("pods"), request.name);
  const names = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(
    (container) => container.name,
  );
  const asked = query.get("container") ?? "";
  if (asked === "" && pod.spec.containers.length > 1) {
    const choices = pod.spec.containers.map((container) => container.name).join(" ");
    throw badRequest(
      `a container name must be specified for pod ${request.name}, choose one of: [${choices}]`,
    );
  }
  const container = asked === "" ? (pod.spec.containers[0]?.name ?? "") : asked;
  if (!names.includes(container))
    throw badRequest(`container ${container} is not valid for pod ${request.name}`);
  const previous = query.get("previous") === "true";
  const log = cluster.kubelet.log(pod, container, previous);
  if (log === undefined && previous) {
    throw badRequest(`previous terminated container "${container}" in pod "${request.name}" not found`);
  }
  if (log === undefined) {
    const state = pod.status.containerStatuses?.find((status) => status.name === container)?.state;
    throw badRequest(
      `container "${container}" in pod "${request.name}" is waiting to start: ${state?.waiting?.reason ?? "ContainerCreating"}`,
    );
  }
  const options = {
    sinceSeconds: positiveInt(query, "sinceSeconds"),
    tailLines: positiveInt(query, "tailLines"),
    limitBytes: positiveInt(query, "limitBytes"),
  };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const sinceTime = query.get("sinceTime");
  if (sinceTime !== null && Number.isNaN(Date.parse(sinceTime))) {
    throw badRequest(`parsing time "${sinceTime}" as "2006-01-02T15:04:05Z07:00": cannot parse`);
  }
  return log.read(
    {
      ...given,
      ...(sinceTime === null ? {} : { sinceTime: new Date(sinceTime) }),
      timestamps: query.get("timestamps") === "true",
    },
    cluster.now(),
  );
}
