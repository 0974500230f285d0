import type { ResourceType } from "./resources.ts";

/** The `Status` object that every error of the API carries. */
export interface Status {
  readonly kind: "Status";
  readonly apiVersion: "v1";
  readonly metadata: Record<string, never>;
  readonly status: "Failure" | "Success";
  readonly message?: string;
  readonly reason?: string;
  readonly details?: {
    readonly name?: string;
    readonly group?: string;
    readonly kind?: string;
    readonly uid?: string;
    readonly causes?: readonly {
      readonly reason: string;
      readonly message: string;
      readonly field: string;
    }[];
    readonly retryAfterSeconds?: number;
  };
  readonly code: number;
}

/** Thrown where a request ends in an error; a class, so that it can be told from a mistake of the sandbox. */
export class StatusError extends Error {
  readonly status: Status;

  constructor(status: Status) {
    super(status.message ?? status.reason ?? "");
    this.status = status;
  }
}

type Details = NonNullable<Status["details"]>;

function failure(code: number, reason: string, message: string, details?: Details): StatusError {
  return new StatusError({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  });
}

function detailsOf(type: ResourceType, name: string): Details {
  return {
    ...(name === "" ? {} : { name }),
    ...(type.group === "" ? {} : { group: type.group }),
    kind: type.plural,
  };
}

export function notFound(type: ResourceType, name: string): StatusError {
  return failure(404, "NotFound", `${type.key} "${name}" not found`, detailsOf(type, name));
}

/** A path that no API is served under. */
export function noSuchPath(): StatusError {
  return failure(404, "NotFound", "the server could not find the requested resource", {});
}

export function alreadyExists(type: ResourceType, name: string): StatusError {
  return failure(409, "AlreadyExists", `${type.key} "${name}" already exists`, detailsOf(type, name));
}

export function conflict(type: ResourceType, name: string): StatusError {
  return failure(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${type.key} "${name}": the object has been modified; please apply your changes to the latest version and try again`,
    detailsOf(type, name),
  );
}

export function preconditionFailed(type: ResourceType, name: string, what: string): StatusError {
  return failure(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${type.key} "${name}": Precondition failed: ${what}`,
    detailsOf(type, name),
  );
}

export function badRequest(message: string): StatusError {
  return failure(400, "BadRequest", message);
}

export function unauthorized(): StatusError {
  return failure(401, "Unauthorized", "Unauthorized");
}

export function methodNotAllowed(message: string): StatusError {
  return failure(405, "MethodNotAllowed", message, {});
}

export function unsupportedMediaType(given: string): StatusError {
  return failure(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml, application/strategic-merge-patch+json (given: ${given})`,
  );
}

export function tooManyRequests(): StatusError {
  return failure(
    429,
    "TooManyRequests",
    "the server has received too many requests and has asked us to try again later",
    {
      retryAfterSeconds: 1,
    },
  );
}

export function internalError(message: string): StatusError {
  return failure(500, "InternalError", `Internal error occurred: ${message}`);
}

export interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

/** In the words of the API server, which tools and people search for. */
export function forbidden(user: string, access: Access): StatusError {
  const qualified = access.group === "" ? access.resource : `${access.resource}.${access.group}`;
  const subject = access.name === "" ? qualified : `${qualified} "${access.name}"`;
  const resource = access.subresource === "" ? access.resource : `${access.resource}/${access.subresource}`;
  const scope = access.namespace === "" ? "at the cluster scope" : `in the namespace "${access.namespace}"`;
  return failure(
    403,
    "Forbidden",
    `${subject} is forbidden: User "${user}" cannot ${access.verb} resource "${resource}" in API group "${access.group}" ${scope}`,
    {
      ...(access.name === "" ? {} : { name: access.name }),
      ...(access.group === "" ? {} : { group: access.group }),
      kind: access.resource,
    },
  );
}

/** An admission plug-in of the API server refuses. */
export function admissionRefused(type: ResourceType, name: string, because: string): StatusError {
  return failure(403, "Forbidden", `${type.key} "${name}" is forbidden: ${because}`, detailsOf(type, name));
}

export function invalid(
  type: ResourceType,
  name: string,
  causes: readonly { readonly field: string; readonly reason: string; readonly message: string }[],
): StatusError {
  const texts = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const text = texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`;
  return failure(
    422,
    "Invalid",
    `${type.kind}${type.group === "" ? "" : `.${type.group}`} "${name}" is invalid: ${text}`,
    {
      name,
      ...(type.group === "" ? {} : { group: type.group }),
      kind: type.kind,
      causes,
    },
  );
}

/** A patch that cannot be applied to the object as it is. */
export function unprocessable(message: string): StatusError {
  return failure(
    422,
    "Invalid",
    `the server rejected our request due to an error in our request (${message})`,
    {},
  );
}
