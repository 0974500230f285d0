import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Fault } from "../../../sandbox/account/faults.ts";
import type { Cluster } from "../../../sandbox/cluster/cluster.ts";
import { ownerReferenceTo, type Pod } from "../../../sandbox/cluster/objects.ts";
import { type Sandbox, startSandbox } from "../../../sandbox/sandbox.ts";
import { namespace, workload } from "../../../sandbox/stories/manifests.ts";
import { planReads } from "../../../src/adapters/kubernetes/collectors/logs.ts";
import type { Evidence, WorkloadKind } from "../../../src/core/evidence.ts";
import { collectorsOf, found, gatherAll, question } from "./sandboxed.ts";

const image = "public.ecr.aws/docker/library/busybox:1.36";
const spec = { serviceAccountName: "default", containers: [{ name: "main", image }] };
const metadata = (name: string) => ({ name, namespace: "kinds" });

let sandbox: Sandbox;
let cluster: Cluster;

beforeAll(async () => {
  sandbox = await startSandbox({ paceMs: 5, tickMs: 0 });
  cluster = sandbox.clusters["eks-workshop"].cluster;
  cluster.create(namespace("kinds"));
  const deployment = workload({ kind: "Deployment", ...metadata("asleep"), image, replicas: 0 });
  cluster.create(deployment);
  const template = { spec };
  cluster.create({
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: metadata("never-ran"),
    spec: { schedule: "0 3 1 1 *", jobTemplate: { spec: { template } } },
  });
  const job = cluster.create({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: metadata("done"),
    spec: { template },
  });
  cluster.create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...metadata("done-1"), ownerReferences: [ownerReferenceTo(job)] },
    spec: {
      ...spec,
      initContainers: [
        { name: "migrate", image },
        { name: "proxy", image, restartPolicy: "Always" },
      ],
    },
  });
  cluster.settle();
  cluster.store.update("pods", "kinds", "done-1", { manager: "kubelet" }, (draft) => {
    (draft as Pod).status.phase = "Succeeded";
    return draft;
  });
});
afterAll(() => sandbox.close());

const gather = (name: string, kind: WorkloadKind) =>
  gatherAll(collectorsOf(sandbox), question("kinds", name, { kind }));

describe("workloads without a pod that runs", () => {
  it.each([
    ["asleep", "Deployment", 0],
    ["never-ran", "CronJob", null],
  ] as const)("judges %s by its template", async (name, kind, replicas) => {
    const evidence = await gather(name, kind);

    expect(found(evidence, "k8s.workload")).toMatchObject({
      replicas,
      template: { serviceAccountName: "default" },
    });
    expect(found(evidence, "k8s.pods")).toEqual({ pods: [], total: 0 });
    expect(found(evidence, "k8s.nodes")).toEqual([]);
    expect(found(evidence, "logs.errors")).toMatchObject({ read: [], unread: [], errors: [] });
    expect(found(evidence, "k8s.service-account").name).toBe("default");
  });

  it("still shows the pods of a Job that is done, with init containers and sidecars", async () => {
    const evidence = await gather("done", "Job");

    const [pod] = found(evidence, "k8s.pods").pods;
    expect(pod?.phase).toBe("Succeeded");
    expect(pod?.containers.map(({ name, init }) => [name, init])).toEqual([
      ["migrate", true],
      ["proxy", false],
      ["main", false],
    ]);
    expect(found(evidence, "logs.errors").read.map(({ container }) => container)).toEqual([
      "migrate",
      "proxy",
      "main",
    ]);
  });

  it("leaves out a pod that is being deleted", async () => {
    cluster.stop();
    cluster.store.update("pods", "kinds", "done-1", { manager: "kubectl" }, (draft) => {
      draft.metadata.deletionTimestamp = "2026-01-02T03:04:05Z";
      return draft;
    });
    const evidence = await gather("done", "Job");
    cluster.store.update("pods", "kinds", "done-1", { manager: "kubectl" }, (draft) => {
      delete draft.metadata.deletionTimestamp;
      return draft;
    });
    cluster.run();

    expect(found(evidence, "k8s.pods")).toEqual({ pods: [], total: 0 });
  });
});

it("reads the run before only of a container that runs again", async () => {
  const [pod] = found(await gather("done", "Job"), "k8s.pods").pods;
  if (pod === undefined) throw new Error("The job has no pod.");
  const status = { restartCount: 3, startedAt: "2026-01-02T03:04:05Z", waitingReason: null };
  const statuses = [
    { ...status, container: "migrate", restartCount: 0 },
    { ...status, container: "proxy" },
    { ...status, container: "main", waitingReason: "CrashLoopBackOff" },
  ];

  expect(planReads([{ ...pod, statuses }], null)).toEqual({
    runs: [
      { pod: "done-1", container: "migrate", previous: false },
      { pod: "done-1", container: "proxy", previous: false },
      { pod: "done-1", container: "proxy", previous: true },
      { pod: "done-1", container: "main", previous: false },
    ],
    notStarted: [],
  });
});

const calls = [
  "get/deployments",
  "list/deployments",
  "list/statefulsets",
  "list/daemonsets",
  "get/daemonsets",
  "list/jobs",
  "list/cronjobs",
  "list/replicasets",
  "list/pods",
  "get/pods/log",
  "get/serviceaccounts",
  "list/serviceaccounts",
  "list/mutatingwebhookconfigurations",
  "get/namespaces",
  "get/nodes",
  "list/networkpolicies",
  "list/poddisruptionbudgets",
];

describe("a call that fails", () => {
  let whole: Evidence;
  beforeAll(async () => {
    whole = await gatherAll(collectorsOf(sandbox), question("carts", "carts"));
  });

  it.each(calls)("%s: takes nothing for absent, and invents nothing", async (call) => {
    for (const fault of ["server-error", "malformed"] satisfies readonly Fault[]) {
      cluster.faults.set(`k8s:${call}`, fault);
      const evidence = await gatherAll(collectorsOf(sandbox), question("carts", "carts"));
      cluster.faults.clear();

      const changed = Object.entries(evidence).filter(
        ([kind, observation]) => observation.status !== whole[kind as keyof Evidence]?.status,
      );
      const isLog = call === "get/pods/log" && fault === "malformed";
      expect(changed.length > 0 || isLog).toBe(true);
      for (const [, observation] of changed) {
        expect(observation).toMatchObject({ status: "unavailable", reason: "error" });
      }
    }
  });
});
