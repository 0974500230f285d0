import type { AgentErrorGroup, AgentErrorKind } from "../facts/agent-logs.ts";
import type { JsonValue } from "../json.ts";
import { redact } from "../redact.ts";

/** An error of an agent's log, before it is known whose log it was. */
export type ScannedAgentError = Omit<AgentErrorGroup, "agentPod" | "nodeName">;

interface AgentLogScanner {
  push(chunk: string): void;
  end(): readonly ScannedAgentError[];
}

const maxLine = 16_384;
const excerptLength = 300;

/** The first that a message shows is what it is about. */
const signs: readonly (readonly [AgentErrorKind, RegExp])[] = [
  ["node-role-denied", /not authorized to perform: eks-auth:AssumeRoleForPodIdentity/i],
  ["packed-policy-too-large", /PackedPolicyTooLarge|packed (?:policy )?size|policy size exceeded/i],
  ["role-not-assumable", /Unauthorized Exception!|does not have permissions to assume the associated role/i],
  ["bind-in-use", /address already in use/i],
  ["bind-ipv6", /cannot assign requested address/i],
  ["wrong-address", /Called agent through invalid address/i],
  ["token-empty", /Service account token cannot be empty/i],
  [
    "token-malformed",
    /Service account token cannot be parsed|token is malformed|failed basic claim validations|InvalidTokenException/i,
  ],
  ["token-expired", /ExpiredTokenException|token (?:is |has )?expired/i],
  ["throttled", /ThrottlingException|Too Many Requests|rate exceeded/i],
  ["not-found", /ResourceNotFoundException/i],
  ["client-gave-up", /context canceled/i],
  [
    "eks-auth-unreachable",
    /no such host|i\/o timeout|context deadline exceeded|connection refused|network is unreachable|TLS handshake timeout|Client\.Timeout/i,
  ],
];

/**
 * Reads an agent's log in pieces: one JSON object a line, before it the API server's time. Keeps errors of the
 * clients with these addresses and those that name no client. Credentials that leave the cache because their pod is
 * gone are written at level `info` and are no errors.
 */
export function createAgentLogScanner(clients: ReadonlySet<string>): AgentLogScanner {
  const groups = new Map<string, ScannedAgentError>();
  let partial = "";

  function line(text: string): void {
    const start = text.indexOf("{");
    if (start < 0 || !/"level":\s?"(?:error|fatal|panic|warning)"/.test(text)) return;
    const entry = parse(text.slice(start));
    const message = textOf(entry, "msg");
    if (entry === null || message === null) return;
    const clientIp = withoutPort(textOf(entry, "client-addr"));
    if (clientIp !== null && !clients.has(clientIp)) return;
    const detail = [message, textOf(entry, "error")].filter((part) => part !== null).join(": ");
    const kind = signs.find(([, sign]) => sign.test(detail))?.[0] ?? "other";
    // A warning that is no known fault is the agent's own business.
    if (kind === "other" && textOf(entry, "level") === "warning") return;
    const at = timeOf(text.slice(0, start).trim()) ?? timeOf(textOf(entry, "time") ?? "");
    const key = `${kind} ${clientIp ?? ""}`;
    const before = groups.get(key);
    groups.set(key, {
      kind,
      clientIp,
      count: (before?.count ?? 0) + 1,
      firstSeen: before?.firstSeen ?? at,
      lastSeen: at ?? before?.lastSeen ?? null,
      requestId: requestIdIn(detail) ?? before?.requestId ?? null,
      excerpt: before?.excerpt ?? excerptOf(detail),
    });
  }

  return {
    push(chunk) {
      const pieces = (partial + chunk).split("\n");
      partial = (pieces.pop() ?? "").slice(0, maxLine);
      for (const piece of pieces) line(piece.slice(0, maxLine));
    },
    end() {
      if (partial !== "") line(partial);
      partial = "";
      return [...groups.values()];
    },
  };
}

type JsonObject = { readonly [key: string]: JsonValue };

function parse(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : null;
  } catch {
    return null;
  }
}

function textOf(entry: JsonObject | null, key: string): string | null {
  const value = entry?.[key];
  return typeof value === "string" ? value : null;
}

/** `10.42.1.7:40112`, `[fd00::7]:40112` */
function withoutPort(address: string | null): string | null {
  if (address === null || address === "") return null;
  return address.replace(/:\d{1,5}$/, "").replace(/^\[|\]$/g, "");
}

function timeOf(text: string): string | null {
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

function requestIdIn(text: string): string | null {
  return (
    /(?:RequestID: ?|request id:? ?|\[)([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/i.exec(
      text,
    )?.[1] ?? null
  );
}

function excerptOf(text: string): string {
  const plain = redact(text).replace(/\s+/g, " ").trim();
  const cut = [...plain].slice(0, excerptLength).join("").toWellFormed();
  return cut.length < plain.length ? `${cut}…` : cut;
}

/**
 * Of the log of an agent, what it says of itself: a line with `client-addr` is about the pod at that address, and is
 * told there. Hands on whole lines; `end` hands on the last one, where no line feed ends it.
 */
export function ofAgentItself(push: (chunk: string) => void): {
  push(chunk: string): void;
  end(): void;
} {
  let partial = "";
  const own = (line: string) => !line.includes('"client-addr"');
  return {
    push(chunk) {
      const pieces = (partial + chunk).split("\n");
      partial = pieces.pop() ?? "";
      const kept = pieces.filter(own);
      if (kept.length > 0) push(`${kept.join("\n")}\n`);
    },
    end() {
      if (own(partial)) push(partial);
      partial = "";
    },
  };
}
