import { isAccountId, parseArn } from "./arn.ts";
import type { AccessRequest, PolicyLayers } from "./evaluate.ts";
import { type NamedPolicy, type PolicyKind, parsePolicy } from "./policy.ts";

/** One question for `evaluate`, read from JSON. */
export interface SimulationCase {
  readonly request: AccessRequest;
  readonly layers: PolicyLayers;
}

export type ParsedCase =
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

/** Fields that hold a list of policies, or a list for each level of an organization. */
const listed = {
  identityPolicies: { kind: "identity", levels: false },
  permissionsBoundary: { kind: "identity", levels: false },
  sessionPolicies: { kind: "identity", levels: false },
  serviceControlPolicies: { kind: "scp", levels: true },
  resourceControlPolicies: { kind: "rcp", levels: true },
  vpcEndpointPolicies: { kind: "vpc-endpoint", levels: false },
} as const satisfies Readonly<Record<string, { readonly kind: PolicyKind; readonly levels: boolean }>>;

export type ListField = keyof typeof listed;
type LevelField = "serviceControlPolicies" | "resourceControlPolicies";

/** Lists of policies that were compiled already, which then need not stand in the case. */
export type KnownLists = {
  readonly [F in ListField]?: F extends LevelField
    ? readonly (readonly NamedPolicy[])[]
    : readonly NamedPolicy[];
};

/** Has the field a list of policies (`false`), or one for each level (`true`)? Null: neither. */
export function hasLevels(field: string): boolean | null {
  return Object.hasOwn(listed, field) ? listed[field as ListField].levels : null;
}

const requestFields = ["principal", "action", "resource", "resourceAccount", "context"];

/**
 * Reads one case of `eksiam simulate`: the request and the policies of every layer, each as IAM takes it. Null or absent
 * leaves a layer out; anything that is not what it should be is an error, never a guess.
 */
export function parseCase(value: unknown, known: KnownLists = {}): ParsedCase {
  try {
    const object = asObject(value, "the case");
    refuseMisspelt(object, fields, "");
    const request = readRequest(object["request"]);
    return { ok: true, value: { request, layers: readLayers(object, request, known) } };
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

/** A policy of one of the lists, `place` being its field and index; null: it is not valid. */
export function parseListed(value: unknown, field: ListField, place: string): NamedPolicy | null {
  try {
    return readPolicy(value, place, listed[field].kind);
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

function readLayers(object: Json, { action, resource }: AccessRequest, known: KnownLists): PolicyLayers {
  const list = (field: Exclude<ListField, LevelField>) =>
    known[field] ?? (object[field] == null ? null : readPolicies(object[field], field, listed[field].kind));
  const levels = (field: LevelField) =>
    known[field] ??
    (object[field] == null
      ? null
      : asList(object[field], field).map((level, at) =>
          readPolicies(level, `${field}[${at}]`, listed[field].kind),
        ));
  const resourcePolicy = object["resourcePolicy"];
  return {
    identityPolicies: list("identityPolicies") ?? [],
    permissionsBoundary: list("permissionsBoundary"),
    sessionPolicies: list("sessionPolicies"),
    serviceControlPolicies: levels("serviceControlPolicies"),
    resourceControlPolicies: levels("resourceControlPolicies"),
    resourcePolicy: resourcePolicy == null ? null : readResourcePolicy(resourcePolicy, action, resource),
    vpcEndpointPolicies: list("vpcEndpointPolicies"),
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
