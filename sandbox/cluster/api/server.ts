import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Cluster } from "../cluster.ts";
import { isAllowed } from "../rbac.ts";
import {
  badRequest,
  forbidden,
  internalError,
  methodNotAllowed,
  noSuchPath,
  StatusError,
  tooManyRequests,
  unauthorized,
} from "../status.ts";
import { discovery } from "./discovery.ts";
import { listObjects, readLog, readObject } from "./read.ts";
import { parsePath, type ResourceRequest, resourceOf, verbOf } from "./request.ts";
import { evictPod, scaleObject } from "./subresources.ts";
import { createObject, deleteObject, patchObject, replaceObject, unsupported } from "./write.ts";

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

interface Answer {
  readonly code: number;
  readonly body: object | string;
}

const maxBodyBytes = 3 * 1024 * 1024;

/**
 * Serves a cluster's Kubernetes API on 127.0.0.1 over plain HTTP. `cluster` is asked at every request, so that a
 * sandbox can start over behind the same address.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
export async function startApiServer(
  cluster: () => Cluster,
  options: { readonly port?: number } = {},
): Promise<ApiServer> {
  const server = createServer((request, response) => {
    handle(cluster(), request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      const failed = error instanceof StatusError ? error : internalError(message);
      if (response.headersSent) response.destroy();
      else send(response, { code: failed.status.code, body: failed.status });
    });
  });
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve());
  });
}

async function handle(cluster: Cluster, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(incoming.url ?? "/", "http://cluster");
  const body = await readBody(incoming);
  if (["/healthz", "/readyz", "/livez"].includes(url.pathname))
    return send(response, { code: 200, body: "ok" });

  const token = /^Bearer (.+)$/.exec(incoming.headers.authorization ?? "")?.[1] ?? "";
  const identity = cluster.userOf(token);
  if (identity === undefined) throw unauthorized();

  const known = discovery(url.pathname);
  if (known !== null) return send(response, { code: 200, body: known });
  const path = parsePath(url.pathname);
  if (path === null) throw noSuchPath();
  const method = incoming.method ?? "GET";
  if (path.group === "authorization.k8s.io" && path.plural === "selfsubjectaccessreviews") {
    if (method !== "POST")
      throw methodNotAllowed("the server does not allow this method on the requested resource");
    return send(response, { code: 201, body: reviewAccess(cluster, token, body) });
  }

  const access = {
    verb: verbOf(method, path.name, url.searchParams),
    group: path.group,
    resource: path.plural,
    subresource: path.subresource,
    namespace: path.plural === "namespaces" ? path.name : path.namespace,
    name: path.name,
  };
  // The API server judges by the path alone, before it looks whether anything is there.
  if (!isAllowed(cluster.grantsOf(token), access)) throw forbidden(identity.user.name, access);

  const type = resourceOf(path);
  if (type === undefined || (path.subresource !== "" && !type.subresources.includes(path.subresource)))
    throw noSuchPath();
  const withSub = path.subresource === "" ? path.plural : `${path.plural}/${path.subresource}`;
  const fault = cluster.faults.take(`k8s:${access.verb}/${withSub}`);
  if (fault === "throttled") throw tooManyRequests();
  if (fault === "server-error") throw internalError("etcdserver: request timed out");
  if (fault === "hang") return;
  if (fault === "malformed")
    return send(response, { code: 200, body: '{"kind":"List","items":[{"meta' }, "application/json");
  if (access.verb === "watch") throw methodNotAllowed("watch is not served here; list again instead");

  const request: ResourceRequest = {
    method,
    type,
    namespace: path.namespace,
    name: path.name,
    subresource: path.subresource,
    query: url.searchParams,
    contentType: incoming.headers["content-type"] ?? "",
    userAgent: incoming.headers["user-agent"] ?? "",
    body,
  };
  send(response, answer(cluster, request));
}

function answer(cluster: Cluster, request: ResourceRequest): Answer {
  const { method, name, subresource } = request;
  if (subresource === "log") return { code: 200, body: readLog(cluster, request) };
  if (subresource === "scale") return { code: 200, body: scaleObject(cluster, request) };
  if (subresource === "eviction") return { code: 201, body: evictPod(cluster, request) };
  if (method === "GET") {
    return { code: 200, body: name === "" ? listObjects(cluster, request) : readObject(cluster, request) };
  }
  if (method === "POST" && name === "") return { code: 201, body: createObject(cluster, request) };
  if (method === "PUT" && name !== "") return { code: 200, body: replaceObject(cluster, request) };
  if (method === "PATCH" && name !== "") return { code: 200, body: patchObject(cluster, request) };
  if (method === "DELETE" && name !== "") return { code: 200, body: deleteObject(cluster, request) };
  return unsupported(request);
}

/** https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-access-review-v1/ */
function reviewAccess(cluster: Cluster, token: string, body: string): object {
  let review: { spec?: { resourceAttributes?: Record<string, string | undefined> } };
  try {
    review = JSON.parse(body) as typeof review;
  } catch {
    throw badRequest("the body of the request is not JSON");
  }
  const attributes = review.spec?.resourceAttributes ?? {};
  const allowed = isAllowed(cluster.grantsOf(token), {
    verb: attributes["verb"] ?? "",
    group: attributes["group"] ?? "",
    resource: attributes["resource"] ?? "",
    subresource: attributes["subresource"] ?? "",
    namespace: attributes["namespace"] ?? "",
    name: attributes["name"] ?? "",
  });
  return {
    kind: "SelfSubjectAccessReview",
    apiVersion: "authorization.k8s.io/v1",
    metadata: {},
    spec: review.spec ?? {},
    status: { allowed, ...(allowed ? { reason: "RBAC: allowed by a binding" } : {}) },
  };
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes)
      throw badRequest(`the body of the request is larger than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, { code, body }: Answer, contentType?: string): void {
  const text = typeof body === "string";
  const retryAfter = code === 429 ? { "retry-after": "1" } : {};
  response.writeHead(code, {
    "content-type": contentType ?? (text ? "text/plain" : "application/json"),
    ...retryAfter,
  });
  response.end(text ? body : JSON.stringify(body));
}
