import { expect, test } from "vitest";
import { diagnose } from "../../src/core/diagnose.ts";
import type { EvidenceBundle } from "../../src/core/evidence.ts";

const at = "2026-01-02T03:04:05Z";
const bundle: EvidenceBundle = {
  schema: "eksiam/bundle/v1",
  question: {
    cluster: "c",
    namespace: "n",
    name: "w",
    kind: "Deployment",
    container: null,
    sinceSeconds: 3_600,
  },
  collectedAt: at,
  evidence: {
    "k8s.nodes": {
      status: "unavailable",
      reason: "access-denied",
      permission: "get nodes",
      source: "k8s:nodes",
    },
    "cloudtrail.events": { status: "unavailable", reason: "throttled", source: "cloudtrail:LookupEvents" },
  },
};

test("what was not read and changes nothing is a remark; a blind spot is not told twice", () => {
  const { remarks, blindSpots } = diagnose([], bundle);

  expect(remarks).toEqual([
    "k8s.nodes was not read (access-denied), which changes nothing here. Grant eksiam: get nodes.",
  ]);
  expect(blindSpots.map(({ evidence }) => evidence)).toEqual(["cloudtrail.events"]);
});

test("a log that did not come may hold the cause; one that there is not holds none", () => {
  const withLogs = (failure: { failure?: "timeout" }): EvidenceBundle => ({
    ...bundle,
    evidence: {
      "logs.errors": {
        status: "found",
        source: "k8s:pods/n/log",
        at,
        value: {
          sinceSeconds: 3_600,
          read: [{ pod: "w-0", container: "w", previous: false, lines: 1, truncated: false }],
          unread: [{ pod: "w-1", container: "w", reason: "no answer before the deadline", ...failure }],
          errors: [],
          signs: [],
        },
      },
    },
  });

  expect(diagnose([], withLogs({})).conclusion).toBe("no-fault-found");
  const { conclusion, blindSpots } = diagnose([], withLogs({ failure: "timeout" }));
  expect(conclusion).toBe("inconclusive");
  expect(blindSpots).toEqual([
    {
      evidence: "logs.errors",
      reason: "timeout",
      permission: null,
      detail: "1 of the logs, among them w-1/w: no answer before the deadline",
      ruleIds: [],
    },
  ]);
});
