import { createHash, createHmac } from "node:crypto";
import type { WireRequest } from "./service.ts";

/** What the Authorization header says about a signed request. */
export interface Credential {
  readonly accessKeyId: string;
  /** `20260131` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** Null: the request carries no signature of version 4. */
export function credentialOf(authorization: string | undefined): Credential | null {
  const scope = /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request/.exec(
    authorization ?? "",
  );
  const headers = /SignedHeaders=([^,\s]+)/.exec(authorization ?? "")?.[1];
  const signature = /Signature=([0-9a-f]{64})/.exec(authorization ?? "")?.[1];
  if (scope === null || headers === undefined || signature === undefined) return null;
  const [, accessKeyId = "", date = "", region = "", service = ""] = scope;
  return { accessKeyId, date, region, service, signedHeaders: headers.split(";"), signature };
}

/**
 * Was the request signed with this key? The date is not compared with a clock: the account's may stand still.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function isSignedWith(secretAccessKey: string, credential: Credential, request: WireRequest): boolean {
  const { date, region, service, signedHeaders } = credential;
  const scope = `${date}/${region}/${service}/aws4_request`;
  const canonical = [
    request.method,
    canonicalPath(request.url.pathname),
    canonicalQuery(request.url.searchParams),
    ...signedHeaders.map((name) => `${name}:${headerText(request, name)}`),
    "",
    signedHeaders.join(";"),
    sha256(request.body),
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", headerText(request, "x-amz-date"), scope, sha256(canonical)].join("\n");
  const key = [date, region, service, "aws4_request"].reduce<Buffer | string>(
    (secret, part) => hmac(secret, part),
    `AWS4${secretAccessKey}`,
  );
  return hmac(key, text).toString("hex") === credential.signature;
}

/** The path is encoded once more than it was sent; only S3 does without. */
function canonicalPath(path: string): string {
  return path.split("/").map(uriEncoded).join("/");
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .map(([key, value]) => `${uriEncoded(key)}=${uriEncoded(value)}`)
    .sort()
    .join("&");
}

function headerText({ headers }: WireRequest, name: string): string {
  const value = headers[name];
  return (Array.isArray(value) ? value.join(",") : (value ?? "")).trim().replace(/ +/g, " ");
}

/** As RFC 3986 has it, stricter than encodeURIComponent. */
export function uriEncoded(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text, "utf8").digest();
}
