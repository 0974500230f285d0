import type { AuditEntry, AuditResult } from "../../core/digest.ts";
import { cell } from "./markdown.ts";
import { printable, type Style } from "./style.ts";

/** An audit as a table, broken workloads first, then what changed. Ends with a line break. */
export function auditText(result: AuditResult, style: Style): string {
  const order = ["cause-found", "inconclusive", "no-fault-found"];
  const rows = [...result.workloads].sort(
    (a, b) => order.indexOf(a.conclusion) - order.indexOf(b.conclusion),
  );
  const width = Math.max(0, ...rows.map((row) => nameOf(row).length));
  const lines = [
    style.bold(`Audit of ${printable(result.cluster)}: ${summary(result)}`),
    "",
    ...rows.map((row) => `  ${mark(row, style)} ${printable(nameOf(row)).padEnd(width)}  ${verdict(row)}`),
    ...changes("New since the last audit", result.new, style),
    ...changes("Resolved since the last audit", result.resolved, style),
  ];
  return `${lines.join("\n")}\n`;
}

/** The same as Markdown. */
export function auditMarkdown(result: AuditResult): string {
  const lines = [
    `## Audit of ${cell(result.cluster)}`,
    "",
    summary(result),
    "",
    "| workload | conclusion | rule |",
    "| --- | --- | --- |",
    ...result.workloads.map((row) => `| ${cell(nameOf(row))} | ${row.conclusion} | ${row.ruleId ?? ""} |`),
  ];
  return `${lines.join("\n")}\n`;
}

function summary(result: AuditResult): string {
  const count = (conclusion: AuditEntry["conclusion"]) =>
    result.workloads.filter((entry) => entry.conclusion === conclusion).length;
  return `${result.workloads.length} workloads, ${count("cause-found")} broken, ${count("inconclusive")} not judged`;
}

function changes(title: string, entries: readonly AuditEntry[], style: Style): readonly string[] {
  if (entries.length === 0) return [];
  return [
    "",
    style.bold(title),
    ...entries.map((entry) => `  ${printable(nameOf(entry))}  ${entry.ruleId ?? ""}`),
  ];
}

function mark(entry: AuditEntry, style: Style): string {
  if (entry.conclusion === "cause-found") return style.red("✗");
  return entry.conclusion === "inconclusive" ? style.yellow("?") : style.green("✓");
}

function verdict(entry: AuditEntry): string {
  if (entry.ruleId !== null) return entry.ruleId;
  if (entry.conclusion === "no-fault-found") return "no fault found";
  const missing = entry.missingPermissions;
  return missing.length === 0 ? "inconclusive" : `inconclusive; grant ${missing.map(printable).join(", ")}`;
}

function nameOf({ namespace, name, kind }: AuditEntry): string {
  return `${namespace}/${name} (${kind})`;
}
