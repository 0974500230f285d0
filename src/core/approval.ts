import type { Result } from "./result.ts";

export type ApprovalState =
  | "pending"
  | "approved"
  | "denied"
  | "expired"
  | "executing"
  | "succeeded"
  | "failed"
  | "rolled-back";

/** A person, by the id that Slack vouches for. */
export interface Person {
  readonly slackUserId: string;
}

export interface Review {
  readonly reviewer: Person;
  readonly verdict: "approve" | "deny";
  readonly at: string;
}

/** An approval is of one plan's digest: a changed plan needs a new one. */
export interface Approval {
  readonly id: string;
  readonly investigationId: string;
  readonly planDigest: string;
  readonly requester: Person;
  readonly state: ApprovalState;
  /** Approvals needed. */
  readonly threshold: number;
  readonly reviews: readonly Review[];
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly finishedAt: string | null;
  /** What the execution says of itself, for people. */
  readonly outcome: string | null;
}

export type ApprovalEvent =
  | { readonly type: "approve" | "deny"; readonly reviewer: Person; readonly planDigest: string }
  | { readonly type: "expire" }
  | { readonly type: "start" }
  | {
      readonly type: "finish";
      readonly state: "succeeded" | "failed" | "rolled-back";
      readonly outcome: string;
    };

export type Refusal =
  | "self-review"
  | "already-reviewed"
  | "plan-changed"
  | "expired"
  | "not-expired"
  | "already-decided"
  | "illegal-transition";

/**
 * The one function that moves an approval. Pure, so a compare-and-set may run it again.
 * @param now ISO time of the event.
 */
export function transition(approval: Approval, event: ApprovalEvent, now: string): Result<Approval, Refusal> {
  switch (event.type) {
    case "approve":
    case "deny":
      return review(approval, event, now);
    case "expire":
      if (approval.state !== "pending" && approval.state !== "approved") return refuse("illegal-transition");
      if (!isPast(approval.expiresAt, now)) return refuse("not-expired");
      return moved(approval, { state: "expired", finishedAt: now });
    case "start":
      if (approval.state !== "approved") return refuse("illegal-transition");
      if (isPast(approval.expiresAt, now)) return refuse("expired");
      return moved(approval, { state: "executing" });
    case "finish":
      if (approval.state !== "executing") return refuse("illegal-transition");
      return moved(approval, { state: event.state, finishedAt: now, outcome: event.outcome });
  }
}

function review(
  approval: Approval,
  event: Extract<ApprovalEvent, { type: "approve" | "deny" }>,
  now: string,
): Result<Approval, Refusal> {
  if (approval.state === "expired") return refuse("expired");
  if (approval.state !== "pending") return refuse("already-decided");
  // A late click is refused even if the expiry job has not run yet.
  if (isPast(approval.expiresAt, now)) return refuse("expired");
  if (event.planDigest !== approval.planDigest) return refuse("plan-changed");
  const reviewerId = event.reviewer.slackUserId;
  // Whoever asked may withdraw the request, never approve it.
  if (event.type === "approve" && reviewerId === approval.requester.slackUserId) return refuse("self-review");
  if (approval.reviews.some((r) => r.reviewer.slackUserId === reviewerId)) return refuse("already-reviewed");

  const reviews = [...approval.reviews, { reviewer: event.reviewer, verdict: event.type, at: now }];
  if (event.type === "deny") return moved(approval, { state: "denied", reviews, finishedAt: now });
  const approvals = reviews.filter((r) => r.verdict === "approve").length;
  return moved(approval, { reviews, state: approvals >= approval.threshold ? "approved" : "pending" });
}

function moved(approval: Approval, to: Partial<Approval>): Result<Approval, Refusal> {
  return { ok: true, value: { ...approval, ...to } };
}

function refuse(error: Refusal): Result<Approval, Refusal> {
  return { ok: false, error };
}

function isPast(deadline: string, now: string): boolean {
  return Date.parse(now) >= Date.parse(deadline);
}
