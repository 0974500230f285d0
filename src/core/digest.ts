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
