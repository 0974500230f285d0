import { type Approval, type Refusal, transition } from "../core/approval.ts";
import type { Result } from "../core/result.ts";
import type { ApprovalStore, Clock, InvestigationStore, JobQueue, Sealer } from "./ports.ts";

export interface ReviewRequest {
  readonly approvalId: string;
  /** The digest on the button: of the plan that the reviewer saw. */
  readonly planDigest: string;
  readonly verdict: "approve" | "deny";
  readonly slackUserId: string;
}

export type ReviewRefusal = Refusal | "not-an-approver" | "not-found";

export interface ReviewDeps {
  readonly approvals: ApprovalStore;
  readonly investigations: InvestigationStore;
  readonly queue: JobQueue;
  readonly sealer: Sealer;
  readonly clock: Clock;
  /** Slack user ids that may approve. Whoever asked may always withdraw by denying. */
  readonly approvers: readonly string[];
}

/**
 * A click does not approve: it submits a review, which is accepted or refused here. Who may review is checked now,
 * not when the message was made.
 */
export function createReview(deps: ReviewDeps) {
  const { approvals, queue, sealer, clock, approvers } = deps;
  return async function review(request: ReviewRequest): Promise<Result<Approval, ReviewRefusal>> {
    const { approvalId, planDigest, verdict, slackUserId } = request;
    const present = await approvals.get(approvalId);
    if (present === null) return { ok: false, error: "not-found" };
    const withdraws = verdict === "deny" && slackUserId === present.requester.slackUserId;
    const selfReview = verdict === "approve" && slackUserId === present.requester.slackUserId;
    if (!withdraws && !selfReview && !approvers.includes(slackUserId))
      return { ok: false, error: "not-an-approver" };

    const event = { type: verdict, reviewer: { slackUserId }, planDigest } as const;
    const reviewed = await approvals.update(approvalId, (approval) => transition(approval, event, clock()));
    if (!reviewed.ok) return reviewed;
    if (reviewed.value.state === "approved") {
      await approvals.putSeal(approvalId, sealer.seal(reviewed.value));
      await queue.executePlan(approvalId);
    }
    await showAgain(deps, reviewed.value.investigationId);
    return reviewed;
  };
}

/** Expires an approval whose time is over; anything else is left as it is. */
export function createExpire(deps: Pick<ReviewDeps, "approvals" | "investigations" | "queue" | "clock">) {
  return async function expire(approvalId: string): Promise<void> {
    const expired = await deps.approvals.update(approvalId, (approval) =>
      transition(approval, { type: "expire" }, deps.clock()),
    );
    if (expired.ok) await showAgain(deps, expired.value.investigationId);
  };
}

/** The message shows more than the investigation's own state: count its version up so that it is rendered again. */
export async function showAgain(
  { investigations, queue }: Pick<ReviewDeps, "investigations" | "queue">,
  investigationId: string,
): Promise<void> {
  const changed = await investigations.update(investigationId, (investigation) => ({ ...investigation }));
  if (changed !== null) await queue.notifyInvestigation(investigationId, changed.version);
}
