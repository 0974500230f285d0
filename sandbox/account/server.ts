import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { ServedAccount } from "./create-account.ts";
import type { Caller } from "./model.ts";
import { cloudtrail } from "./wire/cloudtrail.ts";
import { eks } from "./wire/eks.ts";
import { iam } from "./wire/iam.ts";
import { type Answer, AwsError, type Service, type WireRequest } from "./wire/service.ts";
import { sts } from "./wire/sts.ts";

export interface AwsServer {
  readonly url: string;
  close(): Promise<void>;
}

const services: Readonly<Record<string, Service>> = { eks, iam, sts, cloudtrail };

/**
 * Serves accounts on loopback in AWS's own wire formats. Which service is meant, and who calls, is read from the
 * signature's credential scope: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
 */
export async function startAwsServer(
  account: ServedAccount | readonly ServedAccount[],
  { port = 0 }: { readonly port?: number } = {},
): Promise<AwsServer> {
  const accounts = "accountId" in account ? [account] : account;
  const server = createServer((request, response) => {
    serve(accounts, request, response).catch((error: unknown) => {
      response.writeHead(500).end(error instanceof Error ? error.message : "");
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const listening = typeof address === "object" && address !== null ? address.port : port;
  return {
    url: `http://127.0.0.1:${listening}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function serve(
  accounts: readonly ServedAccount[],
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(incoming);
  const scope = /Credential=([^/,\s]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request/.exec(
    incoming.headers.authorization ?? "",
  );
  const [, accessKeyId = "", region = "", serviceName = ""] = scope ?? [];
  const service = services[serviceName];
  if (service === undefined) {
    response
      .writeHead(403, { "content-type": "application/json" })
      .end('{"message":"Missing Authentication Token"}');
    return;
  }
  const owner = accounts.find((candidate) => candidate.caller(accessKeyId) !== undefined);
  const account = owner ?? accounts[0];
  if (account === undefined) throw new Error("The server has no account.");
  const url = new URL(incoming.url ?? "/", "http://localhost");
  const request: WireRequest = {
    method: incoming.method ?? "GET",
    url,
    headers: incoming.headers,
    body,
    region,
  };
  const operation = service.operationOf(request);
  const requestId = crypto.randomUUID();

  const fault = account.faults.take(`${serviceName}:${operation}`);
  if (fault === "hang") return;
  if (fault === "malformed") {
    const type = service.contentType;
    response.writeHead(200, { "content-type": type }).end(type.includes("xml") ? "<half><an" : '{"half": ');
    return;
  }
  let answer: Answer;
  try {
    if (fault === "throttled") throw new AwsError(400, "ThrottlingException", "Rate exceeded");
    if (fault === "server-error")
      throw new AwsError(500, "InternalFailure", "The request processing has failed.");
    answer = service.answer({
      account,
      caller: knownCaller(owner, accessKeyId, service),
      request,
      operation,
      requestId,
    });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    answer = service.refuse(error, requestId);
  }
  response
    .writeHead(answer.status, {
      "content-type": service.contentType,
      "x-amzn-requestid": requestId,
      ...answer.headers,
    })
    .end(answer.body);
}

function knownCaller(account: ServedAccount | undefined, accessKeyId: string, service: Service): Caller {
  const caller = account?.caller(accessKeyId);
  if (caller === undefined) {
    throw new AwsError(403, service.unknownKeyCode, "The security token included in the request is invalid.");
  }
  return caller;
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
