import { expect, it } from "vitest";
import type { Owner, WorkloadFacts } from "../../src/core/evidence.ts";
import type { RestartRollout } from "../../src/core/plan.ts";
import { warningsOf } from "../../src/core/plan-warnings.ts";

const restart: RestartRollout = {
  kind: "k8s.rollout.restart",
  target: { cluster: "c", kind: "Deployment", namespace: "n", name: "hello" },
  before: { mark: null },
  after: { mark: "1" },
};

function warnings(managedBy: Owner, ownedBy?: string): readonly string[] {
  const value: WorkloadFacts = {
    kind: "Deployment",
    namespace: "n",
    name: "hello",
    uid: "1",
    createdAt: "2026-01-02T03:04:05Z",
    replicas: null,
    template: {
      serviceAccountName: "default",
      hostNetwork: false,
      runAsUser: null,
      fsGroup: null,
      nodeSelectorOs: null,
      labels: {},
      annotations: {},
      containers: [],
    },
    managedBy,
    ...(ownedBy === undefined ? {} : { ownedBy }),
    restartMark: null,
  };
  const found = { status: "found", value, source: "test", at: "2026-01-02T03:04:05Z" } as const;
  return warningsOf([restart], { "k8s.workload": found });
}

it.each([
  ["none", undefined, []],
  ["none", "revision hello-00001", [/^revision hello-00001 owns deployment hello: it may undo/]],
  ["helm", "revision hello-00001", [/^helm owns deployment hello: it may undo/]],
] as const)("managed by %s, owned by %s", (managedBy, ownedBy, expected) => {
  expect(warnings(managedBy, ownedBy)).toEqual(expected.map((text) => expect.stringMatching(text)));
});
