import { createServer, type IncomingMessage, type ServerResponse, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { meantFor } from "../../sandbox/account/server.ts";
import { awsError, faultError } from "../../sandbox/account/wire/service.ts";
import { parsePath, verbOf } from "../../sandbox/cluster/api/request.ts";

/** How a call goes wrong on its way. */
export const faults = [
  "denied",
  "throttled",
  "server-error",
  "unauthenticated",
  "hang",
  "reset",
  "malformed",
  "truncated",
  "wrong-types",
  "nulls",
  "empty-object",
  "web-page",
  "missing-page",
] as const;
export type Fault = (typeof faults)[number];

/** The operation that goes wrong, as the budget of calls spells it, and how. */
export interface Planted {
  readonly operation: string;
  readonly fault: Fault;
  /** How often it was met. */
  met: number;
}

interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the other side would say of itself: the operation of a request, and its refusals in its own words. */
interface Protocol {
  operationOf(incoming: IncomingMessage, body: string): string;
  refuse(
    incoming: IncomingMessage,
    body: string,
    fault: "denied" | "throttled" | "server-error" | "unauthenticated",
  ): Refusal;
}

export const kubernetesProtocol: Protocol = {
  operationOf({ method = "GET", url = "/" }) {
    const { pathname, searchParams } = new URL(url, "http://localhost");
    const path = parsePath(pathname);
    // Discovery: the documents of a group.
    if (path === null) return `get ${pathname}`;
    const resource = path.subresource === "" ? path.plural : `${path.plural}/${path.subresource}`;
    const verb = verbOf(method, path.name, searchParams);
    return `${verb} ${path.group === "" ? path.plural : `${path.plural}.${path.group}`}${resource.slice(path.plural.length)}`;
  },
  refuse(_incoming, _body, fault) {
    const [code, reason] = (
      {
        denied: [403, "Forbidden"],
        throttled: [429, "TooManyRequests"],
        "server-error": [500, "InternalError"],
        unauthenticated: [401, "Unauthorized"],
      } as const
    )[fault];
    const body = { kind: "Status", apiVersion: "v1", status: "Failure", message: "planted", reason, code };
    return { status: code, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  },
};

export const awsProtocol: Protocol = {
  operationOf(incoming, body) {
    const meant = meantFor(wireRequest(incoming, body));
    return meant === null ? "" : `${meant.service.name}:${meant.operation}`;
  },
  refuse(incoming, body, fault) {
    const service = meantFor(wireRequest(incoming, body))?.service;
    if (service === undefined) throw new Error("no service");
    const error =
      fault === "denied"
        ? awsError(service.codes.accessDenied, "planted")
        : fault === "unauthenticated"
          ? awsError(service.codes.unknownKey, "planted")
          : faultError(service, fault);
    const answer = service.refuse(error, crypto.randomUUID());
    const headers = { "content-type": service.contentType, ...answer.headers };
    return { status: answer.status, headers, body: answer.body };
  },
};

function wireRequest(incoming: IncomingMessage, body: string) {
  const url = new URL(incoming.url ?? "/", "http://localhost");
  return { method: incoming.method ?? "GET", url, headers: incoming.headers, body, region: "" };
}

/** Stands before a server and lets one operation go wrong, as `planted` says at the time. */
export async function startFaultProxy(target: string, protocol: Protocol, planted: () => Planted | null) {
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => response.destroy());
  });

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(incoming);
    const plan = planted();
    const fault = plan?.operation === protocol.operationOf(incoming, body) ? plan.fault : null;
    if (plan !== null && fault !== null) plan.met += 1;
    switch (fault) {
      case "hang":
        return;
      case "reset":
        response.destroy();
        return;
      case "denied":
      case "throttled":
      case "server-error":
      case "unauthenticated": {
        const refusal = protocol.refuse(incoming, body, fault);
        response.writeHead(refusal.status, refusal.headers).end(refusal.body);
        return;
      }
      case "web-page":
        response
          .writeHead(200, { "content-type": "text/html" })
          .end("<html><body>Please log in</body></html>");
        return;
      case "missing-page":
        response.writeHead(404, { "content-type": "text/html" }).end("<html><body>404</body></html>");
        return;
      default:
        return forward(incoming, body, response, fault);
    }
  }

  async function forward(
    incoming: IncomingMessage,
    body: string,
    response: ServerResponse,
    fault: BodyFault | null,
  ) {
    const real = await new Promise<IncomingMessage>((resolve, reject) => {
      const { method = "GET", url = "/", headers } = incoming;
      const outgoing = send(new URL(url, target), { method, headers }, resolve).on("error", reject);
      outgoing.end(body);
    });
    const {
      "content-length": _length,
      "transfer-encoding": _coding,
      connection: _connection,
      ...headers
    } = real.headers;
    const type = headers["content-type"] ?? "application/json";
    const status = real.statusCode ?? 500;
    const whole = await text(real);
    if (fault === "truncated") {
      response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(whole) + 1 });
      response.write(whole.slice(0, Math.floor(whole.length / 2)), () => response.destroy());
      return;
    }
    response.writeHead(status, headers).end(fault === null ? whole : spoilt(whole, type, fault));
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

type BodyFault = "malformed" | "truncated" | "wrong-types" | "nulls" | "empty-object";

/** The same answer with something wrong in it. */
function spoilt(whole: string, type: string, fault: Exclude<BodyFault, "truncated">): string {
  const xml = type.includes("xml");
  const root = /<(\w+)/.exec(whole)?.[1] ?? "Answer";
  switch (fault) {
    case "malformed":
      return xml ? "<half><an" : '{"half": ';
    case "empty-object":
      return xml ? `<${root}/>` : "{}";
    case "nulls":
      return xml ? whole.replace(/>[^<>]+</g, "><") : JSON.stringify(leaves(JSON.parse(whole), () => null));
    case "wrong-types":
      return xml
        ? whole.replace(/>[^<>]+</g, "><odd><odd/></odd><")
        : JSON.stringify(leaves(JSON.parse(whole), (leaf) => (typeof leaf === "string" ? 7 : "odd")));
  }
}

function leaves(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => leaves(one, change));
  if (typeof value !== "object" || value === null) return change(value);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, leaves(one, change)]));
}
