import { type Condition, parseConditions } from "./conditions.ts";
import { parseTemplate, type Template } from "./template.ts";
import { compileWildcard, type Wildcard } from "./wildcard.ts";

/** What a document is attached to: decides which elements it must and may not have. */
export type PolicyKind =
  | "identity"
  | "resource"
  | "trust"
  | "service-control"
  | "resource-control"
  | "vpc-endpoint";

export interface PolicyError {
  /** Where in the document: `Statement[1].Action`. */
  readonly place: string;
  readonly message: string;
}

export interface PrincipalPattern {
  readonly type: "AWS" | "Service" | "Federated" | "CanonicalUser" | "*";
  readonly value: string;
}

/** One statement, compiled once. */
export interface Statement {
  readonly sid: string | null;
  readonly index: number;
  readonly effect: "Allow" | "Deny";
  readonly principals: { readonly not: boolean; readonly patterns: readonly PrincipalPattern[] } | null;
  readonly actions: {
    readonly not: boolean;
    readonly texts: readonly string[];
    readonly patterns: readonly Wildcard[];
  };
  /** Null: the kind of policy has no resource (a trust policy is about the role that it is attached to). */
  readonly resources: { readonly not: boolean; readonly templates: readonly Template[] } | null;
  readonly conditions: readonly Condition[];
}

export interface Policy {
  readonly version: "2012-10-17" | "2008-10-17";
  readonly statements: readonly Statement[];
}

export interface NamedPolicy {
  readonly name: string;
  readonly policy: Policy;
}

type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: PolicyError };

class Invalid extends Error {
  readonly place: string;
  constructor(place: string, message: string) {
    super(message);
    this.place = place;
  }
}

/**
 * Reads and compiles a policy document (its JSON value). Element names are case-sensitive as AWS has them.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function parsePolicy(document: unknown, kind: PolicyKind = "identity"): Parsed<Policy> {
  try {
    return { ok: true, value: readPolicy(document, kind) };
  } catch (error) {
    if (error instanceof Invalid) return { ok: false, error: { place: error.place, message: error.message } };
    throw error;
  }
}

function readPolicy(document: unknown, kind: PolicyKind): Policy {
  const object = asObject(document, "");
  only(object, ["Version", "Id", "Statement"], "");
  const version = object["Version"] ?? "2008-10-17";
  if (version !== "2012-10-17" && version !== "2008-10-17") {
    throw new Invalid("Version", "the version is 2012-10-17 or 2008-10-17");
  }
  const given = object["Statement"];
  if (given === undefined) throw new Invalid("Statement", "a policy has a Statement");
  const several = Array.isArray(given);
  const list: readonly unknown[] = several ? given : [given];
  const statements = list.map((one, index) =>
    readStatement(one, several ? `Statement[${index}]` : "Statement", index, kind, version === "2012-10-17"),
  );
  return { version, statements };
}

const elements = [
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
];

function readStatement(
  value: unknown,
  place: string,
  index: number,
  kind: PolicyKind,
  variables: boolean,
): Statement {
  const object = asObject(value, place);
  only(object, elements, place);
  const sid = object["Sid"];
  if (sid !== undefined && typeof sid !== "string") throw new Invalid(`${place}.Sid`, "a Sid is a text");
  const effect = object["Effect"];
  if (effect !== "Allow" && effect !== "Deny")
    throw new Invalid(`${place}.Effect`, "the Effect is Allow or Deny");
  const conditions = parseConditions(object["Condition"], `${place}.Condition`, variables);
  if (!conditions.ok) throw new Invalid(conditions.error.place, conditions.error.message);
  return {
    sid: sid ?? null,
    index,
    effect,
    principals: readPrincipals(object, place, kind),
    actions: readActions(object, place),
    resources: readResources(object, place, kind, variables),
    conditions: conditions.value,
  };
}

function readActions(object: Json, place: string): Statement["actions"] {
  const [name, value] = oneOf(object, "Action", "NotAction", place);
  if (value === undefined) throw new Invalid(place, "a statement has an Action or a NotAction");
  const texts = asTexts(value, `${place}.${name}`);
  for (const text of texts) {
    if (text !== "*" && !/^[A-Za-z0-9-]+:[A-Za-z0-9*?]+$/.test(text) && !/^[*?A-Za-z0-9:-]+$/.test(text)) {
      throw new Invalid(`${place}.${name}`, `${JSON.stringify(text)} is not an action such as s3:GetObject`);
    }
  }
  const patterns = texts.map((text) => compileWildcard(text.toLowerCase()));
  return { not: name === "NotAction", texts, patterns };
}

function readResources(
  object: Json,
  place: string,
  kind: PolicyKind,
  variables: boolean,
): Statement["resources"] {
  const [name, value] = oneOf(object, "Resource", "NotResource", place);
  if (value === undefined) {
    if (kind === "trust" || kind === "resource") return null;
    throw new Invalid(place, "a statement has a Resource or a NotResource");
  }
  if (kind === "trust") throw new Invalid(`${place}.${name}`, "a trust policy has no resource");
  const templates = asTexts(value, `${place}.${name}`).map((text) => {
    const template = parseTemplate(text, variables);
    if ("error" in template) throw new Invalid(`${place}.${name}`, template.error);
    return template;
  });
  return { not: name === "NotResource", templates };
}

function readPrincipals(object: Json, place: string, kind: PolicyKind): Statement["principals"] {
  const [name, value] = oneOf(object, "Principal", "NotPrincipal", place);
  const needed =
    kind === "resource" || kind === "trust" || kind === "resource-control" || kind === "vpc-endpoint";
  if (value === undefined) {
    if (needed) throw new Invalid(place, "a statement of this kind of policy has a Principal");
    return null;
  }
  if (!needed) throw new Invalid(`${place}.${name}`, "this kind of policy has no principal");
  const not = name === "NotPrincipal";
  if (value === "*") return { not, patterns: [{ type: "*", value: "*" }] };
  const types = asObject(value, `${place}.${name}`);
  const patterns = Object.entries(types).flatMap(([type, values]): PrincipalPattern[] => {
    if (type !== "AWS" && type !== "Service" && type !== "Federated" && type !== "CanonicalUser") {
      throw new Invalid(
        `${place}.${name}.${type}`,
        "a principal is AWS, Service, Federated or CanonicalUser",
      );
    }
    return asTexts(values, `${place}.${name}.${type}`).map((text) => ({ type, value: text }));
  });
  return { not, patterns };
}

type Json = Readonly<Record<string, unknown>>;

function oneOf(object: Json, plain: string, not: string, place: string): readonly [string, unknown] {
  if (object[plain] !== undefined && object[not] !== undefined) {
    throw new Invalid(place, `a statement has ${plain} or ${not}, not both`);
  }
  return object[not] === undefined ? [plain, object[plain]] : [not, object[not]];
}

function only(object: Json, known: readonly string[], place: string): void {
  for (const name of Object.keys(object)) {
    if (!known.includes(name))
      throw new Invalid(place === "" ? name : `${place}.${name}`, "this element is unknown");
  }
}

function asObject(value: unknown, place: string): Json {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new Invalid(place === "" ? "(document)" : place, "this is a JSON object");
  }
  return value as Json;
}

function asTexts(value: unknown, place: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((one, index) => {
    if (typeof one !== "string" || one === "") {
      throw new Invalid(
        Array.isArray(value) ? `${place}[${index}]` : place,
        "this is a text that is not empty",
      );
    }
    return one;
  });
}
