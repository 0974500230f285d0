import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Approval,
  type ApprovalEvent,
  type ApprovalState,
  transition,
} from "../../src/core/approval.ts";

const early = "2026-01-01T10:00:00.000Z";
const late = "2026-01-01T11:00:00.000Z";

const pending: Approval = {
  id: "a1",
  investigationId: "i1",
  planDigest: "d1",
  requester: { slackUserId: "UALICE" },
  state: "pending",
  threshold: 1,
  reviews: [],
  createdAt: "2026-01-01T09:50:00.000Z",
  expiresAt: "2026-01-01T10:30:00.000Z",
  finishedAt: null,
  outcome: null,
};

const by = (slackUserId: string, type: "approve" | "deny" = "approve", planDigest = "d1"): ApprovalEvent => ({
  type,
  reviewer: { slackUserId },
  planDigest,
});

const states: readonly ApprovalState[] = [
  "pending",
  "approved",
  "denied",
  "expired",
  "executing",
  "succeeded",
  "failed",
  "rolled-back",
];

test("the whole table of states and events", () => {
  const events: readonly (readonly [string, ApprovalEvent, string])[] = [
    ["approve", by("UBOB"), early],
    ["deny", by("UBOB", "deny"), early],
    ["expire", { type: "expire" }, late],
    ["start", { type: "start" }, early],
    ["finish", { type: "finish", state: "succeeded", outcome: "" }, early],
  ];
  const table = states.map((state) => {
    const cells = events.map(([name, event, now]) => {
      const moved = transition({ ...pending, state }, event, now);
      return `${name}: ${moved.ok ? moved.value.state : `(${moved.error})`}`;
    });
    return `${state} | ${cells.join(" | ")}`;
  });
  expect(table).toMatchInlineSnapshot(`
    [
      "pending | approve: approved | deny: denied | expire: expired | start: (illegal-transition) | finish: (illegal-transition)",
      "approved | approve: (already-decided) | deny: (already-decided) | expire: expired | start: executing | finish: (illegal-transition)",
      "denied | approve: (already-decided) | deny: (already-decided) | expire: (illegal-transition) | start: (illegal-transition) | finish: (illegal-transition)",
      "expired | approve: (expired) | deny: (expired) | expire: (illegal-transition) | start: (illegal-transition) | finish: (illegal-transition)",
      "executing | approve: (already-decided) | deny: (already-decided) | expire: (illegal-transition) | start: (illegal-transition) | finish: succeeded",
      "succeeded | approve: (already-decided) | deny: (already-decided) | expire: (illegal-transition) | start: (illegal-transition) | finish: (illegal-transition)",
      "failed | approve: (already-decided) | deny: (already-decided) | expire: (illegal-transition) | start: (illegal-transition) | finish: (illegal-transition)",
      "rolled-back | approve: (already-decided) | deny: (already-decided) | expire: (illegal-transition) | start: (illegal-transition) | finish: (illegal-transition)",
    ]
  `);
});

describe("the invariants", () => {
  test("the requester may not approve, and may withdraw", () => {
    expect(transition(pending, by("UALICE"), early)).toEqual({ ok: false, error: "self-review" });
    expect(transition(pending, by("UALICE", "deny"), early)).toMatchObject({
      ok: true,
      value: { state: "denied" },
    });
  });

  test("a reviewer counts once", () => {
    const first = transition({ ...pending, threshold: 2 }, by("UBOB"), early);
    expect(first).toMatchObject({ ok: true, value: { state: "pending" } });
    if (!first.ok) return;
    expect(transition(first.value, by("UBOB"), early)).toEqual({ ok: false, error: "already-reviewed" });
    expect(transition(first.value, by("UCAROL"), early)).toMatchObject({
      ok: true,
      value: { state: "approved" },
    });
  });

  test("an approval is of a digest", () => {
    expect(transition(pending, by("UBOB", "approve", "d2"), early)).toEqual({
      ok: false,
      error: "plan-changed",
    });
  });

  test("a late click is refused even if the expiry job has not run", () => {
    expect(transition(pending, by("UBOB"), late)).toEqual({ ok: false, error: "expired" });
  });

  test("whatever happens in whatever order, an execution starts at most once and a final state stays", () => {
    const event = fc.oneof(
      fc
        .constantFrom("UALICE", "UBOB", "UCAROL")
        .chain((who) => fc.constantFrom(by(who), by(who, "deny"), by(who, "approve", "d2"))),
      fc.constantFrom<ApprovalEvent>(
        { type: "expire" },
        { type: "start" },
        { type: "finish", state: "failed", outcome: "" },
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.constantFrom(early, late)), { maxLength: 12 }), (happened) => {
        let approval = pending;
        let started = 0;
        for (const [what, now] of happened) {
          const moved = transition(approval, what, now);
          if (!moved.ok) continue;
          expect(["denied", "expired", "succeeded", "failed", "rolled-back"]).not.toContain(approval.state);
          if (moved.value.state === "executing") started++;
          approval = moved.value;
        }
        expect(started).toBeLessThanOrEqual(1);
        expect(
          approval.reviews.filter((r) => r.verdict === "approve" && r.reviewer.slackUserId === "UALICE"),
        ).toEqual([]);
      }),
    );
  });
});
