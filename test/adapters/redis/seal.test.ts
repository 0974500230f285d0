import { expect, test } from "vitest";
import { createSealer } from "../../../src/adapters/redis/seal.ts";
import type { Approval } from "../../../src/core/approval.ts";

const approval: Approval = {
  id: "a1",
  investigationId: "i1",
  planDigest: "d1",
  requester: { slackUserId: "UALICE" },
  state: "approved",
  threshold: 1,
  reviews: [{ reviewer: { slackUserId: "UBOB" }, verdict: "approve", at: "2026-01-01T10:00:00.000Z" }],
  createdAt: "2026-01-01T10:00:00.000Z",
  expiresAt: "2026-01-01T10:30:00.000Z",
  finishedAt: null,
  outcome: null,
};

const sealer = createSealer("k".repeat(32));

test("holds while the approval moves through its execution", () => {
  const seal = sealer.seal(approval);
  expect(sealer.verify({ ...approval, state: "executing" }, seal)).toBe(true);
});

test.each([
  ["another plan", { planDigest: "d2" }],
  ["another reviewer", { reviews: [] }],
  ["another requester", { requester: { slackUserId: "UMALLORY" } }],
  ["a later expiry", { expiresAt: "2027-01-01T10:30:00.000Z" }],
])("breaks with %s", (_what, changed) => {
  expect(sealer.verify({ ...approval, ...changed }, sealer.seal(approval))).toBe(false);
});

test("another key, or no seal at all, does not verify", () => {
  expect(createSealer("x".repeat(32)).verify(approval, sealer.seal(approval))).toBe(false);
  expect(sealer.verify(approval, "")).toBe(false);
});

test("a short key is refused", () => {
  expect(() => createSealer("short")).toThrow(/32 characters/);
});
