import type { JsonValue } from "../../../src/core/json.ts";
import { type Answer, type AwsError, type ErrorCodes, lowerFirst, type WireRequest } from "./service.ts";

/** A value as the elements of an AWS Query answer: lists are `member` elements, null and undefined are left out. */
export type XmlValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue };

/** https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html */
export const queryCodes: ErrorCodes = {
  accessDenied: { status: 403, code: "AccessDenied" },
  unknownKey: { status: 403, code: "InvalidClientTokenId" },
  badSignature: { status: 403, code: "SignatureDoesNotMatch" },
  unsigned: { status: 403, code: "MissingAuthenticationToken" },
  throttled: { status: 400, code: "Throttling" },
  serverError: { status: 500, code: "ServiceFailure" },
  badToken: { status: 400, code: "ValidationError" },
};

/** https://docs.aws.amazon.com/IAM/latest/APIReference/programming.html */
export function queryAnswer(
  operation: string,
  namespace: string,
  result: XmlValue,
  requestId: string,
  list = "member",
): Answer {
  const body = `<${operation}Result>${xml(result, list)}</${operation}Result>`;
  const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
  return {
    status: 200,
    body: `<${operation}Response xmlns="${namespace}">${body}${metadata}</${operation}Response>`,
  };
}

export function queryError(
  { status, code, message }: AwsError,
  namespace: string,
  requestId: string,
): Answer {
  const type = status < 500 ? "Sender" : "Receiver";
  const error = xml({ Error: { Type: type, Code: code, Message: message } });
  return {
    status,
    body: `<ErrorResponse xmlns="${namespace}">${error}<RequestId>${requestId}</RequestId></ErrorResponse>`,
  };
}

export function actionOf({ body }: WireRequest): string {
  return new URLSearchParams(body).get("Action") ?? "Unknown";
}

/** The parameters as CloudTrail writes them. */
export function queryParameters({ body }: WireRequest): JsonValue {
  return Object.fromEntries(
    [...new URLSearchParams(body)]
      .filter(([key]) => key !== "Action" && key !== "Version")
      .map(([key, value]) => [lowerFirst(key), value]),
  );
}

/** @param list what the elements of a list are called. */
export function xml(value: XmlValue, list = "member"): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value))
    return value.map((one: XmlValue) => `<${list}>${xml(one, list)}</${list}>`).join("");
  if (typeof value === "object") {
    return Object.entries(value)
      .filter(([, one]) => one !== null && one !== undefined)
      .map(([name, one]) => `<${name}>${xml(one as XmlValue, list)}</${name}>`)
      .join("");
  }
  return String(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
