import type { Approval, Person } from "../core/approval.ts";
import type { Diagnosis } from "../core/diagnosis.ts";
import type { AuditResult } from "../core/digest.ts";
import type {
  Evidence,
  EvidenceKind,
  EvidenceValues,
  Observation,
  Question,
  WorkloadRef,
} from "../core/evidence.ts";
import type { ChangeKind, ChangeOfKind } from "../core/plan.ts";
import type { Result } from "../core/result.ts";
import type { CallBudget } from "./call-budget.ts";
import type { Investigation, InvestigationUpdate, View } from "./investigation.ts";
import type { Journal, JournalEntry } from "./journal.ts";

/** ISO time, now. Time is a dependency: only adapters and composition roots know a real clock. */
export type Clock = () => string;

/** Where a kind of evidence is gathered: the three gathering jobs, or the step that resolves the workload. */
export type CollectorGroup = "workload" | "logs" | "config" | "cloudtrail";

export interface CollectContext {
  readonly question: Question;
  /** What has been gathered so far: everything in `after`, at least. */
  readonly evidence: Evidence;
  /** Aborted at the deadline: the call then counts as timed out. */
  readonly signal: AbortSignal;
}

/**
 * Gathers one kind of evidence. Never throws for a missing permission, a throttled call or a malformed answer:
 * those are `unavailable`, with the permission that would show it.
 */
export interface Collector<K extends EvidenceKind> {
  readonly kind: K;
  readonly group: CollectorGroup;
  /** Kinds that must have been gathered before. */
  readonly after: readonly EvidenceKind[];
  collect(context: CollectContext): Promise<Observation<EvidenceValues[K]>>;
}

/** One collector a kind: a kind without a collector does not compile. */
export type Collectors = { readonly [K in EvidenceKind]: Collector<K> };

/** What resolving a name answers. */
export type ResolveError =
  | {
      readonly type: "not-found";
      readonly nearest: readonly string[];
      /** Permissions for want of which some owners of pods have no name. */
      readonly unread: readonly string[];
    }
  | { readonly type: "no-namespace"; readonly nearest: readonly string[] }
  | { readonly type: "ambiguous"; readonly kinds: readonly string[] }
  | { readonly type: "no-container"; readonly containers: readonly string[] }
  | { readonly type: "unavailable"; readonly reason: string; readonly permission: string | null };

/** Whether this process has one of the permissions that investigations need; null: that could not be told. */
export interface PermissionCheck {
  readonly permission: string;
  readonly granted: boolean | null;
  /** The answer in short, redacted. */
  readonly detail: string | null;
  /** What it would show, where answers are complete without it in nearly all cases. */
  readonly optionalFor?: string;
  /** The policy that grants it, where that is not the one that every investigator needs. */
  readonly manifest?: string;
}

/** Knows for which question each request of this process is made, counts it there, and makes no read twice. */
export interface CallMeter {
  /** Runs `work`: every request that it leads to is taken from this budget. */
  spending<T>(budget: CallBudget, work: () => Promise<T>): Promise<T>;
  /** Clients call it before each request. @throws CallBudgetSpent where the question has had its share. */
  take(service: string, operation: string): void;
  /** The answer that the question at hand has had to the same read, else that of `read`: it sees one state of things. */
  once<T>(key: string, read: () => Promise<T>): Promise<T>;
}

/** Where recorded calls are read, and what can be seen there, in words. */
export interface TrailSight {
  readonly source: string;
  readonly shows: string;
}

/** A cluster that can be asked. */
export interface ClusterAccess {
  readonly name: string;
  readonly region: string;
  /** Through which everything below makes its requests. */
  readonly meter: CallMeter;
  readonly collectors: Collectors;
  /** Finds the workload that a question means and fills in its kind. */
  resolve(question: Question, signal: AbortSignal): Promise<Result<Question, ResolveError>>;
  /** All workloads of the cluster or of one namespace, or the permission that is missing; absent: no such namespace. */
  listWorkloads(namespace: string | null, signal: AbortSignal): Promise<Observation<readonly WorkloadRef[]>>;
  /** Namespaces with a name like this one, nearest first; empty also where they cannot be seen. */
  nearestNamespaces(namespace: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Which permissions of the cluster and of its account this process has. Changes nothing. */
  permissions(signal: AbortSignal): Promise<readonly PermissionCheck[]>;
  /** Never rejects: what cannot be told is said so. */
  trailSight(signal: AbortSignal): Promise<TrailSight>;
}

/** The clusters of the configuration, by name. */
export interface Clusters {
  readonly names: readonly string[];
  get(name: string): ClusterAccess | undefined;
}

/**
 * Carries out one kind of change. Execution is reconciliation: `read` gives the present state in the terms of
 * `before` and `after`; `apply` is called only when it equals `before`; `revert` only for what this run applied.
 * All three throw on failure, with a message for people.
 */
export interface ChangeExecutor<K extends ChangeKind> {
  read(change: ChangeOfKind<K>, signal: AbortSignal): Promise<ChangeOfKind<K>["before"]>;
  apply(change: ChangeOfKind<K>, signal: AbortSignal): Promise<void>;
  /** Waits until the change is in effect: an association visible and settled, a rollout finished. */
  settle(change: ChangeOfKind<K>, signal: AbortSignal): Promise<void>;
  /** Null where there is nothing to take back. */
  readonly revert: ((change: ChangeOfKind<K>, signal: AbortSignal) => Promise<void>) | null;
}

/** A change kind without an executor does not compile. */
export type ChangeExecutors = { readonly [K in ChangeKind]: ChangeExecutor<K> };

/** Keeps investigations: state for the messages, evidence and the diagnosis. Everything in it is redacted. */
export interface InvestigationStore {
  /**
   * Stores a new investigation, unless one of the same `questionKey` is still running: then that one is answered,
   * so that one question asked twice at once is one investigation.
   */
  open(investigation: Investigation): Promise<Investigation>;
  /** The question has its answer: the next one who asks it starts anew. */
  close(investigation: Investigation): Promise<void>;
  get(id: string): Promise<Investigation | null>;
  /** Compare-and-set; counts the version up where `update` answers another value. Null: there is no such investigation. */
  update(id: string, update: InvestigationUpdate): Promise<Investigation | null>;
  /** Remembers what a channel has been shown, by channel. Shows nothing new, so the version stays. */
  saveView(id: string, view: View): Promise<void>;
  putEvidence(id: string, evidence: Evidence): Promise<void>;
  getEvidence(id: string): Promise<Evidence>;
  putDiagnosis(id: string, phase: DiagnosisPhase, diagnosis: Diagnosis): Promise<void>;
  getDiagnosis(id: string, phase: DiagnosisPhase): Promise<Diagnosis | null>;
}

/** The answer to the question, and the same question asked again after the fix. */
export type DiagnosisPhase = "answer" | "verification";

export interface ApprovalStore {
  create(approval: Approval): Promise<Approval>;
  get(id: string): Promise<Approval | null>;
  /** Compare-and-set: `decide` may run again on a newer value and must be pure. */
  update<E>(
    id: string,
    decide: (approval: Approval) => Result<Approval, E>,
  ): Promise<Result<Approval, E | "not-found">>;
  /** The seal over an approved approval, made by the bot and checked by the executor. */
  putSeal(id: string, seal: string): Promise<void>;
  getSeal(id: string): Promise<string | null>;
}

/** Hands out turns for calls that AWS counts for everybody in an account. */
export interface RateLimiter {
  /** Waits for a turn under this key. Rejects when the signal is aborted. */
  take(key: string, signal: AbortSignal): Promise<void>;
}

/** Keeps answers of others for a while. What it cannot keep is only asked again: it never rejects. */
export interface AnswerCache {
  get(key: string): Promise<string | null>;
  put(key: string, value: string, forMs: number): Promise<void>;
}

/** What processes share of CloudTrail's lookups: their pace, and for a while their answers. */
export interface SharedLookups {
  readonly limiter: RateLimiter;
  readonly answers?: AnswerCache;
}

/** HMAC over what was approved, so that write access to the store alone cannot run a change. */
export interface Sealer {
  seal(approval: Approval): string;
  verify(approval: Approval, seal: string): boolean;
}

export interface JournalStore {
  append(approvalId: string, entry: JournalEntry): Promise<void>;
  read(approvalId: string): Promise<Journal>;
}

/** The last audit that a channel was told of, for each cluster: against it, things are new or resolved. */
export interface AuditStore {
  getLast(channel: string, cluster: string): Promise<AuditResult | null>;
  putLast(channel: string, cluster: string, result: AuditResult): Promise<void>;
  putReport(id: string, report: AuditReport): Promise<void>;
  getReport(id: string): Promise<AuditReport | null>;
}

/** One audit for one channel. */
export interface AuditRequest {
  /** Idempotency key: the same id twice is one audit. */
  readonly id: string;
  readonly cluster: string;
  readonly channel: string;
  /** Null: the schedule asked. */
  readonly requester: Person | null;
}

/** What a digest message is rendered from. */
export interface AuditReport {
  readonly request: AuditRequest;
  readonly outcome:
    | { readonly ok: true; readonly result: AuditResult }
    | { readonly ok: false; readonly problem: string; readonly reason?: "no-namespace" };
}

/** Everything that a message about an investigation is rendered from. */
export interface InvestigationSnapshot {
  readonly investigation: Investigation;
  readonly diagnosis: Diagnosis | null;
  readonly approval: Approval | null;
  readonly journal: Journal;
  readonly verification: Diagnosis | null;
}

/** Shows state to people: posts a message where the view has none, else updates it. Answers the view as it is now. */
export interface Presenter {
  showInvestigation(view: View, snapshot: InvestigationSnapshot): Promise<View>;
  showReport(report: AuditReport): Promise<void>;
}

/** Hands work to the other processes. Job ids are idempotency keys: the same call twice is one job. */
export interface JobQueue {
  investigate(investigationId: string): Promise<void>;
  /** Re-renders the messages of an investigation; `version` is the state that must at least be shown. */
  notifyInvestigation(investigationId: string, version: number): Promise<void>;
  notifyReport(reportId: string): Promise<void>;
  executePlan(approvalId: string): Promise<void>;
  verify(approvalId: string): Promise<void>;
  expireApproval(approvalId: string, delayMs: number): Promise<void>;
  auditDigest(request: AuditRequest): Promise<void>;
}
