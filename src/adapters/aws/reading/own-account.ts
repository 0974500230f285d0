import { z } from "zod";
import type { CollectContext } from "../../../app/ports.ts";
import { type AwsClients, callerIdentity } from "../clients.ts";
import { call } from "../outcome.ts";
import { unread } from "./iam-answers.ts";

const accountSchema = z.object({ accountId: z.string().min(1) });

/**
 * The account that these clients ask: the cluster's, else that of their own credentials, which need no permission.
 * @throws CallFailure
 */
export async function ownAccount(
  clients: AwsClients,
  { evidence, signal }: Pick<CollectContext, "evidence" | "signal">,
): Promise<string> {
  const cluster = evidence["eks.cluster"];
  if (cluster?.status === "found") return cluster.value.accountId;
  const send = () => callerIdentity(clients, signal);
  const caller = await call("sts:GetCallerIdentity", send, accountSchema, signal);
  if (caller === null) throw unread("sts:GetCallerIdentity", "eksiam's own account is not known");
  return caller.accountId;
}
