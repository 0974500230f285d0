import type { JsonValue } from "../../../src/core/json.ts";
import { AwsError, type Call, type ErrorCodes, lowerFirst, type Service } from "./service.ts";

type Body = Readonly<Record<string, unknown>>;

export type JsonOperation = (call: Call, body: Body) => unknown;

const usualCodes: ErrorCodes = {
  accessDenied: { status: 400, code: "AccessDeniedException" },
  unknownKey: { status: 400, code: "UnrecognizedClientException" },
  badSignature: { status: 400, code: "InvalidSignatureException" },
  unsigned: { status: 400, code: "MissingAuthenticationTokenException" },
  throttled: { status: 400, code: "ThrottlingException" },
  serverError: { status: 500, code: "InternalFailure" },
  badToken: { status: 400, code: "InvalidNextTokenException" },
};

/** A service in AWS JSON: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html */
export function jsonService({
  name,
  version = "1.1",
  codes = {},
  trailFacts = ({ body }) => ({ requestParameters: parametersOf(body), resources: [] }),
  operations,
}: {
  readonly name: string;
  readonly version?: "1.0" | "1.1";
  /** Where the service's differ. */
  readonly codes?: Partial<ErrorCodes>;
  readonly trailFacts?: Service["trailFacts"];
  readonly operations: Readonly<Record<string, JsonOperation>>;
}): Service {
  return {
    name,
    contentType: `application/x-amz-json-${version}`,
    codes: { ...usualCodes, ...codes },
    operationOf: ({ headers }) => String(headers["x-amz-target"] ?? "").split(".")[1] ?? "Unknown",
    answer(call) {
      const run = operations[call.operation];
      if (run === undefined) throw new AwsError(400, "UnknownOperationException", "");
      return { status: 200, body: JSON.stringify(run(call, bodyOf(call.request.body))) };
    },
    refuse: ({ status, code, message, members }) => ({
      status,
      body: JSON.stringify({ __type: code, message, ...members }),
    }),
    trailFacts,
  };
}

/** A member that has to be there. @throws AwsError */
export function requiredText(body: Body, name: string): string {
  const value = body[name];
  if (typeof value === "string" && value !== "") return value;
  throw new AwsError(400, "ValidationException", `1 validation error detected: ${name} must not be null`);
}

function bodyOf(text: string): Body {
  try {
    return JSON.parse(text === "" ? "{}" : text) as Body;
  } catch {
    throw new AwsError(400, "SerializationException", "The body is not JSON.");
  }
}

/** The parameters in CloudTrail's spelling; null where the body cannot be read. */
function parametersOf(text: string): JsonValue {
  try {
    const entries = Object.entries(JSON.parse(text === "" ? "{}" : text) as Record<string, JsonValue>);
    return Object.fromEntries(entries.map(([key, value]) => [lowerFirst(key), value]));
  } catch {
    return null;
  }
}
