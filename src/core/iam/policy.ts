import { type Condition, parseConditions } from "./conditions.ts";
import { everyone, type PrincipalElement, type PrincipalPattern, parsePrincipal } from "./principals.ts";
import { parseTemplate, type Template } from "./template.ts";
import { compileWildcard, type Wildcard } from "./wildcard.ts";

/** What a document is attached to: decides which elements it must and may not have. */
export type PolicyKind =
  /** Also permissions boundaries and session policies, which are written like identity policies. */
  "identity" | "resource" | "trust" | "scp" | "rcp" | "vpc-endpoint";

export interface PolicyError {
  /** Where in the document: `Statement[1].Action`. */
  readonly place: string;
  readonly message: string;
}

/** One statement, compiled once. */
export interface Statement {
  readonly sid: string | null;
  readonly index: number;
  readonly effect: "Allow" | "Deny";
  readonly principals: PrincipalElement | null;
  readonly actions: {
    readonly not: boolean;
    /** As written. */
    readonly texts: readonly string[];
    /** In lower case. */
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
 * Reads and compiles a policy document: its JSON value, or its text, plain or URL-encoded as IAM's API gives it. Names
 * of elements and effects are case-sensitive. An invalid document is an error with the place, never half a policy.
 * A `written` document has not met AWS yet, and is held to the grammar's letter; of one that is in force, oddities that
 * change nothing (an empty list, an Id) are let pass.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
export function parsePolicy(
  document: unknown,
  kind: PolicyKind = "identity",
  state: "in-force" | "written" = "in-force",
): Parsed<Policy> {
  try {
    const value = typeof document === "string" ? readJson(document) : document;
    const policy = readPolicy(value, kind);
    if (state === "written") refuseOddities(value, policy, kind);
    return { ok: true, value: policy };
  } catch (error) {
    if (error instanceof Invalid) return { ok: false, error: { place: error.place, message: error.message } };
    throw error;
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text.startsWith("%7B") || text.startsWith("%7b") ? decodeURIComponent(text) : text);
  } catch {
    throw new Invalid("document", "the text is not JSON");
  }
}

function readPolicy(document: unknown, kind: PolicyKind): Policy {
  const object = asObject(document, "document");
  onlyKnown(object, ["Version", "Id", "Statement"], "");
  const version = object["Version"] ?? "2008-10-17";
  if (version !== "2012-10-17" && version !== "2008-10-17") {
    throw new Invalid("Version", 'the version of the policy language is "2012-10-17" or "2008-10-17"');
  }
  if (object["Id"] !== undefined && typeof object["Id"] !== "string")
    throw new Invalid("Id", "an Id is a text");
  const given = object["Statement"];
  if (given === undefined) throw new Invalid("Statement", "a policy has statements");
  const several = Array.isArray(given);
  const list: readonly unknown[] = several ? given : [given];
  const statements = list.map((one, index) =>
    readStatement(one, several ? `Statement[${index}]` : "Statement", index, kind, version === "2012-10-17"),
  );
  if (kind === "identity") refuseRepeatedSids(statements);
  return { version, statements };
}

/** What the grammar forbids though its meaning would be clear: a list without a value, an Id, a key in two spellings. */
function refuseOddities(document: unknown, { statements }: Policy, kind: PolicyKind): void {
  const object = asObject(document, "document");
  if (object["Id"] !== undefined && (kind === "identity" || kind === "scp"))
    throw new Invalid("Id", "this kind of policy has no Id");
  const given = object["Statement"];
  const several = Array.isArray(given);
  const list: readonly unknown[] = several ? given : [given];
  if (list.length === 0) throw new Invalid("Statement", "a policy has at least one statement");
  for (const { index, conditions } of statements) {
    const place = several ? `Statement[${index}]` : "Statement";
    const statement = asObject(list[index], place);
    for (const name of ["Action", "NotAction", "Resource", "NotResource"]) {
      const value = statement[name];
      if (Array.isArray(value) && value.length === 0)
        throw new Invalid(`${place}.${name}`, "the list is empty");
    }
    const seen = new Set<string>();
    for (const { operator, key, lowerKey } of conditions) {
      const once = `${operator.toLowerCase()} ${lowerKey}`;
      if (seen.has(once)) throw new Invalid(`${place}.Condition.${operator}.${key}`, "the key stands twice");
      seen.add(once);
    }
  }
}

function refuseRepeatedSids(statements: readonly Statement[]): void {
  const seen = new Set<string>();
  for (const { sid, index } of statements) {
    if (sid === null || sid === "") continue;
    if (seen.has(sid)) throw new Invalid(`Statement[${index}].Sid`, `the Sid "${sid}" stands twice`);
    seen.add(sid);
  }
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
  onlyKnown(object, elements, `${place}.`);
  const sid = object["Sid"];
  if (sid !== undefined && typeof sid !== "string") throw new Invalid(`${place}.Sid`, "a Sid is a text");
  if (sid !== undefined && kind === "identity" && !/^[A-Za-z0-9]*$/.test(sid)) {
    throw new Invalid(`${place}.Sid`, `"${sid}" has other characters than letters and digits`);
  }
  const effect = object["Effect"];
  if (effect !== "Allow" && effect !== "Deny") {
    throw new Invalid(`${place}.Effect`, 'the Effect is "Allow" or "Deny"');
  }
  const conditions = parseConditions(object["Condition"], `${place}.Condition`, variables);
  if (!conditions.ok) throw new Invalid(conditions.error.place, conditions.error.message);
  return {
    sid: sid ?? null,
    index,
    effect,
    principals: readPrincipals(object, place, kind, effect),
    actions: readActions(object, place, kind),
    resources: readResources(object, place, kind, variables),
    conditions: conditions.value,
  };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html */
function readActions(object: Json, place: string, kind: PolicyKind): Statement["actions"] {
  const [name, value] = oneOf(object, "Action", "NotAction", place);
  const at = `${place}.${name}`;
  if (value === undefined) throw new Invalid(at, "a statement has an Action or a NotAction");
  if (kind === "rcp" && name === "NotAction") {
    throw new Invalid(at, "a resource control policy knows no NotAction");
  }
  const texts = asTexts(value, at);
  for (const [text, where] of placed(texts, value, at)) {
    if (text !== "*" && !/^[A-Za-z0-9*?-]+:[A-Za-z0-9*?_]+$/.test(text)) {
      throw new Invalid(where, `"${text}" is not an action: it is written service:Name`);
    }
    if (kind === "trust" && text !== "*" && !/^sts:/i.test(text)) {
      throw new Invalid(where, `"${text}" is not an action of STS, and a trust policy knows no others`);
    }
  }
  return {
    not: name === "NotAction",
    texts,
    patterns: texts.map((text) => compileWildcard(text.toLowerCase())),
  };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html */
function readResources(
  object: Json,
  place: string,
  kind: PolicyKind,
  variables: boolean,
): Statement["resources"] {
  const [name, value] = oneOf(object, "Resource", "NotResource", place);
  const at = `${place}.${name}`;
  if (value === undefined) {
    if (kind === "trust" || kind === "resource") return null;
    throw new Invalid(at, "a statement has a Resource or a NotResource");
  }
  if (kind === "trust") throw new Invalid(at, "a trust policy names no resource: it stands for its role");
  const texts = asTexts(value, at);
  const templates = placed(texts, value, at).map(([text, where]) => {
    // Services that own a resource policy may write resources in their own way (`execute-api:/*`).
    if (kind !== "resource" && kind !== "vpc-endpoint" && !isArnPattern(text)) {
      throw new Invalid(where, `"${text}" is neither an ARN nor "*"`);
    }
    const template = parseTemplate(text, variables);
    if ("error" in template) throw new Invalid(where, template.error);
    return template;
  });
  return { not: name === "NotResource", templates };
}

/** An ARN in full, or the beginning of one up to a star. */
function isArnPattern(text: string): boolean {
  if (/^\*+$/.test(text)) return true;
  const parts = text.split(":");
  return (parts[0] === "arn" || parts[0] === "arn*") && (parts.length >= 6 || text.endsWith("*"));
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html */
function readPrincipals(
  object: Json,
  place: string,
  kind: PolicyKind,
  effect: "Allow" | "Deny",
): Statement["principals"] {
  const [name, value] = oneOf(object, "Principal", "NotPrincipal", place);
  const at = `${place}.${name}`;
  if (kind === "identity" || kind === "scp") {
    if (value === undefined) return null;
    throw new Invalid(at, "this kind of policy names no principal: it stands for whom it is attached to");
  }
  if (value === undefined) throw new Invalid(at, "a statement of this kind of policy has a Principal");
  const not = name === "NotPrincipal";
  if (not) refuseNotPrincipal(at, kind, effect);
  if (value === "*") return { not, patterns: [everyone] };
  if (kind === "rcp") throw new Invalid(at, 'the Principal of a resource control policy is "*"');
  const map = asObject(value, at);
  const patterns = Object.entries(map).flatMap(([type, values]): readonly PrincipalPattern[] => {
    if (type !== "AWS" && type !== "Service" && type !== "Federated" && type !== "CanonicalUser") {
      throw new Invalid(`${at}.${type}`, "a principal is AWS, Service, Federated or CanonicalUser");
    }
    return placed(asTexts(values, `${at}.${type}`), values, `${at}.${type}`).map(([text, where]) => {
      const pattern = parsePrincipal(type, text);
      if ("error" in pattern) throw new Invalid(where, pattern.error);
      return pattern;
    });
  });
  if (Object.keys(map).length === 0) throw new Invalid(at, "a Principal names somebody");
  return { not, patterns };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html */
function refuseNotPrincipal(at: string, kind: PolicyKind, effect: "Allow" | "Deny"): void {
  if (kind === "trust") throw new Invalid(at, "a trust policy knows no NotPrincipal");
  if (kind === "rcp") throw new Invalid(at, "a resource control policy knows no NotPrincipal");
  if (effect === "Allow") throw new Invalid(at, "NotPrincipal stands only with Deny");
}

type Json = Readonly<Record<string, unknown>>;

/** The one of two elements that stands there; the plain name where neither does. */
function oneOf(object: Json, plain: string, not: string, place: string): readonly [string, unknown] {
  if (object[plain] !== undefined && object[not] !== undefined) {
    throw new Invalid(`${place}.${not}`, `a statement has ${plain} or ${not}, not both`);
  }
  return object[not] === undefined ? [plain, object[plain]] : [not, object[not]];
}

function onlyKnown(object: Json, known: readonly string[], prefix: string): void {
  for (const name of Object.keys(object)) {
    if (!known.includes(name))
      throw new Invalid(`${prefix}${name}`, `a policy has no element "${name}" here`);
  }
}

function asObject(value: unknown, place: string): Json {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new Invalid(place, "this is not an object");
  }
  return value as Json;
}

/** One text or a list of texts. */
function asTexts(value: unknown, place: string): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((one, index) => {
    if (typeof one === "string" && one !== "") return one;
    throw new Invalid(
      Array.isArray(value) ? `${place}[${index}]` : place,
      "this is not a text, or it is empty",
    );
  });
}

/** Each text with the place where it stands. */
function placed(
  texts: readonly string[],
  value: unknown,
  at: string,
): readonly (readonly [string, string])[] {
  return texts.map((text, index) => [text, Array.isArray(value) ? `${at}[${index}]` : at]);
}
