import type { CanAnswer } from "../../app/can.ts";
import { printable, type Style } from "./style.ts";

const words = {
  allowed: "allowed",
  implicitDeny: "denied: no policy allows it (implicitDeny)",
  explicitDeny: "denied: a policy denies it (explicitDeny)",
} as const;

/** The decision first, then which statement decides, what came nearest, and what was not looked at. */
export function canText(
  subject: string,
  action: string,
  resource: string,
  { mechanism, access, nodeRoleFrom }: CanAnswer,
  style: Style,
): string {
  if (access.outcome === "unknown") return `${style.yellow("?")} ${printable(access.because)}\n`;
  const { decision, roleArn, notEvaluated } = access;
  const allowed = decision.decision === "allowed";
  const verdict = allowed ? style.green(words.allowed) : style.red(words[decision.decision]);
  const by = {
    "pod-identity": " by EKS Pod Identity",
    irsa: " by IRSA",
    "node-role": ", the role of its node: it has no identity of its own",
    role: "",
  }[mechanism];
  const lines = [
    `${style.bold(printable(subject))} ${printable(action)} on ${printable(resource)}: ${verdict}`,
    `  as ${printable(roleArn)}${by}${nodeRoleFrom === null ? "" : ` (${printable(nodeRoleFrom)})`}`,
    ...decision.matchedStatements.map(
      ({ policy, sid, index, effect }) =>
        `  ${effect} by statement ${printable(sid ?? String(index + 1))} of ${printable(policy)}`,
    ),
    ...(allowed ? [] : [`  what stands in the way: ${decision.decidedBy.join(", ")}`]),
    ...(decision.nearestMiss === undefined
      ? []
      : [`  nearest: ${printable(decision.nearestMiss.policy)}: ${printable(decision.nearestMiss.detail)}`]),
    ...(decision.missingContext.length === 0
      ? []
      : [`  depends on what is not known here: ${decision.missingContext.map(printable).join(", ")}`]),
    `  not looked at: ${notEvaluated.map(printable).join("; ")}`,
  ];
  return `${lines.join("\n")}\n`;
}
