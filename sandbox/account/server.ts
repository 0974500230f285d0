import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { JsonValue } from "../../src/core/json.ts";
import type { ServedAccount } from "./create-account.ts";
import type { Principal } from "./principals.ts";
import { cloudtrail } from "./wire/cloudtrail.ts";
import { ec2 } from "./wire/ec2.ts";
import { eks } from "./wire/eks.ts";
import { iam } from "./wire/iam.ts";
import { kms } from "./wire/kms.ts";
import { logs } from "./wire/logs.ts";
import { organizations } from "./wire/organizations.ts";
import { s3 } from "./wire/s3.ts";
import { secretsmanager } from "./wire/secretsmanager.ts";
import {
  type Answer,
  AwsError,
  awsError,
  faultError,
  type Service,
  type WireRequest,
} from "./wire/service.ts";
import { type Credential, credentialOf, isSignedWith } from "./wire/signature.ts";
import { sns } from "./wire/sns.ts";
import { sqs } from "./wire/sqs.ts";
import { answerWebIdentity, isWebIdentityRequest, sts } from "./wire/sts.ts";

/** The service and operation that a signed request is meant for; null: none that is served. */
export function meantFor(
  request: WireRequest,
): { readonly service: Service; readonly operation: string } | null {
  const service = services[credentialOf(request.headers.authorization)?.service ?? ""];
  return service === undefined ? null : { service, operation: service.operationOf(request) };
}

export interface AwsServer {
  readonly url: string;
  close(): Promise<void>;
}

/** By the name that signatures carry. */
const services: Readonly<Record<string, Service>> = {
  cloudtrail,
  ec2,
  eks,
  iam,
  kms,
  logs,
  organizations,
  s3,
  secretsmanager,
  sns,
  sqs,
  sts,
};

const invalidToken = "The security token included in the request is invalid.";

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
      if (!response.headersSent) response.writeHead(500);
      response.end(error instanceof Error ? error.message : "");
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
  const credential = credentialOf(incoming.headers.authorization);
  const request: WireRequest = {
    method: incoming.method ?? "GET",
    url: new URL(incoming.url ?? "/", "http://localhost"),
    headers: incoming.headers,
    body: await readBody(incoming),
    region: credential?.region ?? accounts[0]?.region ?? "",
  };
  const anonymous = credential === null && isWebIdentityRequest(request);
  const service = anonymous ? sts : services[credential?.service ?? ""];
  const requestId = crypto.randomUUID();
  if (service === undefined) {
    response
      .writeHead(403, { "content-type": "application/json", "x-amzn-requestid": requestId })
      .end('{"message":"Missing Authentication Token"}');
    return;
  }
  const account = ownerOf(accounts, credential, request);
  const operation = service.operationOf(request);
  const fault = account.faults.take(`${service.name}:${operation}`);
  if (fault === "hang") return;
  if (fault === "malformed") {
    const type = service.contentType;
    response.writeHead(200, { "content-type": type }).end(type.includes("xml") ? "<half><an" : '{"half": ');
    return;
  }
  let answer: Answer;
  try {
    if (fault !== null) throw faultError(service, fault);
    answer = anonymous
      ? answerWebIdentity(account, request, requestId)
      : answerSigned(account, service, credential, request, operation, requestId);
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

/** Checks who calls, lets the service answer, and writes the call into the trail, refused or not. */
function answerSigned(
  account: ServedAccount,
  service: Service,
  credential: Credential | null,
  request: WireRequest,
  operation: string,
  requestId: string,
): Answer {
  const principal = principalOf(account, service, credential, request);
  const call = { account, principal, service, request, operation, requestId };
  try {
    const answer = service.answer(call);
    record(call, null, service.contentType.includes("json") ? (JSON.parse(answer.body) as JsonValue) : null);
    return answer;
  } catch (error) {
    if (error instanceof AwsError) record(call, error, null);
    throw error;
  }
}

function record(
  { account, principal, service, request, operation, requestId }: Parameters<Service["answer"]>[0],
  error: AwsError | null,
  answered: JsonValue,
): void {
  const facts = service.trailFacts(request, operation);
  const action = `${service.name}:${operation}`;
  if (facts === null || error?.code === service.codes.throttled.code) return;
  account.calls.record(
    principal,
    { action, resource: "*", userAgent: request.headers["user-agent"] ?? "" },
    {
      requestId,
      refusal:
        error === null
          ? null
          : { ok: false, status: error.status, code: error.code, message: error.message, requestId },
    },
    {
      region: request.region,
      ...facts,
      // Answers of read-only calls are not written.
      responseElements: account.calls.readOnly(action) ? null : answered,
    },
  );
}

/** The account of the access key; without a key that is known, the one that the request names, else the first. */
function ownerOf(
  accounts: readonly ServedAccount[],
  credential: Credential | null,
  request: WireRequest,
): ServedAccount {
  const named = /arn(?::|%3A)aws(?::|%3A)iam(?::|%3A){2}(\d{12})/.exec(request.body)?.[1];
  const account =
    accounts.find((one) => credential !== null && one.credentials(credential.accessKeyId) !== undefined) ??
    accounts.find((one) => credential === null && one.accountId === named) ??
    accounts[0];
  if (account === undefined) throw new Error("The server has no account.");
  return account;
}

function principalOf(
  account: ServedAccount,
  service: Service,
  credential: Credential | null,
  request: WireRequest,
): Principal {
  if (credential === null) throw awsError(service.codes.unsigned, "Request is missing Authentication Token");
  const known = account.credentials(credential.accessKeyId);
  const token = request.headers["x-amz-security-token"] ?? null;
  if (known === undefined || known.principal === null || known.sessionToken !== token) {
    throw awsError(service.codes.unknownKey, invalidToken);
  }
  if (known.expired) {
    throw new AwsError(403, "ExpiredToken", "The security token included in the request is expired");
  }
  if (!isSignedWith(known.secretAccessKey, credential, request)) {
    throw awsError(
      service.codes.badSignature,
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
    );
  }
  return known.principal;
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
