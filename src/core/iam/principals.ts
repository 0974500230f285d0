import { isAccountId, parseArn, roleOfArn, roleOfSession, sameRole } from "./arn.ts";

/** Who a policy names, in one value of its `Principal` element. */
export interface PrincipalPattern {
  readonly type: "AWS" | "Service" | "Federated" | "CanonicalUser" | "*";
  /** As written. */
  readonly value: string;
  readonly names: Named;
}

type Named =
  | { readonly kind: "everyone" }
  | { readonly kind: "account"; readonly accountId: string }
  | { readonly kind: "role"; readonly accountId: string; readonly roleName: string; readonly arn: string }
  | { readonly kind: "arn"; readonly arn: string }
  /** A service, an identity provider, a canonical user. */
  | { readonly kind: "name"; readonly name: string }
  /** The unique id that AWS shows where the principal was deleted: nobody has it any more. */
  | { readonly kind: "deleted" };

/** Who asks. */
export type Caller =
  | {
      readonly kind: "role";
      readonly accountId: string;
      readonly roleName: string;
      /** With its path; null: only the session is known, whose ARN has none. */
      readonly roleArn: string | null;
      readonly sessionArn: string | null;
    }
  | {
      readonly kind: "user" | "federated-user" | "root" | "other";
      readonly accountId: string;
      readonly arn: string;
    }
  | { readonly kind: "service" | "federated"; readonly name: string }
  | { readonly kind: "anonymous" };

/**
 * How closely a statement names the caller. `account`: its account, which then decides by its own policies; `role`: the
 * role of a session; `direct`: the user or session itself, or everybody.
 */
export type Grant = "none" | "account" | "role" | "direct";

/** Reads one value of a `Principal` map; the error says what is wrong with it. */
export function parsePrincipal(
  type: "AWS" | "Service" | "Federated" | "CanonicalUser",
  value: string,
): PrincipalPattern | { readonly error: string } {
  if (value === "*") return { type, value, names: { kind: "everyone" } };
  if (type !== "AWS") return { type, value, names: { kind: "name", name: value } };
  if (/[*?]/.test(value)) {
    return { error: `"${value}" has a wildcard: a principal is named in full, or "*" stands for everybody` };
  }
  const names = awsPrincipal(value);
  return names === null
    ? { error: `"${value}" is neither an account id nor the ARN of an account, user, role or session` }
    : { type, value, names };
}

/** `"Principal": "*"` */
export const everyone: PrincipalPattern = { type: "*", value: "*", names: { kind: "everyone" } };

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html */
function awsPrincipal(value: string): Named | null {
  if (isAccountId(value)) return { kind: "account", accountId: value };
  if (/^A[A-Z0-9]{15,}$/.test(value)) return { kind: "deleted" };
  const arn = parseArn(value);
  if (arn === null || (arn.service !== "iam" && arn.service !== "sts")) return null;
  if (arn.service === "iam" && arn.resource === "root") return { kind: "account", accountId: arn.accountId };
  const role = roleOfArn(value);
  return role === null ? { kind: "arn", arn: value } : { kind: "role", ...role, arn: value };
}

/**
 * Reads who asks: an ARN, a 12-digit account id (its root user), a service's name, or `anonymous`. `roleArn` is the
 * role of a session where it is known; it must be of the same name.
 */
export function callerOf(principal: string, roleArn: string | null = null): Caller {
  const session = roleOfSession(principal);
  if (session !== null) {
    const { accountId, roleName } = session;
    const known = roleArn !== null && sameRole(principal, roleArn) ? roleArn : null;
    return { kind: "role", accountId, roleName, roleArn: known, sessionArn: principal };
  }
  const role = roleOfArn(principal);
  if (role !== null) return { kind: "role", ...role, roleArn: principal, sessionArn: null };
  if (isAccountId(principal)) {
    return { kind: "root", accountId: principal, arn: `arn:aws:iam::${principal}:root` };
  }
  if (principal === "*" || principal === "anonymous") return { kind: "anonymous" };
  const arn = parseArn(principal);
  if (arn === null) {
    const service = /^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$/.test(principal);
    return service ? { kind: "service", name: principal } : { kind: "other", accountId: "", arn: principal };
  }
  if (arn.service === "iam" && /^(oidc|saml)-provider\//.test(arn.resource)) {
    return { kind: "federated", name: principal };
  }
  // CloudFront's identities stand where an account would: they have none.
  const accountId = isAccountId(arn.accountId) ? arn.accountId : "";
  if (arn.service === "iam" && arn.resource === "root") return { kind: "root", accountId, arn: principal };
  if (arn.service === "iam" && arn.resource.startsWith("user/"))
    return { kind: "user", accountId, arn: principal };
  if (arn.service === "sts" && arn.resource.startsWith("federated-user/")) {
    return { kind: "federated-user", accountId, arn: principal };
  }
  return { kind: "other", accountId, arn: principal };
}

/** The account of the caller; empty: it has none (a service, an identity provider, an identity of CloudFront, nobody). */
export function accountOf(caller: Caller): string {
  return "accountId" in caller ? caller.accountId : "";
}

export interface PrincipalElement {
  readonly not: boolean;
  readonly patterns: readonly PrincipalPattern[];
}

/**
 * How the element names the caller. `bounded` says whether a permissions boundary is attached to it: a `NotPrincipal`
 * then spares nobody. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
 */
export function grantOf(element: PrincipalElement, caller: Caller, bounded: boolean): Grant {
  if (element.not) return !bounded && isSpared(element.patterns, caller) ? "none" : "direct";
  let best: Grant = "none";
  for (const { names } of element.patterns) {
    const grant = grantOfOne(names, caller);
    if (grant === "direct") return grant;
    if (grant === "role" || best === "none") best = grant;
  }
  return best;
}

/** The name of a caller that is no ARN: a service, a public identity provider, a canonical user id. */
function nameOf(caller: Caller): string | null {
  if ("name" in caller) return caller.name;
  return caller.kind === "other" ? caller.arn : null;
}

function grantOfOne(names: Named, caller: Caller): Grant {
  switch (names.kind) {
    case "everyone":
      return "direct";
    case "account":
      if (accountOf(caller) !== names.accountId) return "none";
      return caller.kind === "root" ? "direct" : "account";
    case "role":
      if (caller.kind !== "role" || caller.accountId !== names.accountId) return "none";
      if (caller.roleArn !== null) return caller.roleArn === names.arn ? "role" : "none";
      return caller.roleName === names.roleName ? "role" : "none";
    case "arn":
      if (caller.kind === "role") return caller.sessionArn === names.arn ? "direct" : "none";
      return "arn" in caller && caller.arn === names.arn ? "direct" : "none";
    case "name":
      return nameOf(caller) === names.name ? "direct" : "none";
    case "deleted":
      return "none";
  }
}

/**
 * A user or role is spared only together with its account, a session only together with its role and its account: AWS
 * looks at each of them. A caller that is known as a role only, and not as a session, is spared like one.
 */
function isSpared(patterns: readonly PrincipalPattern[], caller: Caller): boolean {
  let itself = false;
  let role = false;
  let account = false;
  for (const { names } of patterns) {
    if (names.kind === "everyone") return true;
    const grant = grantOfOne(names, caller);
    if (grant === "account") account = true;
    else if (grant === "role") role = true;
    else if (grant === "direct") itself = true;
  }
  if (caller.kind === "role") return account && role && (itself || caller.sessionArn === null);
  return itself && (account || accountOf(caller) === "" || caller.kind === "root");
}
