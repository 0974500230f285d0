import type { Denial, Diagnosis, IdentityTrace } from "../../core/diagnosis.ts";
import { list, message, type Part, type SlackMessage, section } from "./message.ts";
import { code, codeBlock, type Mrkdwn, md, prose } from "./mrkdwn.ts";

/** The reply in the thread: the evidence, and every command as it can be pasted. */
export function renderDetails(diagnosis: Diagnosis): SlackMessage {
  const { cause, alsoWrong, ruledOut, blindSpots, remarks, denials, plan } = diagnosis;
  const parts: readonly Part[] = [
    section(md`*Identity*`, ...identityLines(diagnosis.identity)),
    ...titled("What was seen", denials.map(denialLine), 2_500),
    ...titled(
      "Evidence for the cause",
      (cause?.cites ?? []).map((cite) => md`• ${code(cite)}`),
      1_000,
    ),
    ...titled(
      "Also wrong",
      alsoWrong.map((finding) => md`• ${code(finding.ruleId)}: ${prose(finding.message)}`),
      2_000,
    ),
    ...(plan?.changes ?? []).map((change) =>
      section(md`${prose(change.preview)}`, codeBlock(change.command), md`Undo:`, codeBlock(change.undo)),
    ),
    ...(plan?.manual ?? []).map((step) =>
      section(
        md`*By hand:* ${prose(step.title)}`,
        ...(step.command === null ? [] : [codeBlock(step.command)]),
      ),
    ),
    ...titled(
      "Could not be seen",
      blindSpots.map(
        (spot) =>
          md`• ${code(spot.evidence)}: ${spot.reason}${spot.permission === null ? "" : md`; grant ${code(spot.permission)}`}`,
      ),
      1_500,
    ),
    ...(ruledOut.length === 0 ? [] : [section(md`*Ruled out:* ${ruledOut.join(", ")}`)]),
    ...titled(
      "Remarks",
      remarks.map((remark) => md`• ${prose(remark)}`),
      1_500,
    ),
  ];
  return message(parts);
}

function titled(title: string, items: readonly Mrkdwn[], max: number): readonly Part[] {
  return items.length === 0 ? [] : list(md`*${title}*`, items, max);
}

function identityLines({ expected, injected, used }: IdentityTrace): readonly Mrkdwn[] {
  const show = (what: { mechanism: string; roleArn: string | null } | null) =>
    what === null
      ? md`could not be seen`
      : md`${what.mechanism}${what.roleArn === null ? "" : md` ${code(what.roleArn)}`}`;
  return [
    md`• expected: ${show(expected)}`,
    md`• injected into the pods: ${show(injected)}`,
    md`• used: ${used === null ? "nothing shows it" : md`${used.mechanism} ${code(used.principalArn ?? "")}`}`,
  ];
}

function denialLine(denial: Denial): Mrkdwn {
  const action = denial.action === null ? md`` : md` ${code(denial.action)}`;
  const resource = denial.resource === null ? md`` : md` on ${code(denial.resource)}`;
  const principal = denial.principalArn === null ? md`` : md` as ${code(denial.principalArn)}`;
  const last = denial.lastSeen === null ? "" : `, last ${denial.lastSeen}`;
  const past = denial.history ? ", before the last change" : "";
  return md`• ${denial.kind}${action}${resource}${principal} (${denial.count}× in ${denial.source}${last}${past})`;
}
