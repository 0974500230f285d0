import { describe, expect, it } from "vitest";
import { createAgentLogScanner, ofAgentItself } from "../../../src/core/logs/agent-log.ts";

const podIp = "10.42.133.12";
const requestId = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";

function agentLine(msg: string, patch: Readonly<Record<string, string | undefined>> = {}): string {
  return JSON.stringify({
    "client-addr": `${podIp}:40112`,
    "cluster-name": "eks-workshop",
    level: "error",
    msg,
    operation: "AssumeRoleForPodIdentity",
    time: "2026-01-02T03:04:05Z",
    ...patch,
  });
}

function scan(text: string, clients = [podIp]) {
  const scanner = createAgentLogScanner(new Set(clients));
  scanner.push(text);
  return scanner.end();
}

const fetching =
  "Error fetching credentials: error fetching credentials to cache: unable to fetch credentials from EKS Auth:";

describe("the agent's errors", () => {
  it.each([
    [
      "role-not-assumable",
      `${fetching} (AccessDeniedException): Unauthorized Exception! EKS does not have permissions to assume the associated role., fault: client`,
    ],
    [
      "node-role-denied",
      `${fetching} (AccessDeniedException): User: arn:aws:sts::111122223333:assumed-role/node/i-0a1b is not authorized to perform: eks-auth:AssumeRoleForPodIdentity on resource: arn:aws:eks:us-west-2:111122223333:cluster/c because no identity-based policy allows the eks-auth:AssumeRoleForPodIdentity action, fault: client`,
    ],
    ["not-found", `${fetching} (ResourceNotFoundException): No associations found., fault: client`],
    [
      "eks-auth-unreachable",
      "operation error EKS Auth: AssumeRoleForPodIdentity, https response error StatusCode: 0, RequestID: , request send failed, dial tcp: lookup eks-auth.us-west-2.api.aws: no such host",
    ],
    ["eks-auth-unreachable", "dial tcp 10.0.0.9:443: i/o timeout"],
    [
      "client-gave-up",
      "operation error EKS Auth: AssumeRoleForPodIdentity, https response error StatusCode: 0, RequestID: , canceled, context canceled",
    ],
    ["throttled", `${fetching} (ThrottlingException): Rate exceeded, fault: client`],
    ["token-empty", "Service account token cannot be empty"],
    [
      "token-malformed",
      "Service account token cannot be parsed: token is malformed: could not base64 decode header: illegal base64 data at input byte 6",
    ],
    ["token-expired", `${fetching} (ExpiredTokenException): Token expired, fault: client`],
    [
      "wrong-address",
      "Access Denied. Called agent through invalid address, please use either [169.254.170.23 fd00:ec2::23] address not agent.local",
    ],
    [
      "packed-policy-too-large",
      `${fetching} (InvalidRequestException): PackedPolicyTooLarge: Packed size of session tags consumes 105%`,
    ],
    ["other", "something new went wrong"],
  ])("recognises %s: %s", (kind, message) => {
    expect(scan(agentLine(message))).toMatchObject([{ kind, clientIp: podIp, count: 1 }]);
  });

  it.each([
    [
      "bind-ipv6",
      "Unable to start server: listen tcp [fd00:ec2::23]:80: bind: cannot assign requested address",
    ],
    ["bind-in-use", "Unable to start server: listen tcp 169.254.170.23:80: bind: address already in use"],
  ])("takes %s of the agent itself, whoever asked", (kind, msg) => {
    expect(scan(`2026-01-02T03:04:06.5Z ${JSON.stringify({ level: "fatal", msg })}\n`)).toEqual([
      expect.objectContaining({ kind, clientIp: null, firstSeen: "2026-01-02T03:04:06.500Z" }),
    ]);
  });

  it("groups by client and kind, with times, the newest request id and a short excerpt", () => {
    const text = [
      `2026-01-02T03:00:00Z ${agentLine(`[${requestId}]: ${fetching} (AccessDeniedException): Unauthorized Exception! ${"x".repeat(900)}`)}`,
      `2026-01-02T03:05:00Z ${agentLine(`${fetching} (AccessDeniedException): Unauthorized Exception!`)}`,
    ].join("\n");
    const [group, ...others] = scan(text);

    expect(others).toEqual([]);
    expect(group).toMatchObject({
      count: 2,
      firstSeen: "2026-01-02T03:00:00.000Z",
      lastSeen: "2026-01-02T03:05:00.000Z",
      requestId,
    });
    expect(group?.excerpt.length).toBeLessThanOrEqual(301);
  });

  it("knows a pod by its address, also by IPv6, and passes over other pods", () => {
    const text = [
      agentLine("Service account token cannot be empty", { "client-addr": "[fd00::7]:40112" }),
      agentLine("Service account token cannot be empty", { "client-addr": "10.42.133.13:40112" }),
    ].join("\n");

    expect(scan(text, ["fd00::7"])).toMatchObject([{ clientIp: "fd00::7", count: 1 }]);
  });

  it("takes no housekeeping for an error, and survives what is no JSON, in pieces of any size", () => {
    const text = [
      agentLine("Removing credentials from cache, got non recoverable error: ExpiredTokenException", {
        level: "info",
      }),
      "Starting server",
      '{"level":"error","msg":',
      `{"level":"error","msg":42}`,
      agentLine("token is malformed"),
      "",
    ].join("\n");
    const scanner = createAgentLogScanner(new Set([podIp]));
    for (const character of text) scanner.push(character);

    expect(scanner.end()).toMatchObject([{ kind: "token-malformed", count: 1 }]);
  });

  it("keeps no token", () => {
    const token = ["eyJhbGciOiJSUzI1NiJ9", "eyJzdWIiOiJzeXN0ZW0ifQ", "c2lnbmF0dXJl"].join(".");

    expect(scan(agentLine(`Service account token cannot be parsed: ${token}`))[0]?.excerpt).not.toContain(
      token,
    );
  });
});

describe("what the agent says of itself", () => {
  it("is every line that names no client, in pieces of any size", () => {
    const own = [agentLine("bind: address already in use", { "client-addr": undefined }), "Starting server"];
    const text = [own[0], agentLine("(AccessDeniedException)"), own[1]].join("\n");
    for (const size of [1, 7, text.length]) {
      let kept = "";
      const log = ofAgentItself((chunk) => {
        kept += chunk;
      });
      for (let at = 0; at < text.length; at += size) log.push(text.slice(at, at + size));
      log.end();
      expect(kept).toBe(own.join("\n"));
    }
  });
});
