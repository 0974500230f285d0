import type { Answer, AwsError } from "./service.ts";

/** A value as the elements of an AWS Query answer: lists are `member` elements, null and undefined are left out. */
export type XmlValue =
  | string
  | number
  | boolean
  | null
  | undefined
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue };

/** https://docs.aws.amazon.com/IAM/latest/APIReference/programming.html */
export function queryAnswer(
  operation: string,
  namespace: string,
  result: XmlValue,
  requestId: string,
): Answer {
  const body = `<${operation}Result>${xml(result)}</${operation}Result>`;
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

function xml(value: XmlValue): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map((one: XmlValue) => `<member>${xml(one)}</member>`).join("");
  if (typeof value === "object") {
    return Object.entries(value)
      .filter(([, one]) => one !== null && one !== undefined)
      .map(([name, one]) => `<${name}>${xml(one as XmlValue)}</${name}>`)
      .join("");
  }
  return String(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
