import { codeBlocks } from "../../core/as-code.ts";
import { type CredentialTrace, sourceText } from "../../core/credentials/trace.ts";
import {
  type Denial,
  type Diagnosis,
  type Finding,
  type IdentityTrace,
  toldBeside,
} from "../../core/diagnosis.ts";
import { limits } from "./limits.ts";
import { list, message, type Part, type SlackMessage, section } from "./message.ts";
import { code, codeBlock, lines, type Mrkdwn, md, prose } from "./mrkdwn.ts";

/** The reply in the thread: the evidence, and every command as it can be pasted. */
export function renderDetails(diagnosis: Diagnosis): SlackMessage {
  const { cause, ruledOut, blindSpots, remarks, denials, plan } = diagnosis;
  const { faults, information } = toldBeside(diagnosis);
  const parts: readonly Part[] = [
    section(md`*Identity*`, ...identityLines(diagnosis.identity)),
    ...titled("Where the SDK looks for credentials", diagnosis.credentials.map(traceLine), 2_000),
    ...titled("What was seen", denials.map(denialLine), 3_500),
    ...titled(
      "Evidence for the cause",
      (cause?.cites ?? []).map((cite) => md`• ${code(cite)}`),
      1_000,
    ),
    ...titled(
      "What would change this verdict",
      (cause?.unless ?? []).map((sentence) => md`• ${prose(sentence)}`),
      1_000,
    ),
    ...titled("Also wrong", faults.map(findingLine), 2_000),
    ...titled("Good to know", information.map(findingLine), 1_000),
    ...(plan?.changes ?? []).map((change) =>
      section(prose(change.preview), code(change.command), md`To undo it: ${code(change.undo)}`),
    ),
    ...(plan?.manual ?? []).map((step) =>
      section(md`*By hand:* ${prose(step.title)}`, ...(step.command === null ? [] : [code(step.command)])),
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
    ...(plan === null ? [] : codeBlocks(plan)).map(asCodePart),
  ];
  return message(parts);
}

function findingLine({ ruleId, message }: Finding) {
  return md`• ${code(ruleId)}: ${prose(message)}`;
}

/** Half a template would be worse than none: what does not fit is named with where to get it. */
function asCodePart({ tool, text }: { readonly tool: string; readonly text: string }): Part {
  const block = codeBlock(text);
  const room = limits.sectionText - 100;
  return block.mrkdwn.length > room
    ? section(md`*The fix as ${tool}* is too long for a message: ${code("eksiam why")} prints it.`)
    : section(md`*The fix as ${tool}*`, block);
}

function titled(title: string, items: readonly Mrkdwn[], max: number): readonly Part[] {
  return items.length === 0 ? [] : list(md`*${title}*`, items, max);
}

const mechanisms = {
  "pod-identity": "EKS Pod Identity",
  irsa: "IRSA",
  none: "no identity",
  "node-role": "the node's role",
  "static-keys": "static keys",
  "other-role": "another role",
} as const;

function identityLines({ expected, injected, used }: IdentityTrace): readonly Mrkdwn[] {
  const show = (what: { mechanism: keyof typeof mechanisms; arn: string | null } | null, unseen: string) =>
    what === null
      ? md`${unseen}`
      : md`${mechanisms[what.mechanism]}${what.arn === null ? "" : md` ${code(what.arn)}`}`;
  const of = (what: IdentityTrace["expected"]) => what && { mechanism: what.mechanism, arn: what.roleArn };
  return [
    md`• configured: ${show(of(expected), "could not be seen")}`,
    md`• injected into the pods: ${show(of(injected), "no pod could be seen")}`,
    md`• used: ${show(used && { mechanism: used.mechanism, arn: used.principalArn }, "nothing shows it")}`,
  ];
}

/** One container in a few lines: its SDK, its sources in their order, and what follows. */
function traceLine(trace: CredentialTrace): Mrkdwn {
  const version = trace.sdkVersion === null ? "" : `, version ${trace.sdkVersion}`;
  return lines([
    md`• ${code(trace.container)}: ${trace.sdkFrom}${version}`,
    ...trace.sources.map(({ provider, status, detail }, at) => {
      const line = md`${at + 1}. ${provider}: ${prose(sourceText(status, detail))}`;
      return provider === trace.winner ? md`    → ${line}` : md`    ${line}`;
    }),
    ...(trace.ifItFails === null ? [] : [md`    If it fails: ${prose(trace.ifItFails)}.`]),
    ...(trace.stale === null ? [] : [md`    Stale: ${prose(trace.stale)}.`]),
    ...(trace.note === null ? [] : [md`    Note: ${prose(trace.note)}.`]),
  ]);
}

const sources = { "pod-log": "pod logs", cloudtrail: "CloudTrail" } as const;

function denialLine(denial: Denial, index: number): Mrkdwn {
  const action = denial.action === null ? md`` : md` ${code(denial.action)}`;
  const resource = denial.resource === null ? md`` : md` on ${code(denial.resource)}`;
  const principal = denial.principalArn === null ? md`` : md` as ${code(denial.principalArn)}`;
  const by = denial.caller === undefined ? md`` : md`, ${code(denial.caller)}`;
  const layer = denial.denyLayer === null ? "" : `, by ${denial.denyLayer} policies`;
  const times = [denial.firstSeen, denial.lastSeen].flatMap((at) => (at === null ? [] : [shortTime(at)]));
  const seen = times.length === 0 ? "" : `, ${[...new Set(times)].join(" to ")}`;
  const past = denial.history ? ", before the pods that run now" : "";
  // The text itself only for the most telling ones: there may be many.
  const excerpt = denial.excerpt === null || index >= 3 ? [] : [md`    ${code(denial.excerpt)}`];
  return lines([
    md`• ${denial.kind}${action}${resource}${principal}${by} (${denial.count}× in ${sources[denial.source]}${seen}${layer}${past})`,
    ...excerpt,
  ]);
}

/** To the minute, which is as precise as anybody reads it. What is no ISO time is shown as it is. */
function shortTime(iso: string): string {
  return iso.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d).*Z$/, "$1 $2 UTC");
}
