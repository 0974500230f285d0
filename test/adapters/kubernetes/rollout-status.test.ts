import { describe, expect, it } from "vitest";
import { restartObstacle, rolloutStatus } from "../../../src/adapters/kubernetes/rollout-status.ts";
import { controllerSchema } from "../../../src/adapters/kubernetes/schemas.ts";

function controller(spec: object, status: object, generation = 2) {
  return controllerSchema.parse({
    metadata: { name: "carts", uid: "u-1", creationTimestamp: "2026-01-01T00:00:00Z", generation },
    spec: { template: { spec: { containers: [] } }, ...spec },
    status: { observedGeneration: 2, ...status },
  });
}

describe("a Deployment's rollout", () => {
  const done = { replicas: 2, updatedReplicas: 2, availableReplicas: 2 };
  it.each([
    ["is done", { replicas: 2 }, done, "done"],
    ["has not been seen", { replicas: 2 }, { ...done, observedGeneration: 1 }, "waiting"],
    ["makes new pods", { replicas: 2 }, { ...done, updatedReplicas: 1 }, "waiting"],
    ["still has old pods", { replicas: 2 }, { ...done, replicas: 3 }, "waiting"],
    ["waits for availability", { replicas: 2 }, { ...done, availableReplicas: 1 }, "waiting"],
    ["is scaled to nothing", { replicas: 0 }, {}, "done"],
    [
      "exceeded its deadline",
      { replicas: 2 },
      {
        ...done,
        availableReplicas: 1,
        conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }],
      },
      "stuck",
    ],
  ] as const)("%s", (_, spec, status, type) => {
    expect(rolloutStatus("Deployment", controller(spec, status)).type).toBe(type);
  });
});

describe("a StatefulSet's rollout", () => {
  it.each([
    ["is done", { readyReplicas: 2, currentRevision: "b", updateRevision: "b" }, "done"],
    [
      "has pods that are not ready",
      { readyReplicas: 1, currentRevision: "b", updateRevision: "b" },
      "waiting",
    ],
    ["has old pods", { readyReplicas: 2, currentRevision: "a", updateRevision: "b" }, "waiting"],
  ] as const)("%s", (_, status, type) => {
    expect(rolloutStatus("StatefulSet", controller({ replicas: 2 }, status)).type).toBe(type);
  });
});

describe("a DaemonSet's rollout", () => {
  const done = { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 };
  it.each([
    ["is done", done, "done"],
    ["makes new pods", { ...done, updatedNumberScheduled: 2 }, "waiting"],
    ["waits for availability", { ...done, numberAvailable: 2 }, "waiting"],
    ["is on no node", {}, "done"],
  ] as const)("%s", (_, status, type) => {
    expect(rolloutStatus("DaemonSet", controller({}, status)).type).toBe(type);
  });
});

describe("what stands in the way of a restart", () => {
  it.each([
    ["Deployment", { paused: true }, /paused/],
    ["StatefulSet", { updateStrategy: { type: "OnDelete" } }, /OnDelete/],
    ["DaemonSet", { updateStrategy: { type: "OnDelete" } }, /OnDelete/],
    [
      "StatefulSet",
      { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } } },
      /partition 1/,
    ],
  ] as const)("%s %j", (kind, spec, text) => {
    expect(restartObstacle(kind, controller(spec, {}))).toMatch(text);
  });

  it("is nothing where pods are replaced by themselves", () => {
    expect(restartObstacle("Deployment", controller({}, {}))).toBeNull();
    expect(
      restartObstacle("StatefulSet", controller({ updateStrategy: { type: "RollingUpdate" } }, {})),
    ).toBeNull();
  });
});
