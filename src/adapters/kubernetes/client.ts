import { IsomorphicFetchHttpLibrary, type KubeConfig, RequestContext } from "@kubernetes/client-node";
import type { z } from "zod";
import { unmetered } from "../../app/call-budget.ts";
import type { CallMeter } from "../../app/ports.ts";
import { failedAnswer, failedCall, malformed, type Outcome, parseJson } from "./outcome.ts";
import { pathFor, permissionFor, type Resource, resources } from "./resources.ts";
import { listSchema, resourceListSchema } from "./schemas.ts";

/** Reads and changes objects of one cluster. No call throws: whatever goes wrong is an `Outcome`. */
export interface KubernetesClient {
  /** One object; `namespace: null` for a resource of the cluster. */
  get<T>(
    resource: Resource,
    namespace: string | null,
    name: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<Outcome<T>>;
  /** The objects of a namespace, or of all (`null`), page by page. */
  list<T>(
    resource: Resource,
    namespace: string | null,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    options?: ListOptions,
  ): Promise<Outcome<Listed<T>>>;
  /** How the API server serves a kind, by its discovery documents; `missing`: it does not. */
  discover(
    apiVersion: string,
    kind: string,
    signal: AbortSignal,
  ): Promise<Outcome<Resource & { readonly namespaced: boolean }>>;
  /** Strategic merge patch; a 409 comes back as a failure with `status: 409`. */
  patch<T>(
    resource: Resource,
    namespace: string,
    name: string,
    body: unknown,
    schema: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<Outcome<T>>;
  /** Deletes the object of this uid and no other; a 409 comes back as a failure with `status: 409`. */
  remove<T>(
    resource: Resource,
    namespace: string,
    name: string,
    uid: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<Outcome<T>>;
  /** Asks the API server whether its caller may do this. */
  review<T>(
    attributes: Readonly<Record<string, string>>,
    schema: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<Outcome<T>>;
  /** The log of one container, handed over in pieces and never held. */
  streamLog(
    pod: { readonly namespace: string; readonly name: string },
    options: LogOptions,
    onText: (text: string) => void,
    signal: AbortSignal,
  ): Promise<Outcome<{ readonly bytes: number }>>;
}

interface ListOptions {
  readonly labelSelector?: string;
  /** Stop after this many objects; `complete` is then false where there are more. */
  readonly bound?: number;
}

interface Listed<T> {
  readonly items: readonly T[];
  readonly complete: boolean;
}

interface LogOptions {
  readonly container: string;
  readonly previous: boolean;
  readonly sinceSeconds: number;
  readonly limitBytes: number;
  readonly tailLines: number;
}

const pageSize = 500;

/** The name under which the API server records what eksiam writes. */
const fieldManager = "eksiam";

/**
 * Talks to the API server through the connection of a kubeconfig (TLS, proxies, tokens, exec plug-ins are the
 * library's), but parses the answers itself, so that only fields that are used can make an answer malformed.
 * @param meter counts every request, each page of a list too; the same read is made once for one question.
 */
export function createRestClient(kubeConfig: KubeConfig, meter: CallMeter = unmetered): KubernetesClient {
  const send = createSender(kubeConfig);

  async function ask(request: Request, permission: string) {
    meter.take("kubernetes", permission);
    return send(request);
  }

  async function answerTo(request: Request, permission: string) {
    const asked = async () => {
      const response = await ask(request, permission);
      return { status: response.httpStatusCode, text: await response.body.text() };
    };
    const { method, path, query } = request;
    return method === "GET"
      ? meter.once(`${serverOf(kubeConfig)}${path}?${new URLSearchParams(query)}`, asked)
      : asked();
  }

  async function readText<T>(
    request: Request,
    permission: string,
    schema: z.ZodType<T>,
  ): Promise<Outcome<T>> {
    try {
      const { status, text } = await answerTo(request, permission);
      if (status !== 200 && status !== 201) return failedAnswer(status, text, permission);
      const parsed = parseJson(text, schema);
      return parsed.ok ? { type: "ok", value: parsed.value } : malformed(parsed.what);
    } catch (error) {
      return failedCall(error, request.signal);
    }
  }

  return {
    get: (resource, namespace, name, schema, signal) =>
      readText(
        { method: "GET", path: pathFor(resource, namespace, name), query: {}, signal },
        permissionFor("get", resource),
        schema,
      ),

    async list<T>(
      resource: Resource,
      namespace: string | null,
      schema: z.ZodType<T>,
      signal: AbortSignal,
      options: ListOptions = {},
    ): Promise<Outcome<Listed<T>>> {
      const bound = options.bound ?? Number.POSITIVE_INFINITY;
      const items: T[] = [];
      let next: string | null = null;
      do {
        const page: Outcome<{ items: T[]; next: string | null }> = await readText(
          {
            method: "GET",
            path: pathFor(resource, namespace),
            query: {
              limit: String(Math.min(pageSize, bound - items.length)),
              ...(next === null ? {} : { continue: next }),
              ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
            },
            signal,
          },
          permissionFor("list", resource),
          listSchema(schema),
        );
        if (page.type !== "ok") return page;
        items.push(...page.value.items);
        next = page.value.next;
      } while (next !== null && items.length < bound);
      return { type: "ok", value: { items, complete: next === null } };
    },

    async discover(apiVersion, kind, signal) {
      const path = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
      const served = await readText(
        { method: "GET", path, query: {}, signal },
        `get ${path}`,
        resourceListSchema,
      );
      if (served.type !== "ok") return served;
      const [version = "", group = ""] = apiVersion.split("/").reverse();
      const found = served.value.resources.find((one) => one.kind === kind && !one.name.includes("/"));
      if (found === undefined) return { type: "missing" };
      return { type: "ok", value: { group, version, plural: found.name, namespaced: found.namespaced } };
    },

    patch: (resource, namespace, name, body, schema, signal) =>
      readText(
        {
          method: "PATCH",
          path: pathFor(resource, namespace, name),
          query: { fieldManager },
          body: JSON.stringify(body),
          signal,
        },
        permissionFor("patch", resource),
        schema,
      ),

    remove: (resource, namespace, name, uid, schema, signal) =>
      readText(
        {
          method: "DELETE",
          path: pathFor(resource, namespace, name),
          query: {},
          body: JSON.stringify({ apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } }),
          signal,
        },
        permissionFor("delete", resource),
        schema,
      ),

    review: (resourceAttributes, schema, signal) =>
      readText(
        {
          method: "POST",
          path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
          query: {},
          body: JSON.stringify({
            apiVersion: "authorization.k8s.io/v1",
            kind: "SelfSubjectAccessReview",
            spec: { resourceAttributes },
          }),
          signal,
        },
        "create selfsubjectaccessreviews.authorization.k8s.io",
        schema,
      ),

    async streamLog(pod, options, onText, signal) {
      const request: Request = {
        method: "GET",
        path: pathFor(resources.pods, pod.namespace, pod.name, "log"),
        query: {
          container: options.container,
          timestamps: "true",
          sinceSeconds: String(options.sinceSeconds),
          limitBytes: String(options.limitBytes),
          tailLines: String(options.tailLines),
          ...(options.previous ? { previous: "true" } : {}),
        },
        signal,
      };
      const permission = permissionFor("get", resources.pods, "log");
      try {
        const response = await ask(request, permission);
        if (response.httpStatusCode !== 200) {
          return failedAnswer(response.httpStatusCode, await response.body.text(), permission);
        }
        // A log is any text, but a page is of some proxy on the way.
        const type = Object.entries(response.headers).find(([name]) => name.toLowerCase() === "content-type");
        if (type?.[1].startsWith("text/html")) return malformed("a web page");
        return { type: "ok", value: { bytes: await readStream(response.body.stream(), onText) } };
      } catch (error) {
        return failedCall(error, signal);
      }
    },
  };
}

interface Request {
  readonly method: "GET" | "PATCH" | "DELETE" | "POST";
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** How long one connection pool is kept: long enough to be of use, short enough that rotated certificates are seen. */
const poolLifetimeMs = 5 * 60_000;

/** The address of the API server, without a slash at its end. */
function serverOf(kubeConfig: KubeConfig): string {
  return (kubeConfig.getCurrentCluster()?.server ?? "").replace(/(?<!\/)\/+$/, "");
}

function createSender(kubeConfig: KubeConfig) {
  const http = new IsomorphicFetchHttpLibrary();
  let pool: {
    readonly dispatcher: ReturnType<RequestContext["getDispatcher"]>;
    readonly until: number;
  } | null = null;

  return async function send(request: Request) {
    request.signal.throwIfAborted();
    const url = new URL(`${serverOf(kubeConfig)}${request.path}`);
    for (const [name, value] of Object.entries(request.query)) url.searchParams.set(name, value);
    const context = new RequestContext(url.toString(), request.method);
    await kubeConfig.applySecurityAuthentication(context);
    // The library makes a new connection pool for every request; one for all of them saves a TLS handshake each.
    if (pool === null || pool.until < performance.now()) {
      pool = { dispatcher: context.getDispatcher(), until: performance.now() + poolLifetimeMs };
    } else if (pool.dispatcher !== undefined) {
      context.setDispatcher(pool.dispatcher);
    }
    context.setHeaderParam("Accept", "application/json, */*");
    context.setHeaderParam("User-Agent", "eksiam");
    context.setSignal(request.signal);
    if (request.body !== undefined) {
      const format = request.method === "PATCH" ? "strategic-merge-patch+json" : "json";
      context.setHeaderParam("Content-Type", `application/${format}`);
      context.setBody(request.body);
    }
    return http.send(context).toPromise();
  };
}

async function readStream(
  stream: ReadableStream<Uint8Array> | null,
  onText: (text: string) => void,
): Promise<number> {
  if (stream === null) return 0;
  const decoder = new TextDecoder();
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    onText(decoder.decode(chunk, { stream: true }));
  }
  onText(decoder.decode());
  return bytes;
}
