import { isForm, type NeededAccess, type PolicyStatement, statementFor } from "./iam/least-privilege.ts";
import type { JsonValue } from "./json.ts";
import type { ManualStep } from "./plan.ts";
import { shellWord } from "./shell.ts";

/** The step that gives a role another trust policy; `document` null: only a person can say what it should be. */
export function trustStep(title: string, roleName: string, document: JsonValue | null): ManualStep {
  const role = `--role-name ${shellWord(roleName)}`;
  return {
    title,
    command:
      document === null
        ? `aws iam get-role ${role}`
        : `aws iam update-assume-role-policy ${role} --policy-document ${shellWord(JSON.stringify(document))}`,
  };
}

/** The step that allows a role what it was denied, and nothing more. */
export function allowStep(
  roleName: string,
  needed: readonly NeededAccess[],
  policyName = `${roleName}-denied-calls`,
): ManualStep {
  const statements = allowStatements(needed);
  const document = { Version: "2012-10-17", Statement: statements };
  const form = statements.some(isForm) ? "; put in what stands in <>, which the log does not tell" : "";
  return {
    title: `Allow role ${roleName} exactly what was denied${form}`,
    command: `aws iam put-role-policy --role-name ${shellWord(roleName)} --policy-name ${shellWord(policyName.slice(0, 128))} --policy-document ${shellWord(JSON.stringify(document))}`,
  };
}

function allowStatements(needed: readonly NeededAccess[]): readonly PolicyStatement[] {
  const statements = needed.map(statementFor);
  return [...new Map(statements.map((one) => [JSON.stringify(one), one])).values()];
}
