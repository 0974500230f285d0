import { parseArn } from "./arn.ts";
import type { AccessRequest, PolicyLayers } from "./evaluate.ts";
import { type NamedPolicy, type PolicyKind, parsePolicy } from "./policy.ts";

/** One question for `evaluate`, read from JSON. */
export interface SimulationCase {
  readonly request: AccessRequest;
  readonly layers: PolicyLayers;
}

type ParsedCase =
  | { readonly ok: true; readonly value: SimulationCase }
  /** A sentence with the place: `identityPolicies[0] (carts): Statement[1].Action: …`. */
  | { readonly ok: false; readonly error: string };

class Malformed extends Error {}

const fields = [
  "id",
  "request",
  "identityPolicies",
  "permissionsBoundary",
  "sessionPolicies",
  "serviceControlPolicies",
  "resourceControlPolicies",
  "resourcePolicy",
  "vpcEndpointPolicies",
];

/**
 * Reads one case of `eksiam simulate`: the request and the policies of every layer, each as IAM takes it. Null or absent
 * leaves a layer out; anything that is not what it should be is an error, never a guess.
 */
export function parseCase(value: unknown): ParsedCase {
  try {
    const object = asObject(value, "the case");
    // A misspelt layer must not be taken for one that does not apply.
    for (const name of Object.keys(object)) {
      if (!fields.includes(name))
        throw new Malformed(`${name}: a case has no such field; it has ${fields.join(", ")}`);
    }
    const request = readRequest(object["request"]);
    return { ok: true, value: { request, layers: readLayers(object, request) } };
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, error: error.message };
    throw error;
  }
}

function readRequest(value: unknown): AccessRequest {
  const object = asObject(value, "request");
  const action = asText(object["action"], "request.action");
  if (!/^[A-Za-z0-9-]+:[A-Za-z0-9_]+$/.test(action)) {
    throw new Malformed(`request.action: "${action}" is not an action, which is written service:Name`);
  }
  const owner = object["resourceAccount"];
  return {
    principal: asText(object["principal"], "request.principal"),
    action,
    resource: object["resource"] == null ? "*" : asText(object["resource"], "request.resource"),
    ...(owner == null ? {} : { resourceAccount: asText(owner, "request.resourceAccount") }),
    context: readContext(object["context"]),
  };
}

function readContext(value: unknown): AccessRequest["context"] {
  if (value == null) return {};
  const entries = Object.entries(asObject(value, "request.context")).map(([key, given]) => {
    const list: readonly unknown[] = Array.isArray(given) ? given : [given];
    const texts = list.map((one) => {
      if (typeof one === "string" || typeof one === "number" || typeof one === "boolean") return String(one);
      throw new Malformed(`request.context.${key}: a key has a text or a list of texts`);
    });
    return [key, texts] as const;
  });
  return Object.fromEntries(entries);
}

function readLayers(object: Json, { action, resource }: AccessRequest): PolicyLayers {
  const list = (name: string, kind: PolicyKind) =>
    object[name] == null ? null : readPolicies(object[name], name, kind);
  const levels = (name: string, kind: PolicyKind) =>
    object[name] == null
      ? null
      : asList(object[name], name).map((level, at) => readPolicies(level, `${name}[${at}]`, kind));
  const resourcePolicy = object["resourcePolicy"];
  return {
    identityPolicies: list("identityPolicies", "identity") ?? [],
    permissionsBoundary: list("permissionsBoundary", "identity"),
    sessionPolicies: list("sessionPolicies", "identity"),
    serviceControlPolicies: levels("serviceControlPolicies", "scp"),
    resourceControlPolicies: levels("resourceControlPolicies", "rcp"),
    resourcePolicy:
      resourcePolicy == null
        ? null
        : readPolicy(resourcePolicy, "resourcePolicy", isTrust(action, resource) ? "trust" : "resource"),
    vpcEndpointPolicies: list("vpcEndpointPolicies", "vpc-endpoint"),
  };
}

/** The policy of a role is its trust policy. */
function isTrust(action: string, resource: string): boolean {
  const arn = parseArn(resource);
  return /^sts:/i.test(action) && arn?.service === "iam" && arn.resource.startsWith("role/");
}

function readPolicies(value: unknown, place: string, kind: PolicyKind): readonly NamedPolicy[] {
  return asList(value, place).map((one, at) => readPolicy(one, `${place}[${at}]`, kind));
}

/** A policy with its name, or the bare document, whose name is then its place. */
function readPolicy(value: unknown, place: string, kind: PolicyKind): NamedPolicy {
  const object = asObject(value, place);
  const named = "document" in object;
  const name = named && object["name"] != null ? asText(object["name"], `${place}.name`) : place;
  const parsed = parsePolicy(named ? object["document"] : object, kind);
  if (parsed.ok) return { name, policy: parsed.value };
  const which = name === place ? place : `${place} (${name})`;
  throw new Malformed(`${which}: ${parsed.error.place}: ${parsed.error.message}`);
}

type Json = Readonly<Record<string, unknown>>;

function asObject(value: unknown, place: string): Json {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new Malformed(`${place}: an object is expected`);
  }
  return value as Json;
}

function asList(value: unknown, place: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Malformed(`${place}: a list is expected`);
  return value;
}

function asText(value: unknown, place: string): string {
  if (typeof value !== "string" || value === "") throw new Malformed(`${place}: a text is expected`);
  return value;
}
