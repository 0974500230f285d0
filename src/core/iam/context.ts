import { parseArn } from "./arn.ts";
import { accountOf, type Caller } from "./principals.ts";

/** What is known of a request, by condition key. Key names are not case-sensitive. */
export interface RequestContext {
  /** The values of a key (asked in lower case); undefined: the request does not carry it. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

const nothing: RequestContext = { values: new Map() };

/**
 * Joins what the caller gives with what the request itself shows; the caller's word wins. Keys without values count
 * as absent: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
 */
export function requestContext(
  given: Readonly<Record<string, readonly string[]>>,
  derived: readonly (readonly [key: string, value: string])[] = [],
): RequestContext {
  const values = new Map<string, readonly string[]>();
  for (const [key, value] of derived) values.set(key, [value]);
  for (const key in given) {
    const list = given[key];
    if (list === undefined) continue;
    if (list.length > 0) values.set(key.toLowerCase(), list);
    else values.delete(key.toLowerCase());
  }
  return values.size === 0 ? nothing : { values };
}

/**
 * Keys that the request itself shows; `action` in lower case. A session's role is taken to have no path unless
 * `aws:PrincipalArn` is given. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
export function derivedContext(
  caller: Caller,
  owner: string,
  action = "",
): readonly (readonly [string, string])[] {
  const derived: (readonly [string, string])[] = [];
  if (owner !== "") {
    derived.push(["aws:resourceaccount", owner]);
    if (action.startsWith("s3:")) derived.push(["s3:resourceaccount", owner]);
  }
  if (caller.kind === "service") {
    derived.push(["aws:principalisawsservice", "true"], ["aws:principalservicename", caller.name]);
    return derived;
  }
  derived.push(["aws:principalisawsservice", "false"], ["aws:principaltype", principalTypes[caller.kind]]);
  if (accountOf(caller) === "") return derived;
  const account = accountOf(caller);
  derived.push(["aws:principalaccount", account], ["aws:principalarn", principalArnOf(caller)]);
  if (action.startsWith("kms:")) derived.push(["kms:calleraccount", account]);
  if (caller.kind === "root") derived.push(["aws:userid", account]);
  if (caller.kind === "federated-user") {
    derived.push(["aws:userid", `${account}:${caller.arn.slice(caller.arn.indexOf("/") + 1)}`]);
  }
  if (caller.kind === "user")
    derived.push(["aws:username", caller.arn.slice(caller.arn.lastIndexOf("/") + 1)]);
  return derived;
}

const principalTypes: Readonly<Record<Exclude<Caller["kind"], "service">, string>> = {
  role: "AssumedRole",
  user: "User",
  root: "Account",
  "federated-user": "FederatedUser",
  federated: "FederatedUser",
  anonymous: "Anonymous",
  other: "Unknown",
};

function principalArnOf(caller: Caller): string {
  if (caller.kind !== "role") return "arn" in caller ? caller.arn : "";
  if (caller.roleArn !== null) return caller.roleArn;
  const partition = parseArn(caller.sessionArn ?? "")?.partition ?? "aws";
  return `arn:${partition}:iam::${caller.accountId}:role/${caller.roleName}`;
}
