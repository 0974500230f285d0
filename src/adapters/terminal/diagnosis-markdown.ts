import { codeBlocks } from "../../core/as-code.ts";
import { type CredentialTrace, sourceText } from "../../core/credentials/trace.ts";
import { type Diagnosis, type Finding, toldBeside } from "../../core/diagnosis.ts";
import { code, text } from "./markdown.ts";
import { printable } from "./style.ts";

/** A diagnosis for an issue or a runbook, in Markdown. Ends with a line break. */
export function diagnosisMarkdown(diagnosis: Diagnosis): string {
  const { question, cause, plan } = diagnosis;
  const lines = [
    `## ${text(`${question.kind ?? "Workload"} ${question.namespace}/${question.name} in ${question.cluster}`)}`,
    "",
    cause === null ? `**${diagnosis.conclusion}**` : `**${text(cause.title)}** (\`${cause.ruleId}\`)`,
    "",
    ...(cause === null ? [] : [text(cause.message), "", `Evidence: ${cause.cites.map(code).join(", ")}`, ""]),
    ...diagnosis.credentials.flatMap(credentialLines),
    ...list(
      "What was seen",
      diagnosis.denials.map(
        (d) =>
          `${d.kind} ${code(d.action ?? "")} ${code(d.resource ?? "")} as ${code(d.principalArn ?? "unknown")}${d.caller === undefined ? "" : ` (${text(d.caller)})`}, ${d.count}× in ${d.source}`,
      ),
    ),
    ...list("Also wrong", toldBeside(diagnosis).faults.map(findingLine)),
    ...list("Good to know", toldBeside(diagnosis).information.map(findingLine)),
    ...list(
      "Fix",
      plan?.changes.map(
        (change) => `${text(change.preview)} ${code(change.command)}; undo: ${code(change.undo)}`,
      ) ?? [],
    ),
    ...list(
      "By hand",
      plan?.manual.map(
        (step) => `${text(step.title)}${step.command === null ? "" : ` ${code(step.command)}`}`,
      ) ?? [],
    ),
    ...list(
      "Could not be seen",
      diagnosis.blindSpots.map(
        (spot) =>
          `${spot.evidence}: ${spot.reason}${spot.permission === null ? "" : `, grant ${code(spot.permission)}`}`,
      ),
    ),
    ...list("What would change this verdict", (cause?.unless ?? []).map(text)),
    ...list("Remarks", diagnosis.remarks.map(text)),
    ...(plan === null ? [] : codeBlocks(plan)).flatMap(({ tool, text: source }) => fenced(tool, source)),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function findingLine({ message, ruleId }: Finding): string {
  return `${text(message)} (\`${ruleId}\`)`;
}

/** The sources of one container as an ordered list; the one that is used is bold. */
function credentialLines(trace: CredentialTrace): readonly string[] {
  const version = trace.sdkVersion === null ? "" : `, version ${trace.sdkVersion}`;
  const after = [
    ...(trace.ifItFails === null ? [] : [`If it fails: ${trace.ifItFails}.`]),
    ...(trace.stale === null ? [] : [`Stale: ${trace.stale}.`]),
    ...(trace.note === null ? [] : [`Note: ${trace.note}.`]),
  ];
  return [
    `### Credentials of container ${text(trace.container)}`,
    "",
    `${text(trace.sdkFrom)}${text(version)}`,
    "",
    ...trace.sources.map(({ provider, status, detail }, at) => {
      const name = provider === trace.winner ? `**${provider}**` : provider;
      return `${at + 1}. ${name}: ${text(sourceText(status, detail))}`;
    }),
    "",
    text(after.join(" ")),
    "",
  ];
}

function list(title: string, items: readonly string[]): readonly string[] {
  return items.length === 0 ? [] : [`### ${title}`, "", ...items.map((item) => `- ${item}`), ""];
}

/** A block of code that nothing in it can end. */
function fenced(tool: string, source: string): readonly string[] {
  const longest = Math.max(2, ...[...source.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  const lines = source.trimEnd().split("\n").map(printable);
  return [`### The fix as ${tool}`, "", fence, ...lines, fence, ""];
}
