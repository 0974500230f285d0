import { findResource, type ResourceType } from "../resources.ts";
import { badRequest } from "../status.ts";

/** A request for objects of one resource, taken apart. */
export interface ResourceRequest {
  readonly method: string;
  readonly type: ResourceType;
  /** Empty: of all namespaces, or a resource without. */
  readonly namespace: string;
  /** Empty: a collection. */
  readonly name: string;
  readonly subresource: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly userAgent: string;
  readonly body: string;
}

export interface ParsedPath {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

/** `/api/v1/…` and `/apis/<group>/<version>/…`; null: no path of a resource. */
export function parsePath(pathname: string): ParsedPath | null {
  const parts = pathname
    .split("/")
    .filter((part) => part !== "")
    .map(decodeURIComponent);
  const root = parts.shift();
  const group = root === "apis" ? parts.shift() : root === "api" ? "" : undefined;
  const version = parts.shift();
  if (group === undefined || version === undefined || parts.length === 0) return null;
  let namespace = "";
  if (parts[0] === "namespaces" && parts.length > 2 && !(parts.length === 3 && parts[2] === "status")) {
    namespace = parts[1] ?? "";
    parts.splice(0, 2);
  }
  const [plural = "", name = "", subresource = "", ...rest] = parts;
  return rest.length > 0 ? null : { group, version, plural, namespace, name, subresource };
}

export function resourceOf(path: ParsedPath): ResourceType | undefined {
  return findResource(path.group, path.version, path.plural);
}

const verbs: Readonly<Record<string, readonly [object: string, collection: string]>> = {
  GET: ["get", "list"],
  POST: ["create", "create"],
  PUT: ["update", "update"],
  PATCH: ["patch", "patch"],
  DELETE: ["delete", "deletecollection"],
};

/** As RBAC names what is being done. */
export function verbOf(method: string, name: string, query: URLSearchParams): string {
  const watches = query.get("watch") === "true" || query.get("watch") === "1";
  if (method === "GET" && watches) return "watch";
  const pair = verbs[method];
  return pair === undefined ? method.toLowerCase() : pair[name === "" ? 1 : 0];
}

export function positiveInt(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`);
  return value;
}

/** Who writes, for `metadata.managedFields`: the query says it, else the program's name. */
export function managerOf(request: ResourceRequest): string {
  return request.query.get("fieldManager") || request.userAgent.split("/")[0] || "unknown";
}
