import { expect, test } from "vitest";
import { gather } from "../../src/app/gather.ts";
import type { Evidence, EvidenceKind, Question } from "../../src/core/evidence.ts";
import { defineRule, pass } from "../../src/core/rule.ts";
import { scriptedCollectors } from "../support/memory.ts";

const at = "2026-01-01T10:00:00.000Z";
const question: Question = {
  cluster: "c",
  namespace: "n",
  name: "w",
  kind: "Deployment",
  container: null,
  sinceSeconds: 60,
};

const costly = defineRule({
  id: "costly",
  meta: {
    title: "",
    stage: "authorization",
    severity: "error",
    references: ["https://example.com"],
    unless: ["x"],
    messages: {},
  },
  when: {
    needs: ["eks.agent-addon"],
    holds: (evidence) => (evidence["eks.agent-addon"].status === "found" ? true : "no add-on"),
  },
  needs: ["iam.role"],
  wants: ["k8s.sharing"],
  check: () => pass(),
});

const request = (
  collectors: ReturnType<typeof scriptedCollectors>["collectors"],
  evidence: Evidence = {},
) => ({
  rules: [costly],
  collectors,
  question,
  evidence,
  groups: null,
  signal: AbortSignal.timeout(5_000),
});

test("costly evidence is asked for only once its symptom is there", async () => {
  const without = scriptedCollectors({});
  await gather(request(without.collectors));
  expect(without.asked).toContain("eks.agent-addon");
  expect(without.asked).not.toContain("iam.role");

  const addon = { name: "a", version: "1", status: "ACTIVE", issues: [] };
  const withSymptom = scriptedCollectors({
    "eks.agent-addon": { status: "found", value: addon, source: "s", at },
  });
  const evidence = await gather(request(withSymptom.collectors));
  expect(withSymptom.asked).toEqual(expect.arrayContaining(["iam.role"]));
  // What only improves a remedy is not asked for while there is nothing to remedy.
  expect(withSymptom.asked).not.toContain("k8s.sharing");
  expect(new Set(withSymptom.asked).size).toBe(withSymptom.asked.length);
  expect(Object.keys(evidence).sort()).toEqual([...withSymptom.asked].sort());
});

test("a kind waits for the kinds before it, which are gathered too", async () => {
  const after: Partial<Record<EvidenceKind, EvidenceKind[]>> = {
    "k8s.pods": ["k8s.nodes"],
    "k8s.nodes": ["k8s.workload"],
  };
  const scripted = scriptedCollectors({}, (kind) => ({ after: after[kind] ?? [] }));
  await gather(request(scripted.collectors));
  const order = (kind: EvidenceKind) => scripted.asked.indexOf(kind);
  expect(order("k8s.workload")).toBeLessThan(order("k8s.nodes"));
  expect(order("k8s.nodes")).toBeLessThan(order("k8s.pods"));
});

test("one group gathers its own kinds, and leaves what waits for another", async () => {
  const scripted = scriptedCollectors({}, (kind) => ({
    group: kind === "logs.errors" || kind === "k8s.pods" ? "logs" : "config",
    after: kind === "k8s.pods" ? ["k8s.workload"] : [],
  }));
  await gather({ ...request(scripted.collectors), groups: ["logs"] });
  expect(scripted.asked).toEqual(["logs.errors"]);
});

test("a collector that hangs or throws is evidence that could not be seen, and holds nobody up", async () => {
  const scripted = scriptedCollectors({});
  const collectors = {
    ...scripted.collectors,
    "k8s.pods": { ...scripted.collectors["k8s.pods"], collect: () => new Promise<never>(() => undefined) },
    "logs.errors": {
      ...scripted.collectors["logs.errors"],
      collect: () => Promise.reject(new TypeError("a bug")),
    },
  };
  const evidence = await gather({ ...request(collectors), signal: AbortSignal.timeout(50) });
  expect(evidence["k8s.pods"]).toMatchObject({ status: "unavailable", reason: "timeout" });
  expect(evidence["logs.errors"]).toMatchObject({ status: "unavailable", reason: "error" });
  expect(evidence["eks.association"]?.status).toBe("absent");
});

test("what is known is not asked for again", async () => {
  const scripted = scriptedCollectors({});
  await gather(request(scripted.collectors, { "k8s.pods": { status: "absent", source: "s", at } }));
  expect(scripted.asked).not.toContain("k8s.pods");
});

test("no secret comes in with the evidence", async () => {
  const secret = `AK${"IA"}${"Q7".repeat(8)}`;
  const addon = { name: `key ${secret}`, version: "1", status: "ACTIVE", issues: [] };
  const scripted = scriptedCollectors({
    "eks.agent-addon": { status: "found", value: addon, source: "s", at },
    "iam.role": { status: "unavailable", reason: "error", source: "s", detail: `cannot use ${secret}` },
  });
  const told: unknown[] = [];
  const evidence = await gather({
    ...request(scripted.collectors),
    onObservation: (_, observation) => told.push(observation),
  });
  expect(JSON.stringify([evidence, told])).not.toContain(secret);
  expect(evidence["iam.role"]).toMatchObject({ detail: "cannot use [redacted]" });
});
