import { z } from "zod";
import { CallBudgetSpent } from "../../app/call-budget.ts";
import type { Absent, Observation, Unavailable, UnavailableReason } from "../../core/evidence.ts";
import { redact } from "../../core/redact.ts";

/** Why a call gave no answer. */
export interface Failure {
  readonly reason: UnavailableReason;
  readonly permission?: string;
  /** Short and redacted; for people. */
  readonly detail: string;
  /** The HTTP status, where there was an answer. */
  readonly status: number | null;
}

/** What one call to the API server came to. `missing` is the API server's own word that the object is not there. */
export type Outcome<T> =
  | { readonly type: "ok"; readonly value: T }
  | { readonly type: "missing" }
  | { readonly type: "failed"; readonly failure: Failure };

const statusSchema = z.object({
  kind: z.literal("Status"),
  message: z.string().nullish(),
  reason: z.string().nullish(),
});

const detailLength = 200;

/** Makes a text from outside fit to be kept: one line, redacted, cut. */
function shortDetail(text: string): string {
  const line = redact(text).replace(/\s+/g, " ").trim();
  return line.length > detailLength ? `${line.slice(0, detailLength - 1)}…` : line;
}

/**
 * Reads an answer that is not a success. A 404 counts as "not there" only when a Kubernetes API server says so in a
 * `Status` object: a proxy's page or a wrong address answers 404 too, and proves nothing.
 */
export function failedAnswer(status: number, body: string, permission: string): Outcome<never> {
  const parsed = parseJson(body, statusSchema);
  const message = parsed.ok
    ? (parsed.value.message ?? parsed.value.reason ?? "")
    : "not an answer of a Kubernetes API server";
  if (status === 404 && parsed.ok && parsed.value.reason === "NotFound") return { type: "missing" };
  const detail = shortDetail(`HTTP ${status}: ${message}`);
  const failure = (reason: UnavailableReason): Outcome<never> => ({
    type: "failed",
    failure: { reason, detail, status },
  });
  switch (status) {
    case 401:
      return failure("access-denied");
    case 403:
      return { type: "failed", failure: { reason: "access-denied", permission, detail, status } };
    case 429:
      return failure("throttled");
    case 408:
    case 504:
      return failure("timeout");
    default:
      return failure("error");
  }
}

/** Reads what a call threw: an abort is a timeout, anything else an error. */
export function failedCall(error: unknown, signal: AbortSignal): Outcome<never> {
  if (error instanceof CallBudgetSpent) {
    return { type: "failed", failure: { reason: "call-budget", detail: error.message, status: null } };
  }
  if (signal.aborted || isTimeout(error)) {
    return {
      type: "failed",
      failure: { reason: "timeout", detail: "no answer before the deadline", status: null },
    };
  }
  return {
    type: "failed",
    failure: { reason: "error", detail: shortDetail(messageOf(error)), status: null },
  };
}

export function malformed(what: string): Outcome<never> {
  return {
    type: "failed",
    failure: { reason: "error", detail: shortDetail(`malformed answer: ${what}`), status: 200 },
  };
}

/** Turns a call into evidence. This is the only place where an outcome becomes found, absent or unavailable. */
export function observe<T, V>(
  outcome: Outcome<T>,
  source: string,
  at: string,
  facts: (value: T) => V,
): Observation<V> {
  return outcome.type === "ok"
    ? { status: "found", value: facts(outcome.value), source, at }
    : observeNothing(outcome, source, at);
}

/** The evidence in a call that brought no value. */
export function observeNothing(
  outcome: Exclude<Outcome<never>, { readonly type: "ok" }>,
  source: string,
  at: string,
): Absent | Unavailable {
  return outcome.type === "missing" ? { status: "absent", source, at } : unavailable(outcome.failure, source);
}

export function mapOutcome<T, V>(outcome: Outcome<T>, map: (value: T) => V): Outcome<V> {
  return outcome.type === "ok" ? { type: "ok", value: map(outcome.value) } : outcome;
}

export function unavailable(failure: Failure, source: string): Unavailable {
  return {
    status: "unavailable",
    reason: failure.reason,
    ...(failure.permission === undefined ? {} : { permission: failure.permission }),
    ...(failure.detail === "" ? {} : { detail: failure.detail }),
    source,
  };
}

/** Parses JSON and checks it at the edge; the message names the first field that does not fit. */
export function parseJson<T>(
  text: string,
  schema: z.ZodType<T>,
): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly what: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, what: "not JSON" };
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  return { ok: false, what: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "unexpected shape"}` };
}

function isTimeout(error: unknown): boolean {
  const name = error instanceof Error ? error.name : "";
  if (name === "AbortError" || name === "TimeoutError") return true;
  return /Timeout/.test(causeCode(error));
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  const code = causeCode(error);
  return code === "" ? error.message : `${error.message} (${code})`;
}

function causeCode(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const named = z.object({ code: z.string() }).safeParse(cause);
  return named.success ? named.data.code : "";
}
