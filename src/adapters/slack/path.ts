import type { Diagnosis } from "../../core/diagnosis.ts";
import type { stages } from "../../core/rule.ts";
import { code, join, type Mrkdwn, md } from "./mrkdwn.ts";

/**
 * The way of a call in one line, with a cross where it breaks:
 * pod → service account → ✗ association → node role → ✗ dynamodb:Query.
 */
export function drawPath(diagnosis: Diagnosis): Mrkdwn {
  const { question, identity, cause } = diagnosis;
  const broken = (stage: (typeof stages)[number]) => cause?.stage === stage;
  const { expected, injected, used } = identity;
  const steps: Mrkdwn[] = [md`${(question.kind ?? "workload").toLowerCase()} ${code(question.name)}`];
  if (identity.serviceAccount != null) steps.push(md`service account ${code(identity.serviceAccount)}`);
  if (expected === null) steps.push(md`? identity`);
  else if (expected.mechanism === "none")
    steps.push(md`${broken("identity-configuration") ? "✗ " : ""}no identity configured`);
  else
    steps.push(
      md`${broken("identity-configuration") ? "✗ " : ""}${nameOf[expected.mechanism]} ${code(roleName(expected.roleArn))}`,
    );
  if (expected !== null && expected.mechanism !== "none") {
    const carried =
      injected === null ? "no pod" : injected.mechanism === "none" ? "nothing injected" : "injected";
    steps.push(md`${broken("injection") ? "✗ " : ""}${carried}`);
    if (broken("token-and-agent")) steps.push(md`✗ token and agent`);
    if (broken("role-assumption")) steps.push(md`✗ role not assumed`);
  }
  if (used !== null) {
    const { mechanism, principalArn } = used;
    steps.push(
      md`${broken("credential-selection") ? "✗ " : ""}${usedName[mechanism]} ${code(sessionRole(principalArn))}`,
    );
  } else if (diagnosis.denials.some((denial) => denial.kind === "no-credentials" && !denial.history)) {
    steps.push(md`no credentials`);
  }
  const denied = diagnosis.denials.find(
    (denial) => !denial.history && denial.kind === "access-denied" && denial.action !== null,
  );
  if (denied?.action) steps.push(md`✗ ${code(denied.action)}`);
  if (diagnosis.conclusion === "no-fault-found") steps.push(md`✓`);
  return join(steps, " → ");
}

const nameOf = { "pod-identity": "Pod Identity", irsa: "IRSA" } as const;
const usedName = {
  "pod-identity": "used",
  irsa: "used",
  "node-role": "node role",
  "static-keys": "static keys",
  "other-role": "another role",
} as const;

function roleName(roleArn: string | null): string {
  return roleArn === null ? "?" : roleArn.slice(roleArn.lastIndexOf("/") + 1);
}

/** `assumed-role/<role>/<session>`: the role is what people know. */
function sessionRole(principalArn: string | null): string {
  const [, role] = /assumed-role\/([^/]+)/.exec(principalArn ?? "") ?? [];
  return role ?? roleName(principalArn);
}
