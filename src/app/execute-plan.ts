import { type Approval, transition } from "../core/approval.ts";
import { describeChange, undoCommands } from "../core/describe-change.ts";
import { canonical } from "../core/json.ts";
import { type Change, type ChangeKind, type Thresholds, thresholdOf } from "../core/plan.ts";
import { redact } from "../core/redact.ts";
import { digestOf } from "../core/remedy.ts";
import { showAgain } from "./approvals.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import type {
  ApprovalStore,
  ChangeExecutor,
  ChangeExecutors,
  Clock,
  InvestigationStore,
  JobQueue,
  JournalStore,
  Sealer,
} from "./ports.ts";

export interface ExecutePlanDeps {
  readonly approvals: ApprovalStore;
  readonly investigations: InvestigationStore;
  readonly journals: JournalStore;
  readonly queue: JobQueue;
  readonly executors: ChangeExecutors;
  readonly sealer: Sealer;
  readonly clock: Clock;
  /** The executor's own list: it does not take the bot's word for who may approve. */
  readonly approvers: readonly string[];
  readonly thresholds: Thresholds;
  /** The kinds of change that this executor carries out. */
  readonly allowedChanges: readonly ChangeKind[];
  /** How long one step may take. */
  readonly stepTimeoutMs: number;
}

type Finish = { readonly state: "succeeded" | "failed" | "rolled-back"; readonly outcome: string };

/**
 * Carries out an approved plan by reconciliation: each change is read first, and applied only where the world is as
 * the plan found it. Runs again after a crash without doing anything twice; the journal says how far it came.
 */
export function createExecutePlan(deps: ExecutePlanDeps) {
  const { approvals, investigations, queue, clock } = deps;

  return async function executePlan(approvalId: string): Promise<void> {
    const approval = await approvals.get(approvalId);
    if (approval === null) throw new Error(`There is no approval ${approvalId}.`);
    if (approval.state !== "approved" && approval.state !== "executing") return;

    const changes = await approvedChanges(deps, approval);
    if (approval.state === "approved") {
      const started = await approvals.update(approvalId, (current) =>
        transition(current, { type: "start" }, clock()),
      );
      if (!started.ok) return;
      await showAgain(deps, approval.investigationId);
    }
    const finish = changes.ok ? await run(deps, approval, changes.value) : refused(changes.error);
    await approvals.update(approvalId, (current) =>
      transition(current, { type: "finish", ...finish }, clock()),
    );
    if (finish.state === "succeeded") {
      await investigations.update(approval.investigationId, (investigation) => ({
        ...investigation,
        verification: "running",
      }));
      await queue.verify(approvalId);
    }
    await showAgain(deps, approval.investigationId);
  };
}

function refused(reason: string): Finish {
  return { state: "failed", outcome: `Nothing was changed: ${reason}` };
}

/** The plan's changes, if they are exactly what was approved, by people who may. */
async function approvedChanges(
  { approvals, investigations, sealer, approvers, thresholds, allowedChanges }: ExecutePlanDeps,
  approval: Approval,
): Promise<{ ok: true; value: readonly Change[] } | { ok: false; error: string }> {
  const seal = await approvals.getSeal(approval.id);
  if (seal === null || !sealer.verify(approval, seal)) {
    return { ok: false, error: "the approval carries no valid seal of the bot." };
  }
  const reviewers = approval.reviews
    .filter((review) => review.verdict === "approve")
    .map((r) => r.reviewer.slackUserId);
  const entitled = new Set(
    reviewers.filter((id) => approvers.includes(id) && id !== approval.requester.slackUserId),
  );
  const diagnosis = await investigations.getDiagnosis(approval.investigationId, "answer");
  const changes = diagnosis?.plan?.changes.map((planned) => planned.change) ?? [];
  if (changes.length === 0 || digestOf(changes) !== approval.planDigest) {
    return { ok: false, error: "the stored plan is not the one that was approved." };
  }
  if (entitled.size < thresholdOf(changes, thresholds)) {
    return { ok: false, error: "the reviewers are not approvers in the executor's own configuration." };
  }
  const refused = changes.find(({ kind }) => !allowedChanges.includes(kind));
  if (refused !== undefined) {
    return {
      ok: false,
      error: `${refused.kind} is not among execution.changes of the executor's configuration.`,
    };
  }
  return { ok: true, value: changes };
}

async function run(deps: ExecutePlanDeps, approval: Approval, changes: readonly Change[]): Promise<Finish> {
  const applied: number[] = [];
  for (const [step, change] of changes.entries()) {
    const journal = createStepJournal(deps, approval, step);
    const state = await stepThrough(deps, journal, change);
    if (state.result === "applied") applied.push(step);
    if (state.result === "failed")
      return { state: "failed", outcome: failure(change, state.detail, changes, applied) };
    if (state.result === "drift") {
      const reverted = await revertAll(deps, approval, changes, applied);
      const outcome = `${describeChange(change).target} is no longer as the plan found it, so the run stopped. ${reverted}`;
      return { state: "rolled-back", outcome };
    }
  }
  return { state: "succeeded", outcome: "Every change is in effect." };
}

type StepState =
  | { readonly result: "applied" | "already-done" }
  | { readonly result: "drift" }
  | { readonly result: "failed"; readonly detail: string };

async function stepThrough(deps: ExecutePlanDeps, journal: StepJournal, change: Change): Promise<StepState> {
  const executor = executorOf(deps.executors, change);
  const signal = () => AbortSignal.timeout(deps.stepTimeoutMs);
  try {
    const past = await journal.read();
    const present = canonical(await executor.read(change, signal()));
    let result: "applied" | "already-done";
    let isSettled = past.some((entry) => entry.event === "settled");
    if (present === canonical(change.after)) {
      // A crash between the call and its journal entry: the value is ours if we had begun to apply it.
      result = past.some((entry) => entry.event === "applying") ? "applied" : "already-done";
      if (result === "already-done") await journal.write("already-done");
      else if (!past.some((entry) => entry.event === "applied")) await journal.write("applied");
    } else if (present === canonical(change.before)) {
      await journal.write("applying");
      await executor.apply(change, signal());
      await journal.write("applied");
      result = "applied";
      // What an earlier run waited for was undone since: this is another value that has to take effect.
      isSettled = false;
    } else {
      await journal.write("drift");
      return { result: "drift" };
    }
    if (!isSettled) {
      await journal.write("settling");
      await executor.settle(change, signal());
      await journal.write("settled");
    }
    return { result };
  } catch (error) {
    const detail = detailOf(error);
    await journal.write("failed", detail);
    return { result: "failed", detail };
  }
}

/** It goes into the journal and into Slack. */
function detailOf(error: unknown): string {
  return error instanceof Error ? redact(error.message) : "unknown error";
}

/** Takes back what this run applied, last first. */
async function revertAll(
  deps: ExecutePlanDeps,
  approval: Approval,
  changes: readonly Change[],
  applied: readonly number[],
): Promise<string> {
  const told: string[] = [];
  for (const step of applied.toReversed()) {
    const change = changes[step];
    if (change === undefined) continue;
    const { target, undo } = describeChange(change);
    const revert = executorOf(deps.executors, change).revert;
    if (revert === null) continue;
    const journal = createStepJournal(deps, approval, step);
    try {
      await journal.write("reverting");
      await revert(change, AbortSignal.timeout(deps.stepTimeoutMs));
      await journal.write("reverted");
      told.push(`What it had changed at ${target} was taken back.`);
    } catch (error) {
      await journal.write("revert-failed", detailOf(error));
      told.push(`What it had changed at ${target} could not be taken back; run: ${undo}`);
    }
  }
  return told.length === 0 ? "It had changed nothing." : told.join(" ");
}

function failure(
  change: Change,
  detail: string,
  changes: readonly Change[],
  applied: readonly number[],
): string {
  const undo = undoCommands(applied.flatMap((step) => changes[step] ?? []));
  const taken =
    undo.length === 0 ? "" : ` What was done before it stays; to take it back: ${undo.join(" ; ")}`;
  return `${describeChange(change).preview} This failed: ${detail}.${taken}`;
}

interface StepJournal {
  read(): Promise<Journal>;
  write(event: JournalEntry["event"], detail?: string): Promise<void>;
}

function createStepJournal(deps: ExecutePlanDeps, approval: Approval, step: number): StepJournal {
  return {
    read: async () => (await deps.journals.read(approval.id)).filter((entry) => entry.step === step),
    async write(event, detail) {
      await deps.journals.append(approval.id, { at: deps.clock(), step, event, detail: detail ?? null });
      await showAgain(deps, approval.investigationId);
    },
  };
}

/** The table is complete by its type; that key and change agree is what the compiler cannot follow. */
function executorOf(executors: ChangeExecutors, change: Change): ChangeExecutor<ChangeKind> {
  return executors[change.kind] as ChangeExecutor<ChangeKind>;
}
