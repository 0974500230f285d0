/** What an execution did, in order; written before and after each step so that a restarted executor can go on. */
export interface JournalEntry {
  readonly at: string;
  /** Index of the change in the plan. */
  readonly step: number;
  readonly event:
    | "already-done"
    | "applying"
    | "applied"
    | "settling"
    | "settled"
    | "drift"
    | "failed"
    | "reverting"
    | "reverted"
    | "revert-failed";
  /** For people; null where the event says it all. */
  readonly detail: string | null;
}

export type Journal = readonly JournalEntry[];
