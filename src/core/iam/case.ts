import { isAccountId, parseArn } from "./arn.ts";
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

const requestFields = ["principal", "action", "resource", "resourceAccount", "context"];

/**
 * Reads one case of `eksiam simulate`: the request and the policies of every layer, each as IAM takes it. Null or absent
 * leaves a layer out; anything that is not what it should be is an error, never a guess.
 */
export function parseCase(value: unknown): ParsedCase {
  try {
    const object = asObject(value, "the case");
    refuseMisspelt(object, fields, "");
    const request = readRequest(object["request"]);
    return { ok: true, value: { request, layers: readLayers(object, request) } };
  } catch (error) {
    if (error instanceof Malformed) return { ok: false, error: error.message };
    throw error;
  }
}

/** A misspelt field must not be taken for one that is absent. Notes of other names may stand beside the fields. */
function refuseMisspelt(object: Json, known: readonly string[], prefix: string): void {
  for (const name of Object.keys(object)) {
    if (known.includes(name)) continue;
    const meant = known.find((field) => isMisspelt(name, field));
    if (meant !== undefined || /polic|boundar/i.test(name)) {
      const instead = meant === undefined ? `it has ${known.join(", ")}` : `is ${meant} meant?`;
      throw new Malformed(`${prefix}${name}: there is no such field; ${instead}`);
    }
  }
}

/** The same letters in another case or with other signs, or all but one of them. */
function isMisspelt(name: string, field: string): boolean {
  const one = name.toLowerCase().replace(/[^a-z]/g, "");
  const other = field.toLowerCase();
  if (one === other) return true;
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  if (short.length < 5 || long.length - short.length > 1) return false;
  let same = 0;
  while (same < short.length && short[same] === long[same]) same++;
  return short.slice(short.length === long.length ? same + 1 : same) === long.slice(same + 1);
}

function readRequest(value: unknown): AccessRequest {
  const object = asObject(value, "request");
  refuseMisspelt(object, requestFields, "request.");
  const action = asText(object["action"], "request.action");
  if (!/^[A-Za-z0-9-]+:[A-Za-z0-9_]+$/.test(action)) {
    throw new Malformed(`request.action: "${action}" is not an action, which is written service:Name`);
  }
  const owner = object["resourceAccount"];
  if (owner != null && (typeof owner !== "string" || !isAccountId(owner)))
    throw new Malformed("request.resourceAccount: an account id of 12 digits is expected, as a text");
  return {
    principal: asText(object["principal"], "request.principal"),
    action,
    resource: object["resource"] == null ? "*" : asText(object["resource"], "request.resource"),
    ...(owner == null ? {} : { resourceAccount: owner }),
    context: readContext(object["context"]),
  };
}

function readContext(value: unknown): AccessRequest["context"] {
  if (value == null) return {};
  const entries = Object.entries(asObject(value, "request.context")).map(([key, given]) => {
    const list: readonly unknown[] = given === null ? [] : Array.isArray(given) ? given : [given];
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
    resourcePolicy: resourcePolicy == null ? null : readResourcePolicy(resourcePolicy, action, resource),
    vpcEndpointPolicies: list("vpcEndpointPolicies", "vpc-endpoint"),
  };
}

function readResourcePolicy(value: unknown, action: string, resource: string): NamedPolicy {
  const read = readPolicy(value, "resourcePolicy", isTrust(action, resource) ? "trust" : "resource");
  // A repository's or a domain's policy stands for what it is attached to; these services want to be told.
  if (/^(s3|kms):/i.test(action)) {
    const without = read.policy.statements.find(({ resources }) => resources === null);
    if (without !== undefined)
      throw new Malformed(`resourcePolicy: Statement[${without.index}].Resource: a statement has a Resource`);
  }
  return read;
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
  const parsed = parsePolicy(named ? object["document"] : object, kind, "written");
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
