import type { ReviewRefusal } from "../../app/approvals.ts";
import type { CommandClusters, CommandProblem } from "./command.ts";
import { context, message, type SlackMessage, section } from "./message.ts";
import { code, md, prose } from "./mrkdwn.ts";

/** Everything that can be typed. */
export function renderHelp({ names, default: first }: CommandClusters): SlackMessage {
  return message([
    section(
      md`*eksiam* says why a pod on Amazon EKS gets AccessDenied or no AWS credentials, and fixes it when the right person approves.`,
    ),
    section(
      md`${code("/eksiam why NAMESPACE/NAME")} what is broken for one workload, with its evidence and the fix`,
      md`    ${code("--cluster NAME")} another cluster; ${code("--kind KIND")} where a name exists twice; ${code("--container NAME")} one container; ${code("--since 1h")} how far back`,
      md`${code("/eksiam audit")} every workload of the cluster, now (${code("--cluster NAME")})`,
      md`${code("/eksiam help")} this text`,
    ),
    context(
      md`Clusters: ${names.join(", ")}${first === null ? "" : md`; without --cluster it is ${code(first)}`}.`,
    ),
  ]);
}

/** What was wrong with a command, and what is right. */
export function renderProblem({ problem, nearest }: CommandProblem): SlackMessage {
  const instead =
    nearest === null
      ? md`${code("/eksiam help")} lists what can be typed.`
      : md`Did you mean ${code(`/eksiam ${nearest}`)}?`;
  return message([section(md`${prose(problem)} ${instead}`)]);
}

/** Said to one person alone, whose click did not count. */
export const refusalTexts: Readonly<Record<ReviewRefusal, string>> = {
  "self-review": "You asked for this fix, so somebody else has to approve it. You can withdraw it with Deny.",
  "already-reviewed": "Your review counts already; another approver is needed.",
  "plan-changed":
    "The plan has changed since this message was made. Ask the question again and review the new plan.",
  expired: "This approval has expired. Ask the question again to get a fresh plan.",
  "not-expired": "This approval has not expired yet.",
  "already-decided": "This was decided already.",
  "illegal-transition": "This can no longer be decided.",
  "not-an-approver": "You are not among the approvers in eksiam's configuration (approvals.approvers).",
  "not-found": "This approval is no longer known. Ask the question again.",
};
