import type { z } from "zod";
import { CallBudgetSpent } from "../../app/call-budget.ts";
import type { Observation, Unavailable } from "../../core/evidence.ts";
import { redact } from "../../core/redact.ts";

/** A call that did not give what was asked: why, in the terms of evidence. */
export class CallFailure extends Error {
  readonly unavailable: Unavailable;
  constructor(unavailable: Unavailable) {
    super(unavailable.detail ?? unavailable.reason);
    this.unavailable = unavailable;
  }
}

/** What the SDK's errors carry: https://docs.aws.amazon.com/AWSJavaScriptSDK/v3/latest/ */
interface SdkError {
  readonly name: string;
  readonly message: string;
  /** Of the operating system: `ECONNRESET`. */
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const detailLength = 200;

/** https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html */
const rejectedCredentials =
  /^(ExpiredToken|InvalidClientTokenId|UnrecognizedClient|InvalidSignature|SignatureDoesNotMatch|RequestExpired|MissingAuthenticationToken)/;

/**
 * Calls AWS and reads the answer through a schema. `permission` is the call's IAM action, and its source.
 * @param absent names of errors by which the service says that there is no such thing, beside EKS's and IAM's.
 * @returns null where AWS says that there is no such thing.
 * @throws CallFailure for everything that means "could not look".
 */
export async function call<T>(
  permission: string,
  send: () => Promise<unknown>,
  schema: z.ZodType<T>,
  signal: AbortSignal,
  absent: readonly string[] = [],
): Promise<T | null> {
  let answer: unknown;
  try {
    answer = await send();
  } catch (error) {
    if (isAbsent(error) || absent.includes((error as SdkError | null)?.name ?? "")) return null;
    throw new CallFailure(unavailableFrom(error, permission, signal));
  }
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join(".") ?? "";
  throw new CallFailure(
    failed("error", permission, `malformed answer at ${where === "" ? "the top" : where}`),
  );
}

/** The deadline came before the answer. */
export function timedOut(source: string, detail = "no answer before the deadline"): CallFailure {
  return new CallFailure({ status: "unavailable", reason: "timeout", source, detail });
}

/** It was asked, and there is no answer to be had. */
export function failedCall(source: string, detail: string): CallFailure {
  return new CallFailure(failed("error", source, detail));
}

/** Runs a collector's body: what could not be seen becomes evidence of its own kind, and nothing else is caught. */
export async function observing<T>(collect: () => Promise<Observation<T>>): Promise<Observation<T>> {
  try {
    return await collect();
  } catch (error) {
    if (error instanceof CallFailure) return error.unavailable;
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  const name = (error as SdkError | null)?.name;
  return name === "ResourceNotFoundException" || name === "NoSuchEntityException" || name === "NoSuchEntity";
}

export function isDenied(error: unknown): boolean {
  return /^AccessDenied|^UnauthorizedOperation$|^AuthorizationError/.test(
    (error as SdkError | null)?.name ?? "",
  );
}

/** Given up by us, by the client's own limit, or by the deadline of a signal. */
export function isTimeout(error: unknown): boolean {
  return /^(Abort|Timeout)Error$/.test((error as SdkError | null)?.name ?? "") && !isBroken(error);
}

/** The SDK calls these timeouts too; nobody waited. */
function isBroken(error: unknown): boolean {
  return /^(ECONNRESET|EPIPE)$/.test((error as SdkError | null)?.code ?? "");
}

function unavailableFrom(error: unknown, permission: string, signal: AbortSignal): Unavailable {
  const { name = "", message: told = "", $metadata } = (error ?? {}) as Partial<SdkError>;
  // The SDK takes over whatever stands in an answer.
  const message = String(told);
  if (error instanceof CallBudgetSpent) return failed("call-budget", permission, message);
  if (signal.aborted || isTimeout(error)) {
    return failed("timeout", permission, "no answer before the deadline");
  }
  if (isDenied(error)) return { ...failed("access-denied", permission, message), permission };
  if (
    /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|MaxConcurrentQueries/.test(name) ||
    $metadata?.httpStatusCode === 429
  ) {
    return failed("throttled", permission, message);
  }
  if (/ProviderError$/.test(name)) {
    return failed(
      "error",
      permission,
      "eksiam itself has no AWS credentials: give this process a role or a profile",
    );
  }
  if (rejectedCredentials.test(name)) {
    return failed(
      "error",
      permission,
      `AWS does not accept eksiam's own credentials (${name}): renew them, and check this machine's clock`,
    );
  }
  if (isBroken(error)) return failed("error", permission, `the connection broke (${message})`);
  // The SDK adds to these a hint for programmers.
  if (message.includes("Deserialization error")) return failed("error", permission, "malformed answer");
  return failed("error", permission, `${name}: ${message}`);
}

function failed(reason: Unavailable["reason"], source: string, text: string): Unavailable {
  const detail = [...redact(text).replace(/\s+/g, " ").trim()].slice(0, detailLength).join("");
  return { status: "unavailable", reason, source, ...(detail === "" ? {} : { detail }) };
}
