import { codeBlocks } from "../../core/as-code.ts";
import { type CredentialTrace, sourceText } from "../../core/credentials/trace.ts";
import {
  type Denial,
  type Diagnosis,
  type Finding,
  type IdentityTrace,
  toldBeside,
} from "../../core/diagnosis.ts";
import { printable, type Style } from "./style.ts";

/** A diagnosis as a person reads it in a terminal: the answer first, the proof after. Ends with a line break. */
export function diagnosisText(diagnosis: Diagnosis, style: Style): string {
  const { question } = diagnosis;
  const title = `${question.kind ?? "workload"} ${question.namespace}/${question.name} in ${question.cluster}`;
  const lines = [
    style.bold(printable(title)),
    "",
    ...conclusion(diagnosis, style),
    ...section("Identity", identityLines(diagnosis.identity), style),
    ...section("Credentials", diagnosis.credentials.flatMap(traceLines), style),
    ...section("What was seen", diagnosis.denials.map(denialLine), style),
    ...section("Also wrong", toldBeside(diagnosis).faults.flatMap(findingLines), style),
    ...section("Good to know", toldBeside(diagnosis).information.flatMap(findingLines), style),
    ...planLines(diagnosis, style),
    ...section(
      "Could not be seen",
      diagnosis.blindSpots.map(
        (spot) =>
          `${spot.evidence} (${spot.reason})${spot.permission === null ? "" : `; grant ${spot.permission}`}${spot.detail === null ? "" : ` – ${spot.detail}`}`,
      ),
      style,
    ),
    ...section("What would change this verdict", diagnosis.cause?.unless ?? [], style),
    ...section("Ruled out", diagnosis.ruledOut.length === 0 ? [] : [diagnosis.ruledOut.join(", ")], style),
    ...section("Remarks", diagnosis.remarks, style),
    ...asCodeLines(diagnosis, style),
  ];
  return `${lines.join("\n")}\n`;
}

function conclusion(diagnosis: Diagnosis, style: Style): readonly string[] {
  switch (diagnosis.conclusion) {
    case "cause-found": {
      const { cause } = diagnosis;
      return [
        `${style.red("✗")} ${style.bold(printable(cause.title))} ${style.dim(`(${cause.ruleId})`)}`,
        `  ${printable(cause.message)}`,
        `  ${style.dim(`Evidence: ${cause.cites.map(printable).join(", ")}`)}`,
      ];
    }
    case "no-fault-found":
      return [
        `${style.green("✓")} No fault found: everything that was needed was seen, and nothing is wrong.`,
      ];
    case "inconclusive":
      return [
        `${style.yellow("?")} Inconclusive: no cause was proved, and not everything could be seen or explained.`,
      ];
  }
}

function identityLines({ expected, injected, used }: IdentityTrace): readonly string[] {
  const show = (what: { mechanism: string; roleArn: string | null } | null) =>
    what === null
      ? "could not be seen"
      : `${what.mechanism}${what.roleArn === null ? "" : ` ${what.roleArn}`}`;
  return [
    `expected: ${show(expected)}`,
    `injected: ${show(injected)}`,
    `used:     ${used === null ? "nothing shows it" : `${used.mechanism} ${used.principalArn ?? ""}`}`,
  ];
}

/** One container: its SDK, the sources in their order with the one that is used marked, and what follows. */
function traceLines(trace: CredentialTrace): readonly string[] {
  const width = Math.max(...trace.sources.map(({ provider }) => provider.length));
  const version = trace.sdkVersion === null ? "" : ` (version ${trace.sdkVersion})`;
  return [
    `container ${trace.container}: ${trace.sdkFrom}${version}`,
    ...trace.sources.map(({ provider, status, detail }, at) => {
      const mark = provider === trace.winner ? "→" : " ";
      return `  ${mark} ${at + 1} ${provider.padEnd(width)}  ${sourceText(status, detail)}`;
    }),
    ...(trace.ifItFails === null ? [] : [`    If it fails: ${trace.ifItFails}.`]),
    ...(trace.stale === null ? [] : [`    Stale: ${trace.stale}.`]),
    ...(trace.note === null ? [] : [`    Note: ${trace.note}.`]),
  ];
}

function denialLine(denial: Denial): string {
  const what = [denial.action, denial.resource === null ? null : `on ${denial.resource}`].filter(
    (part) => part !== null,
  );
  const by = denial.caller === undefined ? "" : `, ${denial.caller}`;
  const who = denial.principalArn === null ? by : ` as ${denial.principalArn}${by}`;
  const when = denial.lastSeen === null ? "" : `, last ${denial.lastSeen}`;
  const past = denial.history ? ", before the last change" : "";
  return `${denial.kind} ${what.join(" ")}${who} (${denial.count}× in ${denial.source}${when}${past})`;
}

function findingLines(finding: Finding): readonly string[] {
  return [`${finding.title} (${finding.ruleId})`, `  ${finding.message}`];
}

function planLines({ plan }: Diagnosis, style: Style): readonly string[] {
  if (plan === null) return [];
  const changes = plan.changes.flatMap(({ preview, command, undo }) => [
    preview,
    `  $ ${command}`,
    `  undo: ${undo}`,
  ]);
  const manual = plan.manual.flatMap(({ title, command }) => [
    title,
    ...(command === null ? [] : command.split("\n").map((line) => `  ${line}`)),
  ]);
  return [
    ...section("Fix", changes, style),
    ...section("Mind", plan.warnings, style),
    ...section("By hand", manual, style),
  ];
}

/** Last, because it is long, and only those want it who keep their cluster in code. */
function asCodeLines({ plan }: Diagnosis, style: Style): readonly string[] {
  return (plan === null ? [] : codeBlocks(plan)).flatMap(({ tool, text }) =>
    section(`The fix as ${tool}`, text.trimEnd().split("\n"), style),
  );
}

function section(title: string, lines: readonly string[], style: Style): readonly string[] {
  return lines.length === 0 ? [] : ["", style.bold(title), ...lines.map((line) => `  ${printable(line)}`)];
}
