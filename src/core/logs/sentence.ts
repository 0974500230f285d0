import type { AwsErrorKind } from "./aws-error.ts";
import { type Reason, reasonOf } from "./deny-layer.ts";

/** A denial that is spelled out: who may not do what, where, and which layer says so. */
export interface SpelledDenial extends Reason {
  readonly kind: AwsErrorKind;
  readonly principalArn: string | null;
  readonly action: string;
  /** Null: the action that was asked for. */
  readonly missingAction: string | null;
  readonly resource: string | null;
  /** What follows in the text, where the request id stands. */
  readonly rest: string;
}

export const webIdentityAction = "sts:AssumeRoleWithWebIdentity";

const action = "(?<action>[A-Za-z0-9-]{2,40}: ?[A-Za-z0-9*]{1,80})";
/** What a person put in the place of a name may hold spaces: `<<role name>>`, `[my bucket]`. */
const redacted = String.raw`<<[^<>]{1,60}>>|<[^<>]{1,60}>|\[[^\[\]]{1,60}\]|\{[^{}]{1,60}\}`;
const kinds =
  "role|user|group|policy|instance profile|access key|server certificate|mfa device|saml provider";
/** S3 quotes ARNs, IAM says `role NAME`, Secrets Manager may give a bare name. */
const resource = String.raw`(?<resource>"[^"]{1,1000}"|'[^']{1,1000}'|(?:${kinds}) [\w+=,.@/*<>:-]{1,300}|(?:${redacted}|[^\s,;)"'\`]){1,1000})`;

const sentence = new RegExp(
  `(?:is|are) not authori[sz]ed to perform ?:? ?(?:the )?(?:action ?:? ?)?["'\`]?${action}["'\`]?(?: on(?: the)? resources? ?:? ?${resource})?`,
  "g",
);
/** So much may stand between the caller and the verb, and after the sentence. */
const reach = 700;
const restLength = 500;

/**
 * Every such sentence of a text on one line. The words are those of
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function spelledDenials(text: string): readonly SpelledDenial[] {
  let from = 0;
  return [...text.matchAll(sentence)].map((match): SpelledDenial => {
    const { groups = {}, index } = match;
    const asked = (groups["action"] ?? "").replace(" ", "");
    const before = text.slice(Math.max(from, index - reach), index);
    from = index + match[0].length;
    const rest = text.slice(from, from + restLength);
    const { missingAction, ...reason } = reasonOf(rest);
    return {
      kind: asked === webIdentityAction ? "assume-role-web-identity-denied" : "access-denied",
      principalArn: principalBefore(before),
      action: asked,
      missingAction: missingAction === asked ? null : missingAction,
      resource: resourceOf(groups["resource"] ?? "") || null,
      ...reason,
      rest,
    };
  });
}

const introduced = /\b(?:User|Role|Principal|Caller)(?: ?: ?| (?=arn:))/g;
const placeholder = new RegExp(redacted, "g");

/** An ARN, a name, or what a person put in its place: `<<role name>>`, `***`. */
function principalBefore(before: string): string | null {
  const start = [...before.matchAll(introduced)].at(-1);
  if (start !== undefined) {
    const said = before.slice(start.index + start[0].length).trim();
    if (said.startsWith("arn:")) return withoutBreaks(said);
    if (!said.replace(placeholder, "").includes(" ")) return unquoted(said) || null;
  }
  return /(?:^|[\s"'([])(arn:[^\s"']{1,600}) ?$/.exec(before)?.[1] ?? null;
}

/** What wraps lines puts white space into an ARN; only what stands for a name may hold it. */
function withoutBreaks(arn: string): string {
  const parts = arn.split(placeholder);
  const names = arn.match(placeholder) ?? [];
  return unquoted(parts.map((part, at) => part.replaceAll(" ", "") + (names[at] ?? "")).join(""));
}

function unquoted(text: string): string {
  return text.replace(/^["'`]|["'`]$/g, "");
}

/**
 * Without the quotes of S3, the mark that ends an XML element and the stop that ends a sentence; a log stream's ARN may end in a colon of its own, and who
 * shortens writes several stops.
 */
function resourceOf(text: string): string {
  if (/^["']/.test(text)) return text.slice(1, -1).replaceAll(" ", "");
  let bare = text.replace(/<\/[A-Za-z].*$/, "").replace(/(?<!["'`])["'`]+$/, "");
  if (!/\.\.$|:log-stream:$/.test(bare)) bare = bare.replace(/(?<![.:,])[.:,]+$/, "");
  for (const [open, close] of ["[]", "{}", "<>"].map((pair) => [...pair]) as [string, string][]) {
    while (bare.endsWith(close) && !bare.includes(open)) bare = bare.slice(0, -1);
  }
  return bare.replace(/(?<!\.)\.$/, "");
}
