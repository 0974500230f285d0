import type { ProcessFacts, ProviderFailure, Sdk } from "./application.ts";
import { agentBody } from "./credentials.ts";
import { operationName, serviceNames } from "./services.ts";

function line(
  process: ProcessFacts,
  level: string,
  message: string,
  fields: Record<string, unknown> = {},
): string {
  return JSON.stringify({ time: process.at.toISOString(), level, msg: message, ...fields });
}

const tokenFile = "/var/run/secrets/eks.amazonaws.com/serviceaccount/token";

function credentialError(failures: readonly ProviderFailure[]): string {
  const failure = failures.at(-1);
  const prefix = "get identity: get credentials: failed to refresh cached credentials, ";
  if (failure?.provider === "settings") {
    return failure.reason === "profile-missing"
      ? `failed to get shared config profile, ${failure.detail}`
      : "failed to resolve service endpoint, endpoint rule error, Invalid Configuration: Missing Region";
  }
  if (failure?.reason === "unreachable" && failure.provider === "web-identity") {
    return `${prefix}failed to retrieve credentials, operation error STS: AssumeRoleWithWebIdentity, exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , request send failed, Post "${failure.detail}/": dial tcp: lookup ${failure.detail?.replace("https://", "")}: i/o timeout`;
  }
  if (failure?.reason === "token-file-denied") {
    return `${prefix}failed to retrieve jwt from provide source, unable to read file at ${tokenFile}: open ${tokenFile}: permission denied`;
  }
  if (failure?.provider === "web-identity") {
    return failure.refusal === null
      ? `${prefix}failed to retrieve jwt from provide source, unable to read file at /var/run/secrets/eks.amazonaws.com/serviceaccount/token: open /var/run/secrets/eks.amazonaws.com/serviceaccount/token: no such file or directory`
      : `${prefix}failed to retrieve credentials, operation error STS: AssumeRoleWithWebIdentity, https response error StatusCode: ${failure.refusal.status}, RequestID: ${failure.refusal.requestId}, api error ${failure.refusal.code}: ${failure.refusal.message}`;
  }
  if (failure?.reason === "address-refused") {
    return 'invalid endpoint host, "169.254.170.23", only loopback hosts are allowed';
  }
  if (failure?.reason === "no-role") {
    return `${prefix}no EC2 IMDS role found, operation error ec2imds: GetMetadata, http response error StatusCode: 404, request to EC2 IMDS failed`;
  }
  if (failure?.provider === "container") {
    return failure.refusal === null
      ? `${prefix}failed to load credentials, exceeded maximum number of attempts, 3, request send failed, Get "http://169.254.170.23/v1/credentials": dial tcp 169.254.170.23:80: i/o timeout`
      : `${prefix}failed to load credentials, exceeded maximum number of attempts, 3, : ${agentBody(failure.refusal)}`;
  }
  return `${prefix}no EC2 IMDS role found, operation error ec2imds: GetMetadata, canceled, context deadline exceeded`;
}

/** A Go service with the AWS SDK for Go v2, logging JSON through log/slog. */
export const goV2: Sdk = {
  userAgent: "aws-sdk-go-v2/1.26.0 os/linux lang/go#1.22.1 md/GOOS#linux md/GOARCH#amd64",
  release: { present: "1.26.0", beforePodIdentity: "1.21.2", beforeIrsa: "0.29.0" },
  stopsAt: ["profile-missing"],
  proxiesAgent: true,
  sessionName: (at) => `${at.getTime()}000000`,
  chain: [
    ["web-identity", "stop"],
    ["container", "stop"],
    ["instance-metadata", "stop"],
  ],
  remembersProvider: false,
  log: {
    started: (process) => [
      line(process, "INFO", "starting", {
        service: process.application.name,
        version: "1.2.1",
        go: "go1.22.1",
      }),
      line(process, "INFO", "http server listening", { addr: ":8080" }),
    ],
    noise: (process) => [
      line(process, "INFO", "request", { method: "GET", path: "/health", status: 200, duration_ms: 1 }),
      line(process, "INFO", "request", {
        method: "GET",
        path: `/${process.application.name}/${process.random.hex(8)}`,
        remote: `10.42.102.${2 + process.random.int(250)}`,
      }),
    ],
    succeeded: (process, call) => [
      line(process, "INFO", "aws call", {
        operation: operationName(call.action),
        duration_ms: 10 + process.random.int(60),
      }),
    ],
    denied: (process, call, refusal) => [
      line(process, "ERROR", "aws call failed", {
        error: `operation error ${serviceNames(call.action).go}: ${operationName(call.action)}, https response error StatusCode: ${refusal.status}, RequestID: ${refusal.requestId}, api error ${refusal.code}: ${refusal.message}`,
      }),
    ],
    withoutCredentials: (process, call, failures) => [
      line(process, "ERROR", "aws call failed", {
        error: `operation error ${serviceNames(call.action).go}: ${operationName(call.action)}, ${credentialError(failures)}`,
      }),
    ],
  },
};
