import { expect, test } from "vitest";
import { type AuditEntry, compareAudits } from "../../src/core/digest.ts";

const at = "2026-01-01T06:00:00.000Z";
const entry = (name: string, ruleId: string | null, conclusion: AuditEntry["conclusion"]): AuditEntry => ({
  namespace: "shop",
  name,
  kind: "Deployment",
  conclusion,
  ruleId,
  message: null,
  alsoWrong: [],
  missingPermissions: [],
});

test("tells what is new and what is resolved, by workload and rule", () => {
  const last = compareAudits(
    "c",
    at,
    [entry("carts", "a", "cause-found"), entry("orders", "b", "cause-found")],
    null,
  );

  const now = compareAudits(
    "c",
    at,
    [entry("carts", null, "no-fault-found"), entry("orders", "c", "cause-found")],
    last,
  );

  expect(last.new.map((e) => e.name)).toEqual(["carts", "orders"]);
  expect(now.resolved.map((e) => `${e.name} ${e.ruleId}`)).toEqual(["carts a", "orders b"]);
  expect(now.new.map((e) => `${e.name} ${e.ruleId}`)).toEqual(["orders c"]);
  expect(now.totals).toEqual({ "no-fault-found": 1, c: 1 });
});

test("what was broken and cannot be judged now is not called resolved", () => {
  const last = compareAudits("c", at, [entry("carts", "a", "cause-found")], null);
  const now = compareAudits("c", at, [entry("carts", null, "inconclusive")], last);
  expect(now.resolved).toEqual([]);
});
