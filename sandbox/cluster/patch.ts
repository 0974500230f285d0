import { badRequest, unprocessable } from "./status.ts";

type Json = unknown;
type JsonObject = Record<string, Json>;

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** RFC 7396. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value?: Json;
  readonly from?: string;
}

/** RFC 6902; a failed `test` or a path that is not there refuses the whole patch. */
export function jsonPatch(target: Json, operations: Json): Json {
  if (!Array.isArray(operations)) {
    throw badRequest(
      "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch",
    );
  }
  let document: Json = structuredClone(target);
  for (const operation of operations as Operation[]) {
    document = applyOperation(document, operation);
  }
  return document;
}

function applyOperation(document: Json, operation: Operation): Json {
  switch (operation.op) {
    case "add":
      return write(document, operation.path, operation.value, "add");
    case "replace":
      read(document, operation.path, operation.op);
      return write(document, operation.path, operation.value, "replace");
    case "remove":
      read(document, operation.path, operation.op);
      return write(document, operation.path, undefined, "remove");
    case "test":
      if (JSON.stringify(read(document, operation.path, "test")) !== JSON.stringify(operation.value)) {
        throw unprocessable(`testing path ${operation.path}: test failed`);
      }
      return document;
    case "copy":
      return write(
        document,
        operation.path,
        structuredClone(read(document, operation.from ?? "", "copy")),
        "add",
      );
    case "move": {
      const value = read(document, operation.from ?? "", "move");
      return write(write(document, operation.from ?? "", undefined, "remove"), operation.path, value, "add");
    }
    default:
      throw badRequest(`Unexpected kind: ${operation.op}`);
  }
}

function tokens(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function read(document: Json, pointer: string, op: string): Json {
  let value = document;
  for (const token of tokens(pointer)) {
    const container = value as JsonObject;
    if (typeof value !== "object" || value === null || !Object.hasOwn(container, token)) {
      throw unprocessable(`${op} operation does not apply: doc is missing path: ${pointer}`);
    }
    value = container[token];
  }
  return value;
}

function write(document: Json, pointer: string, value: Json, mode: "add" | "replace" | "remove"): Json {
  const path = tokens(pointer);
  const last = path.pop();
  if (last === undefined) return value;
  const parent = read(document, path.length === 0 ? "" : `/${path.map(escapeToken).join("/")}`, mode);
  if (Array.isArray(parent)) {
    const index = last === "-" ? parent.length : Number(last);
    if (!Number.isInteger(index) || index < 0 || index > parent.length) {
      throw unprocessable(`${mode} operation does not apply: invalid array index ${last}`);
    }
    if (mode === "remove") parent.splice(index, 1);
    else parent.splice(index, mode === "replace" ? 1 : 0, value);
  } else if (isObject(parent)) {
    if (mode === "remove") delete parent[last];
    else parent[last] = value;
  } else {
    throw unprocessable(`${mode} operation does not apply: doc is missing path: ${pointer}`);
  }
  return document;
}

function escapeToken(token: string): string {
  return token.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** By which field the entries of a list are told apart; lists that are not here are replaced whole. */
const mergeKeys: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  ephemeralContainers: "name",
  env: "name",
  volumes: "name",
  volumeMounts: "mountPath",
  ports: "containerPort",
  imagePullSecrets: "name",
  secrets: "name",
  webhooks: "name",
  conditions: "type",
  ownerReferences: "uid",
  hostAliases: "ip",
};

/**
 * Kubernetes' own patch: maps are merged, lists by their merge key, `$patch: delete | replace` and `null` remove.
 * https://github.com/kubernetes/community/blob/main/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */
export function strategicMergePatch(target: Json, patch: Json, field = ""): Json {
  if (Array.isArray(patch)) return mergeLists(Array.isArray(target) ? target : [], patch, field);
  if (!isObject(patch)) return patch;
  if (patch["$patch"] === "replace") {
    const { $patch: _, ...rest } = patch;
    return rest;
  }
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith("$setElementOrder/") || key === "$retainKeys") continue;
    if (key.startsWith("$deleteFromPrimitiveList/")) {
      const name = key.slice("$deleteFromPrimitiveList/".length);
      const remove = Array.isArray(value) ? value : [];
      const present = result[name];
      if (Array.isArray(present)) result[name] = present.filter((entry) => !remove.includes(entry));
    } else if (value === null) delete result[key];
    else result[key] = strategicMergePatch(result[key], value, key);
  }
  return result;
}

function mergeLists(target: readonly Json[], patch: readonly Json[], field: string): Json[] {
  const key = mergeKeys[field];
  if (patch.some((entry) => isObject(entry) && entry["$patch"] === "replace")) {
    return patch.filter((entry) => !(isObject(entry) && entry["$patch"] === "replace"));
  }
  if (field === "finalizers") return [...new Set([...target, ...patch])];
  if (key === undefined || !patch.every((entry) => isObject(entry) && key in entry)) return [...patch];

  const result = [...target];
  for (const entry of patch as JsonObject[]) {
    const at = result.findIndex((present) => isObject(present) && present[key] === entry[key]);
    if (entry["$patch"] === "delete") {
      if (at >= 0) result.splice(at, 1);
    } else if (at >= 0) result[at] = strategicMergePatch(result[at], entry, field);
    else result.push(strategicMergePatch({}, entry, field));
  }
  return result;
}
