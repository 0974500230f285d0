import { expect, it } from "vitest";
import type { WorkloadFacts } from "../../src/core/evidence.ts";
import { recreateStep, replacePods } from "../../src/core/subject.ts";

function workload(kind: string): WorkloadFacts {
  return {
    kind,
    namespace: "shop",
    name: "carts",
    uid: "1",
    createdAt: "2026-01-02T03:04:05Z",
    replicas: null,
    template: {
      serviceAccountName: "carts",
      hostNetwork: false,
      runAsUser: null,
      fsGroup: null,
      nodeSelectorOs: null,
      labels: { app: "carts", "rollouts-pod-template-hash": "aaa" },
      annotations: {},
      containers: [],
    },
    managedBy: "none",
    restartMark: null,
  };
}

it.each([
  ["CronJob", "kubectl -n shop create job --from=cronjob/carts carts-again"],
  ["Job", "kubectl -n shop get job/carts -o yaml"],
  ["Pod", "kubectl -n shop get pod/carts -o yaml"],
  ["Rollout", "kubectl argo rollouts -n shop restart carts"],
  ["StrimziPodSet", "kubectl -n shop get pods -l app=carts"],
])("%s: new pods come about by %s", (kind, command) => {
  expect(recreateStep(workload(kind)).command).toBe(command);
});

it("a kind that is not built in is never restarted by eksiam itself", () => {
  const question = {
    cluster: "c",
    namespace: "shop",
    name: "carts",
    kind: "Rollout",
    container: null,
    sinceSeconds: 3_600,
  };
  const seen = { status: "found", source: "test", at: "2026-01-02T03:04:05Z" } as const;

  expect(replacePods({ ...seen, value: workload("Rollout") }, question).fix).toBeUndefined();
  expect(replacePods({ ...seen, value: workload("Deployment") }, question).fix).toHaveLength(1);
});
