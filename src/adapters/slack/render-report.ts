import type { AuditReport } from "../../app/ports.ts";
import type { AuditEntry } from "../../core/digest.ts";
import { bounded, context, header, list, message, type Part, type SlackMessage, section } from "./message.ts";
import { code, type Mrkdwn, md, mention, prose } from "./mrkdwn.ts";

const shown = 15;

/** The digest of one cluster: what is broken, new and resolved since the last one, and what could not be judged. */
export function renderReport({ request, outcome }: AuditReport): SlackMessage {
  const asked = context(
    request.requester === null
      ? md`Scheduled audit of ${code(request.cluster)}`
      : md`${mention(request.requester.slackUserId)} asked for an audit of ${code(request.cluster)}`,
  );
  if (!outcome.ok)
    return message([section(md`*The audit could not be made.* ${prose(outcome.problem)}`), asked]);
  const { result } = outcome;
  const broken = result.workloads.filter((entry) => entry.conclusion === "cause-found");
  const unjudged = result.workloads.filter((entry) => entry.conclusion === "inconclusive");
  const permissions = [...new Set(unjudged.flatMap((entry) => entry.missingPermissions))];
  const isNew = new Set(result.new.map(nameOf));
  const parts: readonly Part[] = [
    header(
      broken.length === 0
        ? `${result.cluster}: nothing is broken`
        : `${result.cluster}: ${counted(broken.length, "workload")} broken`,
    ),
    ...entries(
      "Broken",
      broken,
      (entry) =>
        md`• ${code(nameOf(entry))}${isNew.has(nameOf(entry)) ? " (new)" : ""}: ${prose(entry.message ?? "")} ${code(entry.ruleId ?? "")}`,
    ),
    ...entries(
      "Resolved since the last audit",
      result.resolved,
      (entry) => md`• ${code(nameOf(entry))}: ${code(entry.ruleId ?? "")} is gone`,
    ),
    ...entries("Could not be judged", unjudged, (entry) => md`• ${code(nameOf(entry))}`),
    ...(permissions.length === 0
      ? []
      : [section(md`To judge them, grant eksiam: ${permissions.slice(0, 10).join(", ")}`)]),
    context(
      md`${counted(result.workloads.length, "workload")} looked at, ${result.new.length} new, ${result.resolved.length} resolved. Ask about one: ${code("/eksiam why NAMESPACE/NAME")}`,
    ),
    asked,
  ];
  return message(parts);
}

function entries(
  title: string,
  all: readonly AuditEntry[],
  line: (entry: AuditEntry) => Mrkdwn,
): readonly Part[] {
  if (all.length === 0) return [];
  const more = (hidden: number) => md`… and ${hidden} more: ${code("eksiam audit")}`;
  return list(md`*${title}*`, bounded(all.map(line), shown, more), 3_000);
}

function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}

function nameOf({ namespace, name }: AuditEntry): string {
  return `${namespace}/${name}`;
}
