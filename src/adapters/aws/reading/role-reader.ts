import { GetRoleCommand } from "@aws-sdk/client-iam";
import { z } from "zod";
import type { CollectContext } from "../../../app/ports.ts";
import type { RoleFacts } from "../../../core/evidence.ts";
import { roleOfArn } from "../../../core/iam/arn.ts";
import type { AwsClients } from "../clients.ts";
import { CallFailure, call } from "../outcome.ts";
import { roleSchema, unread } from "./iam-answers.ts";
import { ownAccount } from "./own-account.ts";

/**
 * Reads one role by its ARN; null: it does not exist. GetRole takes a name only, so the role of another account is
 * never asked for: it is not collected. Permission: iam:GetRole; sts:GetCallerIdentity needs none.
 * @throws CallFailure for everything that means "could not look".
 */
export function createRoleReader(
  clients: AwsClients,
): (roleArn: string, context: CollectContext) => Promise<RoleFacts | null> {
  return async (roleArn, context) => {
    const named = roleOfArn(roleArn);
    if (named === null) throw unread("iam:GetRole", `${roleArn} is not the ARN of a role`);
    if (named.accountId !== (await ownAccount(clients, context))) {
      throw new CallFailure({
        status: "unavailable",
        reason: "not-collected",
        source: "iam:GetRole",
        detail: `${roleArn} is in account ${named.accountId}, where eksiam has no access`,
      });
    }
    const command = new GetRoleCommand({ RoleName: named.roleName });
    const send = () => clients.iam.send(command, { abortSignal: context.signal });
    const answer = await call("iam:GetRole", send, z.object({ Role: roleSchema }), context.signal);
    if (answer === null) return null;
    const { Role } = answer;
    return {
      arn: Role.Arn,
      name: Role.RoleName,
      path: Role.Path,
      roleId: Role.RoleId,
      createdAt: Role.CreateDate,
      trustPolicy: Role.AssumeRolePolicyDocument,
      permissionsBoundaryArn: Role.PermissionsBoundary?.PermissionsBoundaryArn ?? null,
      tags: Role.Tags,
      lastUsedAt: Role.RoleLastUsed?.LastUsedDate ?? null,
    };
  };
}
