import type { NamedPolicy } from "./policy.ts";
import { covers } from "./wildcard.ts";

export interface PolicyStatement {
  readonly Effect: "Allow";
  readonly Action: string;
  readonly Resource: string;
}

export interface NeededAccess {
  readonly action: string;
  readonly resource: string | null;
}

/**
 * The narrowest statement that allows what was denied. Only calls that name no resource (lists, describes) need the
 * star: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export function statementFor(denied: NeededAccess): PolicyStatement {
  return { Effect: "Allow", Action: denied.action, Resource: denied.resource ?? "*" };
}

/**
 * What policies allow beyond a need, as the action patterns that they hold, sorted: `s3:*`, `dynamodb:*`. A pattern
 * counts when it has a wildcard or names an action that was not needed. Empty: nothing beyond.
 */
export function excess(policies: readonly NamedPolicy[], needed: readonly NeededAccess[]): readonly string[] {
  const allowed = policies.flatMap(({ policy }) =>
    policy.statements
      .filter((statement) => statement.effect === "Allow")
      .flatMap((statement) =>
        statement.actions.not
          ? [`everything but ${statement.actions.texts.join(", ")}`]
          : statement.actions.texts,
      ),
  );
  const beyond = allowed.filter(
    (text) => /[*?]/.test(text) || !needed.some((need) => covers(text, need.action)),
  );
  return [...new Set(beyond)].sort();
}
