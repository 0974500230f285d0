import { parseArn } from "./arn.ts";
import type { NamedPolicy } from "./policy.ts";
import { covers } from "./wildcard.ts";

export interface PolicyStatement {
  readonly Effect: "Allow";
  readonly Action: string;
  readonly Resource: string;
}

/** An access as a denial tells it. */
export interface NeededAccess {
  readonly action: string;
  /** Null: the denial names none. */
  readonly resource: string | null;
}

/**
 * The narrowest statement that allows what was denied. The star alone stands only where the denial names no resource
 * (lists and describes have none); a bare name becomes the ARN that the service gives such a name, in any Region.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export function statementFor(denied: NeededAccess): PolicyStatement {
  return { Effect: "Allow", Action: denied.action, Resource: resourceFor(denied) };
}

function resourceFor({ action, resource }: NeededAccess): string {
  const named = resource?.replace(/^"(.*)"$/, "$1") ?? "";
  if (named === "" || named === "*") return "*";
  const literal = literally(named);
  if (parseArn(named) !== null) return literal;
  const service = action.slice(0, action.indexOf(":")).toLowerCase();
  const [kind, name] = literal.split(" ");
  if (service === "iam" && (kind === "role" || kind === "user") && name !== undefined)
    return `arn:*:iam::*:${kind}/${name}`;
  if (service === "secretsmanager") return `arn:*:secretsmanager:*:*:secret:${literal}-??????`;
  if (service === "ssm") return `arn:*:ssm:*:*:parameter/${literal.replace(/^\//, "")}`;
  return `arn:*:${service}:*:*:*${literal}`;
}

/** What a policy would take for a wildcard or a variable is escaped: the resource was named as it is. */
function literally(text: string): string {
  return text.replace(/[*?]|\$(?=\{)/g, (special) => `\${${special}}`);
}

/**
 * What policies allow beyond a need, as the action patterns that they hold, sorted: `s3:*`, `dynamodb:*`. A pattern
 * counts when it has a wildcard or names an action that was not needed. Empty: nothing beyond.
 */
export function excess(policies: readonly NamedPolicy[], needed: readonly NeededAccess[]): readonly string[] {
  const allowed = policies.flatMap(({ policy }) =>
    policy.statements
      .filter((statement) => statement.effect === "Allow")
      .flatMap(({ actions: { not, texts } }) => (not ? [`everything but ${texts.join(", ")}`] : texts)),
  );
  const beyond = allowed.filter(
    (text) => /[*?]/.test(text) || !needed.some((need) => covers(text, need.action)),
  );
  return [...new Set(beyond)].sort();
}
