import { cloudFormationOf } from "./as-code/cloudformation.ts";
import { eksctlOf } from "./as-code/eksctl.ts";
import { terraformOf } from "./as-code/terraform.ts";
import type { Plan } from "./diagnosis.ts";

/** The same fix in the languages of those who keep their accounts as code; null where a tool owns nothing of it. */
export interface AsCode {
  readonly terraform: string | null;
  readonly eksctl: string | null;
  readonly cloudformation: string | null;
}

export function asCodeOf(plan: Plan): AsCode {
  const changes = plan.changes.map(({ change }) => change);
  const policies = plan.manual.flatMap(({ rolePolicy }) => rolePolicy ?? []);
  return {
    terraform: terraformOf(changes, policies),
    eksctl: eksctlOf(changes),
    cloudformation: cloudFormationOf(changes, policies),
  };
}

/** The texts that there are, each with the tool's name. */
export function codeBlocks(plan: Plan): readonly { readonly tool: string; readonly text: string }[] {
  const { terraform, eksctl, cloudformation } = asCodeOf(plan);
  return [
    ["Terraform", terraform] as const,
    ["eksctl", eksctl] as const,
    ["CloudFormation", cloudformation] as const,
  ].flatMap(([tool, text]) => (text === null ? [] : [{ tool, text }]));
}
