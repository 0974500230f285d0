import { type AuditEntry, type AuditResult, compareAudits } from "../core/digest.ts";
import type { Question, WorkloadRef } from "../core/evidence.ts";
import { type CallBudget, type CallCounts, createCallBudget } from "./call-budget.ts";
import { type AskDeps, answer, explainResolveError } from "./judge.ts";
import type { AuditReport, AuditRequest, AuditStore, ClusterAccess, Clusters, JobQueue } from "./ports.ts";

export interface AuditDeps extends AskDeps {
  /** How many workloads are looked at at once. */
  readonly concurrency: number;
  readonly sinceSeconds: number;
}

export type AuditOutcome = AuditReport["outcome"];

/**
 * Judges every workload of a cluster, or of one namespace, by the same rules as a single question, and each within the
 * same budget of calls.
 * @param onCalls told what each workload's answer took.
 */
export async function audit(
  deps: AuditDeps,
  access: ClusterAccess,
  namespace: string | null,
  last: AuditResult | null,
  onCalls: (workload: WorkloadRef, counts: CallCounts) => void = () => undefined,
): Promise<AuditOutcome> {
  const listed = await access.listWorkloads(namespace, AbortSignal.timeout(deps.deadlineMs));
  if (listed.status === "unavailable") {
    const grant = listed.permission === undefined ? "" : ` Grant eksiam: ${listed.permission}.`;
    return {
      ok: false,
      problem: `The workloads of ${access.name} could not be listed (${listed.reason}).${grant}`,
    };
  }
  if (listed.status === "absent") {
    const wanted = namespace ?? "";
    const near = await access.nearestNamespaces(wanted, AbortSignal.timeout(deps.deadlineMs));
    const hint = near.length === 0 ? "" : ` Did you mean ${near.join(", ")}?`;
    return {
      ok: false,
      reason: "no-namespace",
      problem: `There is no namespace ${wanted} in cluster ${access.name}.${hint}`,
    };
  }
  const workloads = listed.value;
  const entries: AuditEntry[] = [];
  const queue = [...workloads];
  const worker = async () => {
    for (let workload = queue.shift(); workload !== undefined; workload = queue.shift()) {
      const budget = createCallBudget();
      entries.push(await judgeWorkload(deps, access, workload, budget));
      onCalls(workload, budget.counts());
    }
  };
  await Promise.all(Array.from({ length: deps.concurrency }, worker));
  return { ok: true, result: compareAudits(access.name, deps.clock(), entries, last) };
}

async function judgeWorkload(
  deps: AuditDeps,
  access: ClusterAccess,
  workload: WorkloadRef,
  budget: CallBudget,
): Promise<AuditEntry> {
  const { namespace, name, kind, apiVersion } = workload;
  const question: Question = {
    cluster: access.name,
    namespace,
    name,
    kind,
    ...(apiVersion === undefined ? {} : { apiVersion }),
    container: null,
    sinceSeconds: deps.sinceSeconds,
  };
  const answered = await answer(deps, access, question, { budget });
  if (!answered.ok) {
    const permission = answered.error.type === "unavailable" ? answered.error.permission : null;
    return {
      namespace,
      name,
      kind,
      conclusion: "inconclusive",
      ruleId: null,
      message: explainResolveError(answered.error, question),
      alsoWrong: [],
      missingPermissions: permission === null ? [] : [permission],
    };
  }
  const { diagnosis } = answered.value;
  return {
    namespace,
    name,
    kind,
    conclusion: diagnosis.conclusion,
    ruleId: diagnosis.cause?.ruleId ?? null,
    message: diagnosis.cause?.message ?? null,
    alsoWrong: diagnosis.alsoWrong.map((finding) => finding.ruleId),
    missingPermissions: [...new Set(diagnosis.blindSpots.flatMap((spot) => spot.permission ?? []))],
  };
}

export interface AuditDigestDeps extends AuditDeps {
  readonly audits: AuditStore;
  readonly clusters: Clusters;
  readonly queue: JobQueue;
}

/** One audit for one channel: compared with what that channel was told last, stored, and handed to `notify`. */
export function createAuditDigest(deps: AuditDigestDeps) {
  return async function auditDigest(request: AuditRequest): Promise<void> {
    const { audits, clusters, queue } = deps;
    const access = clusters.get(request.cluster);
    const last = await audits.getLast(request.channel, request.cluster);
    const outcome: AuditOutcome =
      access === undefined
        ? { ok: false, problem: `Cluster ${request.cluster} is not configured.` }
        : await audit(deps, access, null, last);
    await audits.putReport(request.id, { request, outcome });
    if (outcome.ok) await audits.putLast(request.channel, request.cluster, outcome.result);
    await queue.notifyReport(request.id);
  };
}
