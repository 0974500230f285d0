import type { Approval, Person } from "../core/approval.ts";
import { diagnose } from "../core/diagnose.ts";
import type { Plan } from "../core/diagnosis.ts";
import type { Question } from "../core/evidence.ts";
import { canonical } from "../core/json.ts";
import { type ChangeKind, type Thresholds, thresholdOf } from "../core/plan.ts";
import type { Rule } from "../core/rule.ts";
import { sha256 } from "../core/sha256.ts";
import { createCallBudget } from "./call-budget.ts";
import { gather } from "./gather.ts";
import type { Investigation, Progress } from "./investigation.ts";
import { bundleOf, explainResolveError, unknownContainer } from "./judge.ts";
import type {
  ApprovalStore,
  Clock,
  Clusters,
  CollectorGroup,
  InvestigationStore,
  JobQueue,
} from "./ports.ts";

export interface AskRequest {
  readonly question: Question;
  readonly requester: Person;
  readonly channel: string;
}

export interface AskingDeps {
  readonly investigations: InvestigationStore;
  readonly queue: JobQueue;
  readonly clock: Clock;
  readonly newId: () => string;
}

/**
 * Takes a question and enqueues it: nothing here waits for a cluster. A question that is being answered already gets
 * a second view of the same answer.
 */
export function createAsk({ investigations, queue, clock, newId }: AskingDeps) {
  return async function ask({ question, requester, channel }: AskRequest): Promise<Investigation> {
    const view = { channel, postedIn: null, ts: null, detailsTs: null, shownVersion: 0 };
    const opened = await investigations.open({
      id: newId(),
      questionKey: sha256(canonical(question)),
      version: 1,
      question,
      requester,
      views: [view],
      status: "asked",
      askedAt: clock(),
      diagnosedAt: null,
      progress: { workload: "waiting", logs: "waiting", config: "waiting", cloudtrail: "waiting" },
      problem: null,
      approvalId: null,
      verification: null,
      verificationDetail: null,
    });
    const shown = await investigations.update(opened.id, (investigation) =>
      investigation.views.some((other) => other.channel === channel)
        ? investigation
        : { ...investigation, views: [...investigation.views, view] },
    );
    await queue.investigate(opened.id);
    await queue.notifyInvestigation(opened.id, shown?.version ?? opened.version);
    return shown ?? opened;
  };
}

export interface InvestigatingDeps extends AskingDeps {
  readonly approvals: ApprovalStore;
  readonly clusters: Clusters;
  readonly rules: readonly Rule[];
  /** How long one group of sources may take. */
  readonly deadlineMs: number;
  /** The kinds of change that the executor carries out; any other fix is told as steps. */
  readonly allowedChanges: readonly ChangeKind[];
  readonly approvalPolicy: Thresholds & { readonly expiresAfterMs: number };
}

/** The steps of an investigation, each of which may run again after a crash. */
export interface InvestigationSteps {
  /** Finds the workload. False: the question cannot be answered, and the people have been told why. */
  resolve(id: string): Promise<boolean>;
  gatherGroup(id: string, group: CollectorGroup): Promise<void>;
  judge(id: string): Promise<void>;
  /** A step threw: say so in the message instead of leaving it waiting. */
  giveUp(id: string, problem: string): Promise<void>;
}

export function createInvestigationSteps(deps: InvestigatingDeps): InvestigationSteps {
  const { investigations, approvals, queue, clusters, rules, clock, newId, deadlineMs } = deps;
  const { approvalPolicy, allowedChanges } = deps;

  async function change(id: string, update: (investigation: Investigation) => Investigation): Promise<void> {
    const changed = await investigations.update(id, update);
    if (changed !== null) await queue.notifyInvestigation(id, changed.version);
  }

  async function load(id: string): Promise<Investigation> {
    const investigation = await investigations.get(id);
    if (investigation === null) throw new Error(`There is no investigation ${id}.`);
    return investigation;
  }

  async function finish(id: string, status: "refused" | "failed", problem: string): Promise<void> {
    await change(id, (investigation) => ({ ...investigation, status, problem }));
    await investigations.close(await load(id));
  }

  async function gatherInto(id: string, groups: readonly CollectorGroup[] | null) {
    const { question } = await load(id);
    const access = clusters.get(question.cluster);
    if (access === undefined) throw new Error(`Cluster ${question.cluster} is not configured.`);
    const before = await investigations.getEvidence(id);
    const signal = AbortSignal.timeout(deadlineMs);
    const { collectors, meter } = access;
    const gathered = { rules, collectors, question, evidence: before, groups, signal };
    // The groups of one question are gathered by different processes, each with a budget as with a deadline of its own.
    const evidence = await meter.spending(createCallBudget(), () => gather(gathered));
    const fresh = Object.entries(evidence).filter(([kind]) => !(kind in before));
    await investigations.putEvidence(id, Object.fromEntries(fresh));
    return { evidence, fresh: fresh.map(([, observation]) => observation) };
  }

  const progress = (id: string, group: CollectorGroup, state: Progress) =>
    change(id, (investigation) => ({
      ...investigation,
      progress: { ...investigation.progress, [group]: state },
    }));

  async function gatherGroup(id: string, group: CollectorGroup): Promise<void> {
    await progress(id, group, "running");
    const { fresh } = await gatherInto(id, [group]);
    const partly = fresh.some((observation) => observation.status === "unavailable");
    await progress(id, group, partly ? "partly" : "done");
  }

  return {
    async resolve(id) {
      const { question } = await load(id);
      const access = clusters.get(question.cluster);
      if (access === undefined) {
        const known = clusters.names.join(", ");
        await finish(id, "refused", `Cluster ${question.cluster} is not configured. Configured: ${known}.`);
        return false;
      }
      const resolved = await access.meter.spending(createCallBudget(), () =>
        access.resolve(question, AbortSignal.timeout(deadlineMs)),
      );
      if (!resolved.ok) {
        await finish(id, "refused", explainResolveError(resolved.error, question));
        return false;
      }
      await change(id, (investigation) => ({
        ...investigation,
        status: "gathering",
        question: resolved.value,
      }));
      await gatherGroup(id, "workload");
      const unknown = unknownContainer(resolved.value, await investigations.getEvidence(id));
      if (unknown === null) return true;
      await finish(id, "refused", explainResolveError(unknown, resolved.value));
      return false;
    },

    gatherGroup,

    async judge(id) {
      // What the first answers made relevant, and what a failed child left out, is gathered now.
      const { evidence } = await gatherInto(id, null);
      const investigation = await load(id);
      const at = clock();
      const diagnosis = diagnose(rules, bundleOf(investigation.question, evidence, at), allowedChanges);
      await investigations.putDiagnosis(id, "answer", diagnosis);
      const approval =
        investigation.approvalId !== null || diagnosis.plan === null || diagnosis.plan.changes.length === 0
          ? null
          : await approvals.create(pendingApproval(newId(), investigation, diagnosis.plan, at));
      await change(id, (current) => ({
        ...current,
        status: "diagnosed",
        diagnosedAt: at,
        approvalId: current.approvalId ?? approval?.id ?? null,
      }));
      if (approval !== null) await queue.expireApproval(approval.id, approvalPolicy.expiresAfterMs);
      await investigations.close(await load(id));
    },

    giveUp: (id, problem) => finish(id, "failed", problem),
  };

  function pendingApproval(id: string, investigation: Investigation, plan: Plan, at: string): Approval {
    return {
      id,
      investigationId: investigation.id,
      planDigest: plan.digest,
      requester: investigation.requester,
      state: "pending",
      threshold: thresholdOf(
        plan.changes.map(({ change: planned }) => planned),
        approvalPolicy,
      ),
      reviews: [],
      createdAt: at,
      expiresAt: new Date(Date.parse(at) + approvalPolicy.expiresAfterMs).toISOString(),
      finishedAt: null,
      outcome: null,
    };
  }
}
