import type { IncomingHttpHeaders } from "node:http";
import type { JsonValue } from "../../../src/core/json.ts";
import type { ServedAccount } from "../create-account.ts";
import type { Fault } from "../faults.ts";
import type { Principal } from "../principals.ts";

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
  readonly principal: Principal;
  readonly service: Service;
  readonly request: WireRequest;
  readonly operation: string;
  readonly requestId: string;
}

/** What CloudTrail writes about a request beside who made it. */
export interface TrailFacts {
  readonly requestParameters: JsonValue;
  readonly resources: readonly { readonly type: string; readonly name: string }[];
}

export interface ErrorCode {
  readonly status: number;
  readonly code: string;
}

/** The codes in which a service says what all services say. */
export interface ErrorCodes {
  readonly accessDenied: ErrorCode;
  readonly unknownKey: ErrorCode;
  readonly badSignature: ErrorCode;
  readonly unsigned: ErrorCode;
  readonly throttled: ErrorCode;
  readonly serverError: ErrorCode;
  readonly badToken: ErrorCode;
}

/** One AWS service in its wire format. */
export interface Service {
  readonly name: string;
  readonly contentType: string;
  readonly codes: ErrorCodes;
  operationOf(request: WireRequest): string;
  /** @throws AwsError */
  answer(call: Call): Answer;
  refuse(error: AwsError, requestId: string): Answer;
  /** Null: the operation keeps the trail itself. */
  trailFacts(request: WireRequest, operation: string): TrailFacts | null;
}

/** A refusal as AWS words it. */
export class AwsError extends Error {
  readonly status: number;
  readonly code: string;
  /** What the answer carries beside code and message. */
  readonly members: Readonly<Record<string, string>>;
  constructor(status: number, code: string, message: string, members: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.members = members;
  }
}

export function awsError({ status, code }: ErrorCode, message: string): AwsError {
  return new AwsError(status, code, message);
}

/** The error that a fault makes of any operation. */
export function faultError(service: Service, fault: Exclude<Fault, "hang" | "malformed">): AwsError {
  return fault === "throttled"
    ? awsError(service.codes.throttled, "Rate exceeded")
    : awsError(service.codes.serverError, "The request processing has failed because of an unknown error.");
}

/**
 * IAM decides whether the caller may. `shown` is the resource as the service's messages name it, where that is not
 * its ARN; null: they name none. @throws AwsError where the caller may not.
 */
export function authorize(
  { account, principal, service }: Call,
  action: string,
  resource: string,
  {
    shown,
    context = {},
  }: {
    readonly shown?: string | null;
    readonly context?: Readonly<Record<string, readonly string[]>>;
  } = {},
): void {
  const { refusal } = account.calls.authorize(principal, {
    action,
    resource,
    context,
    ...(shown === undefined ? {} : { shownResource: shown }),
  });
  if (refusal !== null) throw awsError(service.codes.accessDenied, refusal.message);
}

/**
 * One page of a list and the token of the next. The token holds what was asked, for it is good for that alone.
 * @throws AwsError for a token of another list, or of nobody.
 */
export function pageOf<T>(
  items: readonly T[],
  {
    token,
    size,
    asked,
    badToken,
  }: {
    readonly token: string | null;
    readonly size: number;
    /** Operation and filters. */
    readonly asked: string;
    readonly badToken: AwsError;
  },
): { readonly items: readonly T[]; readonly next: string | null } {
  const start = token === null ? 0 : startOf(token, asked);
  if (start === null) throw badToken;
  const end = start + size;
  return {
    items: items.slice(start, end),
    next: end < items.length ? Buffer.from(JSON.stringify([end, asked])).toString("base64url") : null,
  };
}

function startOf(token: string, asked: string): number | null {
  try {
    const [start, of] = JSON.parse(Buffer.from(token, "base64url").toString()) as [unknown, unknown];
    return typeof start === "number" && start >= 0 && of === asked ? start : null;
  } catch {
    return null;
  }
}

/** `clusterName` from `ClusterName`: CloudTrail's spelling of parameters. */
export function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
