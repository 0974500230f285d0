import { describe, expect, it } from "vitest";
import { isHistory } from "../../src/core/denials.ts";
import type { Evidence, PodFacts } from "../../src/core/evidence.ts";

const at = (minute: number, second = 0) => new Date(Date.UTC(2026, 0, 2, 12, minute, second)).toISOString();
const now = at(30);

function podWith(status: Partial<PodFacts["statuses"][number]>): PodFacts {
  const base = { container: "app", restartCount: 0, startedAt: at(0), waitingReason: null };
  return {
    name: "app-1",
    uid: "1",
    createdAt: at(0),
    startedAt: at(0),
    phase: "Running",
    ready: true,
    nodeName: "node",
    podIp: "10.0.0.1",
    hostIp: "10.0.0.2",
    mirror: false,
    ephemeralContainers: [],
    revision: null,
    tokenVolumes: [],
    statuses: [{ ...base, ...status }],
    serviceAccountName: "app",
    hostNetwork: false,
    runAsUser: null,
    fsGroup: null,
    nodeSelectorOs: null,
    labels: {},
    annotations: {},
    containers: [],
  };
}

const evidenceOf = (pod: PodFacts): Evidence => ({
  "k8s.pods": { status: "found", value: { pods: [pod], total: 1 }, source: "k8s:pods", at: now },
});

const line = (lastSeen: string) => ({ lastSeen, pods: ["app-1"], containers: ["app"] });

describe("a line of the run before", () => {
  const lastRun = { startedAt: at(20), finishedAt: at(25), exitCode: 1 };

  it("is history once the container has outlived the run that crashed", () => {
    const pod = podWith({
      restartCount: 1,
      startedAt: at(10),
      lastRun: { ...lastRun, startedAt: at(5), finishedAt: at(9) },
    });

    expect(isHistory(line(at(8)), evidenceOf(pod))).toBe(true);
    expect(isHistory(line(at(12)), evidenceOf(pod))).toBe(false);
  });

  it("is the present while the container waits in CrashLoopBackOff", () => {
    const pod = podWith({ restartCount: 4, startedAt: at(20), waitingReason: "CrashLoopBackOff", lastRun });

    expect(isHistory(line(at(24)), evidenceOf(pod))).toBe(false);
    expect(isHistory(line(at(19)), evidenceOf(pod))).toBe(false);
  });

  it("is the present between two crashes, when the container happens to run", () => {
    const pod = podWith({ restartCount: 4, startedAt: at(29), lastRun });

    expect(isHistory(line(at(24)), evidenceOf(pod))).toBe(false);
  });

  it("is history after an end that was no crash", () => {
    const pod = podWith({ restartCount: 1, startedAt: at(29), lastRun: { ...lastRun, exitCode: 0 } });

    expect(isHistory(line(at(24)), evidenceOf(pod))).toBe(true);
  });

  it("is history for a new pod of the same name, whatever crashes", () => {
    const pod = {
      ...podWith({ restartCount: 1, waitingReason: "CrashLoopBackOff", lastRun }),
      createdAt: at(15),
    };

    expect(isHistory(line(at(14)), evidenceOf(pod))).toBe(true);
  });
});
