import { beforeEach, expect, test } from "vitest";
import { createExpire, createReview } from "../../src/app/approvals.ts";
import type { Investigation } from "../../src/app/investigation.ts";
import type { Approval } from "../../src/core/approval.ts";
import { createMemory } from "../support/memory.ts";

const pending: Approval = {
  id: "a1",
  investigationId: "i1",
  planDigest: "d1",
  requester: { slackUserId: "UALICE" },
  state: "pending",
  threshold: 1,
  reviews: [],
  createdAt: "2026-01-01T10:00:00.000Z",
  expiresAt: "2026-01-01T10:30:00.000Z",
  finishedAt: null,
  outcome: null,
};

let memory: ReturnType<typeof createMemory>;
let now: string;

beforeEach(async () => {
  memory = createMemory();
  now = "2026-01-01T10:05:00.000Z";
  await memory.approvalStore.create(pending);
  await memory.investigationStore.open({ id: "i1", version: 1 } as Investigation);
});

const deps = () => ({
  approvals: memory.approvalStore,
  investigations: memory.investigationStore,
  queue: memory.queue,
  sealer: { seal: () => "sealed", verify: () => true },
  clock: () => now,
  approvers: ["UALICE", "UBOB"],
});

const review = (slackUserId: string, verdict: "approve" | "deny", planDigest = "d1") =>
  createReview(deps())({ approvalId: "a1", planDigest, verdict, slackUserId });

test("an approval is sealed, executed once, and shown", async () => {
  expect(await review("UBOB", "approve")).toMatchObject({ ok: true, value: { state: "approved" } });
  expect(await memory.approvalStore.getSeal("a1")).toBe("sealed");
  expect(memory.enqueued).toEqual(["execute-plan a1", "notify i1"]);
  expect(await review("UBOB", "approve")).toEqual({ ok: false, error: "already-decided" });
  expect(memory.enqueued).toHaveLength(2);
});

test.each([
  ["who is no approver", "UDAVE", "approve", "d1", "not-an-approver"],
  ["who is no approver, denying", "UDAVE", "deny", "d1", "not-an-approver"],
  ["who asked, though an approver", "UALICE", "approve", "d1", "self-review"],
  ["of another plan", "UBOB", "approve", "d2", "plan-changed"],
] as const)("a click is refused: %s", async (_who, user, verdict, digest, error) => {
  expect(await review(user, verdict, digest)).toEqual({ ok: false, error });
  expect(memory.enqueued).toEqual([]);
});

test("whoever asked may withdraw", async () => {
  expect(await review("UALICE", "deny")).toMatchObject({ ok: true, value: { state: "denied" } });
  expect(memory.enqueued).toEqual(["notify i1"]);
});

test("an approval expires when its time is over, not before, and not once it runs", async () => {
  const expire = createExpire(deps());
  await expire("a1");
  expect((await memory.approvalStore.get("a1"))?.state).toBe("pending");

  now = "2026-01-01T10:30:00.000Z";
  expect(await review("UBOB", "approve")).toEqual({ ok: false, error: "expired" });
  await expire("a1");
  expect((await memory.approvalStore.get("a1"))?.state).toBe("expired");
  expect(memory.enqueued).toEqual(["notify i1"]);

  memory.approvals.set("a1", { ...pending, state: "executing" });
  await expire("a1");
  expect((await memory.approvalStore.get("a1"))?.state).toBe("executing");
});

test("an approval that nobody knows is refused", async () => {
  memory.approvals.clear();
  expect(await review("UBOB", "approve")).toEqual({ ok: false, error: "not-found" });
});
