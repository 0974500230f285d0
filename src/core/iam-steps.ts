import { type NeededAccess, statementFor } from "./iam/least-privilege.ts";
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
export function allowStep(roleName: string, needed: readonly NeededAccess[]): ManualStep {
  const statements = new Map(needed.map((need) => [JSON.stringify(need), statementFor(need)]));
  const document = { Version: "2012-10-17", Statement: [...statements.values()] };
  return {
    title: `Allow role ${roleName} exactly what was denied`,
    command: `aws iam put-role-policy --role-name ${shellWord(roleName)} --policy-name ${shellWord(`${roleName}-denied-calls`)} --policy-document ${shellWord(JSON.stringify(document))}`,
  };
}
