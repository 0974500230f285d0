import type { Person } from "../core/approval.ts";
import type { Question } from "../core/evidence.ts";
import type { CollectorGroup } from "./ports.ts";

/** A message that shows the investigation, with its details in the thread. */
export interface View {
  /** Where it was asked. */
  readonly channel: string;
  /** Where the message is: another conversation where eksiam may not post in `channel`; null until it is posted. */
  readonly postedIn: string | null;
  /** Slack's id of the message; null until it is posted. */
  readonly ts: string | null;
  /** The reply that holds the details; null until there are any. */
  readonly detailsTs: string | null;
  /** The version that it shows; 0 until it is posted. */
  readonly shownVersion: number;
}

export type Progress = "waiting" | "running" | "done" | "partly" | "failed";

export type InvestigationStatus =
  | "asked"
  | "gathering"
  | "diagnosed"
  /** The question itself cannot be answered: no such workload, or several. */
  | "refused"
  | "failed";

/** What is known about one question while it is answered: the state from which every message is rendered. */
export interface Investigation {
  readonly id: string;
  /** Equal for equal questions: see `questionKey`. */
  readonly questionKey: string;
  /** Grows with every change of state; a message shows one version. */
  readonly version: number;
  readonly question: Question;
  readonly requester: Person;
  readonly views: readonly View[];
  readonly status: InvestigationStatus;
  readonly askedAt: string;
  readonly diagnosedAt: string | null;
  readonly progress: Readonly<Record<CollectorGroup, Progress>>;
  /** For people: why it was refused or failed. */
  readonly problem: string | null;
  /** The approval of its plan, once there is one. */
  readonly approvalId: string | null;
  readonly verification: "running" | "fixed" | "not-fixed" | "cannot-tell" | null;
  readonly verificationDetail: string | null;
}

/** Pure: the store may run it again. Answering the same value changes nothing. */
export type InvestigationUpdate = (investigation: Investigation) => Investigation;
