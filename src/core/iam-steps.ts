import type { PolicyFacts } from "./evidence.ts";
import { farBeyond } from "./iam/excess.ts";
import {
  isForm,
  mayNeedStar,
  type NeededAccess,
  type PolicyStatement,
  statementFor,
} from "./iam/least-privilege.ts";
import { type NamedPolicy, parsePolicy } from "./iam/policy.ts";
import type { JsonValue } from "./json.ts";
import type { ManualStep } from "./plan.ts";
import { shellWord } from "./shell.ts";
import { listed } from "./subject.ts";

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

/** The command that shows a policy of a role in the version that is in force; of no known one, which ones there are. */
export function showPolicy(roleName: string, policy: PolicyFacts | undefined): string {
  const role = shellWord(roleName);
  if (policy === undefined) return `aws iam list-attached-role-policies --role-name ${role}`;
  if (policy.arn === null) {
    return `aws iam get-role-policy --role-name ${role} --policy-name ${shellWord(policy.name)}`;
  }
  const arn = shellWord(policy.arn);
  return `aws iam get-policy-version --policy-arn ${arn} --version-id "$(aws iam get-policy --policy-arn ${arn} --query Policy.DefaultVersionId --output text)"`;
}

interface AllowOptions {
  readonly policyName?: string;
  /** The role's own, where they are known. */
  readonly policies?: readonly PolicyFacts[];
}

/**
 * The step that allows a role what it was denied, and nothing more. An inline policy of the same name, from an earlier
 * time, keeps its statements. Says so where the role may do far more already.
 */
export function allowStep(
  roleName: string,
  needed: readonly NeededAccess[],
  { policyName = `${roleName}-denied-calls`, policies = [] }: AllowOptions = {},
): ManualStep {
  const statements = allowStatements(needed);
  const name = policyName.slice(0, 128);
  const earlier = policies.find((policy) => policy.arn === null && policy.name === name)?.document;
  const document = withStatements(
    earlier ?? null,
    statements.map((one) => ({ ...one })),
  );
  const star = statements.some(mayNeedStar) ? " (* alone, if the action has no resource)" : "";
  const form = statements.some(isForm)
    ? `; put in what stands in <>, which the log does not tell${star}`
    : "";
  const far = farBeyond(namedPolicies(policies), needed);
  const already = far.length === 0 ? "" : `; it already allows far more than that: ${listed(far)}`;
  return {
    title: `Allow role ${roleName} exactly what was denied${form}${already}`,
    command: `aws iam put-role-policy --role-name ${shellWord(roleName)} --policy-name ${shellWord(name)} --policy-document ${shellWord(JSON.stringify(document))}`,
    rolePolicy: { roleName, policyName: name, document },
  };
}

/** The policies that can be read; what cannot be says nothing here. */
export function namedPolicies(policies: readonly PolicyFacts[]): readonly NamedPolicy[] {
  return policies.flatMap(({ name, document }) => {
    const policy = parsePolicy(document, "identity");
    return policy.ok ? [{ name, policy: policy.value }] : [];
  });
}

/** One statement for each distinct access. */
export function allowStatements(needed: readonly NeededAccess[]): readonly PolicyStatement[] {
  const statements = needed.map(statementFor);
  return [...new Map(statements.map((one) => [JSON.stringify(one), one])).values()];
}

/** The policy with these statements beside its own; what is no policy document is replaced by one with them alone. */
export function withStatements(policy: JsonValue, added: readonly JsonValue[]): JsonValue {
  const isDocument = policy !== null && typeof policy === "object" && !Array.isArray(policy);
  const document = isDocument ? (policy as Readonly<Record<string, JsonValue>>) : { Version: "2012-10-17" };
  const own: JsonValue = "Statement" in document ? (document["Statement"] ?? []) : [];
  return { ...document, Statement: [...(Array.isArray(own) ? own : [own]), ...added] };
}
