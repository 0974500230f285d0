import type { Cluster } from "../cluster.ts";
import type { PodOwner } from "../objects.ts";
import { jsonPatch, mergePatch } from "../patch.ts";
import { badRequest, notFound } from "../status.ts";
import { managerOf, type ResourceRequest } from "./request.ts";
import { deleteObject, parseBody } from "./write.ts";

/** `…/scale` of a Deployment, ReplicaSet or StatefulSet. */
export function scaleObject(cluster: Cluster, request: ResourceRequest): object {
  if (request.method === "GET") return scaleOf(cluster, request);
  const body = parseBody(request.body);
  const current = scaleOf(cluster, request);
  const wanted =
    request.method === "PUT"
      ? body
      : request.contentType.includes("json-patch")
        ? jsonPatch(current, body)
        : mergePatch(current, body);
  const replicas = (wanted as { spec?: { replicas?: unknown } }).spec?.replicas;
  if (typeof replicas !== "number") throw badRequest("spec.replicas must be a number");
  cluster.store.update(
    request.type.key,
    request.namespace,
    request.name,
    { manager: managerOf(request) },
    (draft) => {
      (draft as PodOwner).spec.replicas = replicas;
      return draft;
    },
  );
  return scaleOf(cluster, request);
}

function scaleOf(cluster: Cluster, request: ResourceRequest): object {
  const object = cluster.store.get(request.type.key, request.namespace, request.name) as PodOwner | undefined;
  if (object === undefined) throw notFound(request.type, request.name);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: object.spec.replicas ?? 1 },
    status: { replicas: object.status["replicas"] ?? 0 },
  };
}

/** A delete that respects nothing but the pod's existence; budgets are the caller's business. */
export function evictPod(cluster: Cluster, request: ResourceRequest): object {
  deleteObject(cluster, { ...request, subresource: "", body: "" });
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };
}
