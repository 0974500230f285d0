import {
  AttachRolePolicyCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  type IAMClient,
  ListAttachedRolePoliciesCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import type { ChangeExecutor } from "../../../app/ports.ts";
import { canonical, type JsonValue } from "../../../core/json.ts";
import type { ChangeOfKind, RoleTarget } from "../../../core/plan.ts";
import { explain } from "../refusal.ts";
import { reverting, type SettleOptions, settling } from "./reconcile.ts";

type Trust = ChangeOfKind<"iam.role.trust-policy">;
type Attach = ChangeOfKind<"iam.role.attach-policy">;

/**
 * Replaces the trust policy of a role. Permissions: iam:GetRole, iam:UpdateAssumeRolePolicy.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html
 */
export function createTrustPolicyExecutor(
  iam: IAMClient,
  options: SettleOptions,
): ChangeExecutor<"iam.role.trust-policy"> {
  async function read({ target }: Trust, signal: AbortSignal): Promise<Trust["before"]> {
    const role = await ownRole(iam, target, signal);
    return { document: parsed(role.AssumeRolePolicyDocument, target) };
  }

  async function write(
    { target }: Trust,
    { document }: Trust["after"],
    abortSignal: AbortSignal,
  ): Promise<void> {
    const command = new UpdateAssumeRolePolicyCommand({
      RoleName: target.roleName,
      PolicyDocument: JSON.stringify(document),
    });
    await iam.send(command, { abortSignal }).catch(explain("iam:UpdateAssumeRolePolicy"));
  }

  return {
    read,
    apply: (change, signal) => write(change, change.after, signal),

    settle: settling(read, options),
    revert: reverting("the trust policy", read, write),
  };
}

/**
 * Attaches a managed policy to a role. Permissions: iam:GetRole, iam:ListAttachedRolePolicies, iam:AttachRolePolicy,
 * iam:DetachRolePolicy. https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html
 */
export function createAttachPolicyExecutor(
  iam: IAMClient,
  options: SettleOptions,
): ChangeExecutor<"iam.role.attach-policy"> {
  async function read({ target }: Attach, abortSignal: AbortSignal): Promise<Attach["before"]> {
    await ownRole(iam, target, abortSignal);
    let Marker: string | undefined;
    do {
      const page = await iam
        .send(
          new ListAttachedRolePoliciesCommand({
            RoleName: target.roleName,
            ...(Marker === undefined ? {} : { Marker }),
          }),
          { abortSignal },
        )
        .catch(explain("iam:ListAttachedRolePolicies"));
      if (page.AttachedPolicies?.some(({ PolicyArn }) => PolicyArn === target.policyArn) === true) {
        return { attached: true };
      }
      Marker = page.IsTruncated === true ? page.Marker : undefined;
    } while (Marker !== undefined);
    return { attached: false };
  }

  async function write({ target }: Attach, { attached }: Attach["after"], abortSignal: AbortSignal) {
    const what = { RoleName: target.roleName, PolicyArn: target.policyArn };
    if (attached) {
      await iam
        .send(new AttachRolePolicyCommand(what), { abortSignal })
        .catch(explain("iam:AttachRolePolicy"));
    } else {
      await iam
        .send(new DetachRolePolicyCommand(what), { abortSignal })
        .catch(explain("iam:DetachRolePolicy"));
    }
  }

  return {
    read,
    apply: (change, signal) => write(change, change.after, signal),

    settle: settling(read, options),

    async revert(change, signal) {
      if (canonical(await read(change, signal)) === canonical(change.before)) return;
      await write(change, change.before, signal);
    },
  };
}

/** @throws where the role is not there, or is one of that name in another account than people approved. */
async function ownRole(iam: IAMClient, { roleName, roleArn }: RoleTarget, abortSignal: AbortSignal) {
  const { Role } = await iam
    .send(new GetRoleCommand({ RoleName: roleName }), { abortSignal })
    .catch(explain("iam:GetRole"));
  if (Role?.Arn !== roleArn) {
    throw new Error(
      `the role ${roleName} that the executor sees is ${Role?.Arn ?? "none"}, not ${roleArn}: it belongs to another account`,
    );
  }
  return Role;
}

function parsed(document: string | undefined, { roleName }: RoleTarget): JsonValue {
  try {
    return JSON.parse(decodeURIComponent(document ?? "")) as JsonValue;
  } catch {
    throw new Error(`the trust policy of role ${roleName} cannot be read`);
  }
}
