import { z } from "zod";
import type { JsonValue } from "../../../src/core/json.ts";
import { decodeDenial } from "../calls.ts";
import type { ServedAccount } from "../create-account.ts";
import type { Refusal, Session } from "../model.ts";
import { actionOf, queryAnswer, queryCodes, queryError, queryParameters, type XmlValue } from "./query.ts";
import { type Answer, AwsError, authorize, type Call, type Service, type WireRequest } from "./service.ts";

const namespace = "https://sts.amazonaws.com/doc/2011-06-15/";
const webIdentity = "AssumeRoleWithWebIdentity";

/** STS in AWS Query: https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html */
export const sts: Service = {
  name: "sts",
  contentType: "text/xml",
  codes: { ...queryCodes, serverError: { status: 500, code: "InternalFailure" } },
  operationOf: actionOf,
  answer(call) {
    if (call.operation === "GetCallerIdentity") return callerIdentity(call);
    if (call.operation === "AssumeRole") return assumeRole(call);
    if (call.operation === "DecodeAuthorizationMessage") return decodeMessage(call);
    if (call.operation === webIdentity) return answerWebIdentity(call.account, call.request, call.requestId);
    throw new AwsError(
      400,
      "InvalidAction",
      `Could not find operation ${call.operation} for version 2011-06-15`,
    );
  },
  refuse: (error, requestId) => queryError(error, namespace, requestId),
  trailFacts: (request, operation) =>
    operation === "GetCallerIdentity" ? { requestParameters: queryParameters(request), resources: [] } : null,
};

/** Needs no permission: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
function callerIdentity({ principal, requestId }: Call): Answer {
  const { arn, userId, accountId } = principal;
  return queryAnswer(
    "GetCallerIdentity",
    namespace,
    { Arn: arn, UserId: userId, Account: accountId },
    requestId,
  );
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html */
function decodeMessage(call: Call): Answer {
  authorize(call, "sts:DecodeAuthorizationMessage", "*");
  const encoded = required(new URLSearchParams(call.request.body), "EncodedMessage");
  const DecodedMessage = decodeDenial(encoded);
  if (DecodedMessage === null) {
    throw new AwsError(
      400,
      "InvalidAuthorizationMessageException",
      "The Authorization Message provided is not a valid or known Authorization Message.",
    );
  }
  return queryAnswer(call.operation, namespace, { DecodedMessage }, call.requestId);
}

function assumeRole({ account, principal, request, requestId }: Call): Answer {
  const parameters = new URLSearchParams(request.body);
  const policy = parameters.get("Policy");
  const assumed = account.assumeRole(principal, {
    roleArn: required(parameters, "RoleArn"),
    sessionName: required(parameters, "RoleSessionName"),
    tags: tagsOf(parameters),
    transitiveTagKeys: listOf(parameters, "TransitiveTagKeys"),
    externalId: parameters.get("ExternalId"),
    durationSeconds: Number(parameters.get("DurationSeconds") ?? 3_600),
    sessionPolicy: policy === null ? null : policyOf(policy),
    userAgent: request.headers["user-agent"] ?? "",
    requestId,
  });
  if (!assumed.ok) throw refusalOf(assumed);
  return queryAnswer("AssumeRole", namespace, sessionBody(assumed.session), requestId);
}

/** The one operation that is not signed: the token says who asks. */
export function isWebIdentityRequest(request: WireRequest): boolean {
  return actionOf(request) === webIdentity;
}

/** @throws AwsError */
export function answerWebIdentity(account: ServedAccount, request: WireRequest, requestId: string): Answer {
  const parameters = new URLSearchParams(request.body);
  const claims = claimsOf(required(parameters, "WebIdentityToken"));
  const now = Math.floor(account.now().getTime() / 1_000);
  if (claims.exp !== undefined && claims.exp <= now) {
    throw new AwsError(
      400,
      "ExpiredTokenException",
      `Token expired: current date/time ${now} must be before the expiration date/time ${claims.exp}`,
    );
  }
  const assumed = account.assumeRoleWithWebIdentity({
    roleArn: required(parameters, "RoleArn"),
    issuer: claims.iss,
    subject: claims.sub,
    audience: claims.aud,
    sessionName: required(parameters, "RoleSessionName"),
    userAgent: request.headers["user-agent"] ?? "",
    requestId,
  });
  if (!assumed.ok) throw refusalOf(assumed);
  const body = {
    ...sessionBody(assumed.session),
    SubjectFromWebIdentityToken: claims.sub,
    Provider: assumed.session.federatedProvider,
    Audience: claims.aud,
  };
  return queryAnswer(webIdentity, namespace, body, requestId);
}

const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string(),
  aud: z.union([
    z.string(),
    z
      .array(z.string())
      .min(1)
      .transform(([first = ""]) => first),
  ]),
  exp: z.number().optional(),
});

/** Reads the claims; whether the issuer signed them is not looked at. */
function claimsOf(token: string): z.infer<typeof claimsSchema> {
  try {
    const payload = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
    return claimsSchema.parse(JSON.parse(payload));
  } catch {
    throw new AwsError(400, "InvalidIdentityToken", "The ID Token provided is not a valid JWT.");
  }
}

function policyOf(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new AwsError(400, "MalformedPolicyDocument", "This policy contains invalid Json");
  }
}

function sessionBody(session: Session): { readonly [name: string]: XmlValue } {
  return {
    AssumedRoleUser: { AssumedRoleId: `${session.roleId}:${session.sessionName}`, Arn: session.sessionArn },
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: session.expiresAt,
    },
  };
}

function tagsOf(parameters: URLSearchParams): Record<string, string> {
  return Object.fromEntries(
    [...parameters].flatMap(([name, key]) => {
      const place = /^Tags\.member\.(\d+)\.Key$/.exec(name)?.[1];
      return place === undefined ? [] : [[key, parameters.get(`Tags.member.${place}.Value`) ?? ""]];
    }),
  );
}

function listOf(parameters: URLSearchParams, name: string): readonly string[] {
  return [...parameters].flatMap(([key, value]) => (key.startsWith(`${name}.member.`) ? [value] : []));
}

function required(parameters: URLSearchParams, name: string): string {
  const value = parameters.get(name);
  if (value === null || value === "") {
    throw new AwsError(
      400,
      "ValidationError",
      `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
    );
  }
  return value;
}

function refusalOf({ status, code, message }: Refusal): AwsError {
  return new AwsError(status, code, message);
}
