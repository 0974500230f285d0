import { parse as parseYaml } from "yaml";
import type { Cluster } from "../cluster.ts";
import { type KubeObject, kubeTime, type NewObject } from "../objects.ts";
import { jsonPatch, mergePatch, strategicMergePatch } from "../patch.ts";
import { resourceType } from "../resources.ts";
import {
  badRequest,
  conflict,
  invalid,
  methodNotAllowed,
  notFound,
  preconditionFailed,
  unsupportedMediaType,
} from "../status.ts";
import { managerOf, type ResourceRequest } from "./request.ts";
import { selectorOwners, validate, validateChange } from "./validation.ts";

export function createObject(cluster: Cluster, request: ResourceRequest): KubeObject {
  const object = parseObject(request);
  const { type } = request;
  object.metadata = { ...object.metadata, ...(type.namespaced ? { namespace: request.namespace } : {}) };
  const { name, generateName } = object.metadata;
  if ((name ?? "") === "" && (generateName ?? "") === "") {
    throw invalid(type, "", [
      {
        field: "metadata.name",
        reason: "FieldValueRequired",
        message: "Required value: name or generateName is required",
      },
    ]);
  }
  if (type.namespaced && cluster.store.get("namespaces", "", request.namespace) === undefined) {
    throw notFound(resourceType("namespaces"), request.namespace);
  }
  const created = withDefaults(object);
  validate(type, created);
  if (isDryRun(request)) return created as KubeObject;
  return cluster.create(created, managerOf(request));
}

/** Fills in what people may leave out and controllers rely on. */
function withDefaults(object: NewObject): NewObject {
  if (!selectorOwners.has(object.kind)) return object;
  const spec = (object["spec"] ?? {}) as Record<string, unknown>;
  return {
    ...object,
    spec: {
      ...(object.kind === "DaemonSet" ? {} : { replicas: 1 }),
      ...(object.kind === "Deployment" ? deploymentDefaults : {}),
      ...spec,
    },
    status: {},
  };
}

const deploymentDefaults = {
  progressDeadlineSeconds: 600,
  revisionHistoryLimit: 10,
  strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
};

export function replaceObject(cluster: Cluster, request: ResourceRequest): KubeObject {
  const object = parseObject(request) as KubeObject;
  return change(cluster, request, (present) => ({
    ...object,
    metadata: { ...object.metadata },
    ...(request.subresource === "status" ? {} : { status: present["status"] }),
  }));
}

/** All four kinds of patch, told apart by their content type. */
export function patchObject(cluster: Cluster, request: ResourceRequest): KubeObject {
  const mediaType = request.contentType.split(";")[0]?.trim() ?? "";
  const body = parseBody(request.body);
  const apply = mediaType === "application/apply-patch+yaml";
  if (apply && !request.query.has("fieldManager")) {
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  }
  const present = cluster.store.get(request.type.key, request.namespace, request.name);
  if (apply && present === undefined)
    return createObject(cluster, { ...request, body: JSON.stringify(body) });
  return change(cluster, request, (object) => {
    if (mediaType === "application/json-patch+json") return jsonPatch(object, body) as KubeObject;
    if (mediaType === "application/merge-patch+json") return mergePatch(object, body) as KubeObject;
    if (mediaType === "application/strategic-merge-patch+json" || apply) {
      return strategicMergePatch(object, body) as KubeObject;
    }
    throw unsupportedMediaType(mediaType);
  });
}

/** Applies a change with the checks of the API server: version, identity, what may not change, validity. */
function change(
  cluster: Cluster,
  request: ResourceRequest,
  make: (present: KubeObject) => KubeObject,
): KubeObject {
  const { type, namespace, name } = request;
  const present = cluster.store.get(type.key, namespace, name);
  if (present === undefined) throw notFound(type, name);
  const wanted = make(structuredClone(present));
  if (typeof wanted?.metadata !== "object") throw badRequest("the patch leaves no object");
  const version = wanted.metadata.resourceVersion;
  if (version !== undefined && version !== "" && version !== present.metadata.resourceVersion)
    throw conflict(type, name);
  if (wanted.metadata.name !== undefined && wanted.metadata.name !== name) {
    throw badRequest(
      `the name of the object (${wanted.metadata.name}) does not match the name on the URL (${name})`,
    );
  }
  if (wanted.metadata.uid !== undefined && wanted.metadata.uid !== present.metadata.uid) {
    throw preconditionFailed(
      type,
      name,
      `UID in precondition: ${wanted.metadata.uid}, UID in object meta: ${present.metadata.uid}`,
    );
  }
  const { labels, annotations, ownerReferences, finalizers } = wanted.metadata;
  const next: KubeObject = {
    ...wanted,
    apiVersion: present.apiVersion,
    kind: present.kind,
    metadata: {
      ...present.metadata,
      ...pick({ labels, annotations, ownerReferences, finalizers }),
    },
    ...(request.subresource === "status" ? { spec: present["spec"] } : { status: present["status"] }),
  };
  for (const field of ["labels", "annotations", "ownerReferences", "finalizers"] as const) {
    if (wanted.metadata[field] === undefined) delete next.metadata[field];
  }
  validate(type, next);
  validateChange(type, present, next);
  if (isDryRun(request)) return next;
  const write = {
    manager: managerOf(request),
    apply: request.contentType.startsWith("application/apply-patch+yaml"),
    ...(request.subresource === "status" ? { subresource: "status" as const } : {}),
  };
  return cluster.store.update(type.key, namespace, name, write, () => next);
}

function pick<T extends object>(fields: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: NonNullable<T[K]>;
  };
}

export function deleteObject(cluster: Cluster, request: ResourceRequest): KubeObject | object {
  const { type, namespace, name } = request;
  const present = cluster.store.get(type.key, namespace, name);
  if (present === undefined) throw notFound(type, name);
  const options = (request.body === "" ? {} : parseBody(request.body)) as {
    gracePeriodSeconds?: number;
    preconditions?: { uid?: string; resourceVersion?: string };
  };
  const { uid, resourceVersion } = options.preconditions ?? {};
  if (uid !== undefined && uid !== present.metadata.uid) {
    throw preconditionFailed(
      type,
      name,
      `UID in precondition: ${uid}, UID in object meta: ${present.metadata.uid}`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== present.metadata.resourceVersion) {
    throw preconditionFailed(
      type,
      name,
      `ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${present.metadata.resourceVersion}`,
    );
  }
  if (isDryRun(request)) return present;
  const grace = options.gracePeriodSeconds ?? Number(request.query.get("gracePeriodSeconds") ?? 30);
  if (type.kind === "Pod" && grace > 0) {
    return cluster.store.update(type.key, namespace, name, { manager: managerOf(request) }, (draft) => {
      draft.metadata.deletionTimestamp = kubeTime(new Date(cluster.now().getTime() + grace * 1000));
      draft.metadata.deletionGracePeriodSeconds = grace;
      return draft;
    });
  }
  cluster.store.remove(type.key, namespace, name);
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: {
      name,
      ...(type.group === "" ? {} : { group: type.group }),
      kind: type.plural,
      uid: present.metadata.uid,
    },
  };
}

function parseObject(request: ResourceRequest): NewObject {
  const object = parseBody(request.body) as NewObject | null;
  if (typeof object !== "object" || object === null)
    throw badRequest("the body of the request is not an object");
  const { type } = request;
  if (
    (object.kind ?? type.kind) !== type.kind ||
    (object.apiVersion ?? type.apiVersion) !== type.apiVersion
  ) {
    throw badRequest(
      `${type.kind} in version "${type.version}" cannot be handled as a ${object.kind}: no kind "${object.kind}" is registered for this path`,
    );
  }
  return { ...object, apiVersion: type.apiVersion, kind: type.kind, metadata: { ...object.metadata } };
}

/** YAML or JSON; throws `StatusError` for neither. */
export function parseBody(body: string): unknown {
  try {
    // YAML covers JSON, and apply patches come as either.
    return body.trimStart().startsWith("{") || body.trimStart().startsWith("[")
      ? JSON.parse(body)
      : parseYaml(body);
  } catch (error) {
    throw badRequest(`error decoding the body: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function isDryRun(request: ResourceRequest): boolean {
  return request.query.get("dryRun") === "All";
}

export function unsupported(request: ResourceRequest): never {
  throw methodNotAllowed(
    `the server does not allow this method on the requested resource (${request.method} ${request.type.key})`,
  );
}
