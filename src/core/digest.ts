import type { Diagnosis } from "./diagnosis.ts";
import type { WorkloadKind } from "./evidence.ts";

/** One workload's diagnosis in short. */
export interface AuditEntry {
  readonly namespace: string;
  readonly name: string;
  readonly kind: WorkloadKind;
  readonly conclusion: Diagnosis["conclusion"];
  readonly ruleId: string | null;
  /** The cause in a sentence; null where there is none. */
  readonly message: string | null;
  /** Rules of the other findings beside the cause, in the order in which a call meets them. */
  readonly alsoWrong: readonly string[];
  /** Permissions that were missing to judge it. */
  readonly missingPermissions: readonly string[];
}

export interface AuditResult {
  readonly schema: "eksiam/audit/v1";
  readonly cluster: string;
  readonly at: string;
  readonly workloads: readonly AuditEntry[];
  /** Workloads by rule id; `no-fault-found` and `inconclusive` are counted under these words. */
  readonly totals: Readonly<Record<string, number>>;
  /** Faults that the last audit did not have. */
  readonly new: readonly AuditEntry[];
  /** Faults of the last audit that are gone: as they were then. */
  readonly resolved: readonly AuditEntry[];
}

/**
 * One audit against the last: a fault is the same while workload and rule are. What was broken and cannot be judged
 * now is not resolved.
 */
export function compareAudits(
  cluster: string,
  at: string,
  entries: readonly AuditEntry[],
  last: AuditResult | null,
): AuditResult {
  const workloads = [...entries].sort((a, b) => (workloadOf(a) < workloadOf(b) ? -1 : 1));
  const before = (last?.workloads ?? []).filter(isBroken);
  const now = workloads.filter(isBroken);
  const unjudged = new Set(workloads.filter((entry) => entry.conclusion === "inconclusive").map(workloadOf));
  const totals: Record<string, number> = {};
  for (const entry of workloads) {
    const word = entry.ruleId ?? entry.conclusion;
    totals[word] = (totals[word] ?? 0) + 1;
  }
  return {
    schema: "eksiam/audit/v1",
    cluster,
    at,
    workloads,
    totals,
    new: now.filter((entry) => !before.some((other) => faultOf(other) === faultOf(entry))),
    resolved: before.filter(
      (entry) => !now.some((other) => faultOf(other) === faultOf(entry)) && !unjudged.has(workloadOf(entry)),
    ),
  };
}

function isBroken(entry: AuditEntry): boolean {
  return entry.conclusion === "cause-found";
}

function workloadOf({ namespace, name, kind }: AuditEntry): string {
  return `${namespace}/${name}/${kind}`;
}

function faultOf(entry: AuditEntry): string {
  return `${workloadOf(entry)} ${entry.ruleId}`;
}
