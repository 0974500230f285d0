import type { IncomingHttpHeaders } from "node:http";
import type { ServedAccount } from "../create-account.ts";
import type { Caller } from "../model.ts";
import { principalOfCaller } from "../principals.ts";

export interface WireRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Of the signature. */
  readonly region: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Call {
  readonly account: ServedAccount;
  readonly caller: Caller;
  readonly request: WireRequest;
  readonly operation: string;
  readonly requestId: string;
}

/** One AWS service in its wire format. */
export interface Service {
  readonly contentType: string;
  /** The code of the error for an access key that nobody knows. */
  readonly unknownKeyCode: string;
  operationOf(request: WireRequest): string;
  /** @throws AwsError */
  answer(call: Call): Answer;
  refuse(error: AwsError, requestId: string): Answer;
}

/** A refusal as AWS words it. */
export class AwsError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** IAM decides whether the caller may; the call is recorded in the trail either way. @throws AwsError where not. */
export function authorize(
  { account, caller }: Call,
  action: string,
  resource: string,
  context: Readonly<Record<string, readonly string[]>> = {},
): void {
  const principal = principalOfCaller(caller);
  const request = { action, resource, context };
  const outcome = account.calls.authorize(principal, request);
  account.calls.record(principal, request, outcome);
  const { refusal } = outcome;
  if (refusal !== null) throw new AwsError(refusal.status, refusal.code, refusal.message);
}

/** One page of a list and the token of the next. */
export function pageOf<T>(
  items: readonly T[],
  token: string | null,
  size: number,
): { readonly items: readonly T[]; readonly next: string | null } {
  const start = token === null ? 0 : Number(Buffer.from(token, "base64url").toString());
  if (!Number.isInteger(start) || start < 0)
    throw new AwsError(400, "InvalidParameterException", "Invalid token");
  const end = start + size;
  return {
    items: items.slice(start, end),
    next: end < items.length ? Buffer.from(String(end)).toString("base64url") : null,
  };
}
