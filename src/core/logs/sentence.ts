import type { AwsErrorKind, DenyLayer } from "./aws-error.ts";

/** A denial that is spelled out: who may not do what, where, and which layer says so. */
export interface SpelledDenial {
  readonly kind: AwsErrorKind;
  readonly principalArn: string | null;
  readonly action: string;
  /** Null: the action that was asked for. */
  readonly missingAction: string | null;
  readonly resource: string | null;
  readonly denyLayer: DenyLayer | null;
  readonly policyArn: string | null;
  /** What follows in the text, where the request id stands. */
  readonly rest: string;
}

export const webIdentityAction = "sts:AssumeRoleWithWebIdentity";

/** An ARN, a name, or what a person put in its place: `<<role name>>`, `***`. */
const principal = String.raw`User ?: ?(?<principal>\S{1,600}(?: name>>?| id>)?) `;
const action = "(?<action>[A-Za-z0-9-]{2,40}:[A-Za-z0-9*]{1,80})";
/** S3 quotes ARNs, IAM says `role NAME`, Secrets Manager may give a bare name. */
const resource = String.raw`(?<resource>"[^"]{1,1000}"|(?:role|user|group|policy|instance profile|access key) [\w+=,.@/*-]{1,200}|[^\s,;)"]{1,1000})`;

const sentence = new RegExp(
  `(?:${principal})?is not authorized to perform ?:? ?${action}(?: on(?: the)? resources? ?:? ?${resource})?(?=(?<rest>.{0,500}))`,
  "g",
);

/**
 * Every such sentence of a text on one line. The words are those of
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function spelledDenials(text: string): readonly SpelledDenial[] {
  return [...text.matchAll(sentence)].map(({ groups = {} }): SpelledDenial => {
    const asked = groups["action"] ?? "";
    const rest = groups["rest"] ?? "";
    const { missingAction, ...layer } = layerOf(rest);
    return {
      kind: asked === webIdentityAction ? "assume-role-web-identity-denied" : "access-denied",
      principalArn: groups["principal"] ?? null,
      action: asked,
      missingAction: missingAction === asked ? null : missingAction,
      resource: groups["resource"] === undefined ? null : trimmed(groups["resource"]),
      ...layer,
      rest,
    };
  });
}

/** Without the quotes of S3 and the stop that ends a sentence; a log stream's ARN may end in a colon of its own. */
function trimmed(text: string): string {
  const bare = text.replace(/^\\?"|\\?"$/g, "");
  return /:log-stream:$/.test(bare) ? bare : bare.replace(/["'.:]+$/, "");
}

const layerNames =
  "identity-based|resource-based|service control|resource control|permissions boundary|permissions boundaries|sessions?|VPC endpoint|role trust";
const implicit = new RegExp(
  `^.{0,40}?because no (${layerNames})(?: policy| policies)? allows? the ([A-Za-z0-9-]+:[A-Za-z0-9*]+) action`,
  "i",
);
const explicit = new RegExp(
  `^.{0,40}?with an explicit deny in (?:an?|the) (${layerNames})(?: policy| policies)?(?: transitively through a service control policy)?(?:: ?(arn:[^\\s,;)]{1,400}))?`,
  "i",
);

function layerOf(rest: string): Pick<SpelledDenial, "denyLayer" | "missingAction" | "policyArn"> {
  const none = implicit.exec(rest);
  if (none !== null) {
    const denyLayer = layers[(none[1] ?? "").toLowerCase()]?.implicit ?? null;
    return { denyLayer, missingAction: none[2] ?? null, policyArn: null };
  }
  const denied = explicit.exec(rest);
  if (denied === null) return { denyLayer: null, missingAction: null, policyArn: null };
  const denyLayer = layers[(denied[1] ?? "").toLowerCase()]?.explicit ?? null;
  return { denyLayer, missingAction: null, policyArn: denied[2]?.replace(/[.:]+$/, "") ?? null };
}

const same = (layer: DenyLayer) => ({ implicit: layer, explicit: layer });
/** A role's trust policy is a policy on the role. */
const layers: Readonly<Record<string, { readonly implicit: DenyLayer; readonly explicit: DenyLayer }>> = {
  "identity-based": { implicit: "identity-based", explicit: "explicit-deny-identity-based" },
  "resource-based": { implicit: "resource-based", explicit: "explicit-deny-resource-based" },
  "role trust": { implicit: "resource-based", explicit: "explicit-deny-resource-based" },
  "service control": same("scp"),
  "resource control": same("rcp"),
  "permissions boundary": same("permissions-boundary"),
  "permissions boundaries": same("permissions-boundary"),
  session: same("session"),
  sessions: same("session"),
  "vpc endpoint": same("vpc-endpoint"),
};
