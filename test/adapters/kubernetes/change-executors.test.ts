import { setTimeout as sleepFor } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../../sandbox/sandbox.ts";
import { createAnnotationExecutor } from "../../../src/adapters/kubernetes/annotation-executor.ts";
import { createPodExecutor } from "../../../src/adapters/kubernetes/pod-executor.ts";
import { createTemplateExecutors } from "../../../src/adapters/kubernetes/template-executors.ts";
import type { ChangeExecutor } from "../../../src/app/ports.ts";
import type { Change, ChangeKind, ChangeOfKind } from "../../../src/core/plan.ts";
import { connect } from "./sandboxed.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ paceMs: 2, tickMs: 0 });
});
afterAll(() => sandbox.close());
beforeEach(() => sandbox.reset());

const signal = () => AbortSignal.timeout(15_000);
const sleep = (ms: number, aborted: AbortSignal) =>
  sleepFor(Math.min(ms, 20), undefined, { signal: aborted });
const target = {
  cluster: "eks-workshop",
  kind: "Deployment",
  namespace: "carts",
  name: "carts",
} as const;

function store() {
  return sandbox.clusters["eks-workshop"].cluster.store;
}

function template() {
  const deployment = store().get("deployments.apps", "carts", "carts") as unknown as {
    spec: { template: { metadata: { annotations?: object }; spec: { containers: { name: string }[] } } };
  };
  return deployment.spec.template;
}

function pods() {
  return store()
    .list("pods", "carts")
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

const key = "eks.amazonaws.com/skip-containers";

function changes(): readonly (readonly [Change, ChangeExecutor<ChangeKind>])[] {
  const { client } = connect(sandbox, "executor");
  const executors = createTemplateExecutors({ client, sleep });
  const container = template().spec.containers[0]?.name ?? "";
  const made: readonly Change[] = [
    {
      kind: "k8s.workload.service-account",
      target,
      before: { serviceAccountName: "carts" },
      after: { serviceAccountName: "default" },
    },
    {
      kind: "k8s.workload.env",
      target: { ...target, container, variables: ["NO_PROXY", "no_proxy"] },
      before: { NO_PROXY: null, no_proxy: null },
      after: { NO_PROXY: { value: "169.254.170.23" }, no_proxy: { value: "169.254.170.23" } },
    },
    { kind: "k8s.workload.fs-group", target, before: { fsGroup: null }, after: { fsGroup: 65_534 } },
    {
      kind: "k8s.workload.template-metadata",
      target: { ...target, field: "annotations", key },
      before: { value: null },
      after: { value: "istio-proxy" },
    },
  ];
  const annotate: Change = {
    kind: "k8s.service-account.annotate",
    target: { ...target, annotation: "eks.amazonaws.com/role-arn" },
    before: { value: null },
    after: { value: "arn:aws:iam::111122223333:role/carts" },
  };
  return [
    ...made.map(
      (change) =>
        [
          change,
          (executors as unknown as Record<ChangeKind, ChangeExecutor<ChangeKind>>)[change.kind],
        ] as const,
    ),
    [annotate, createAnnotationExecutor(client) as unknown as ChangeExecutor<ChangeKind>],
  ];
}

describe("changes to objects of the cluster", () => {
  it("are read, made, followed to the end of their rollout, and taken back", async () => {
    for (const [change, executor] of changes()) {
      expect(await executor.read(change, signal()), change.kind).toEqual(change.before);
      await executor.apply(change, signal());
      await executor.settle(change, signal());
      expect(await executor.read(change, signal()), change.kind).toEqual(change.after);
      await executor.apply(change, signal());
      await executor.revert?.(change, signal());
      expect(await executor.read(change, signal()), change.kind).toEqual(change.before);
    }
  });

  it("are not made, nor taken back, once somebody else has changed their target", async () => {
    for (const [change, executor] of changes()) {
      const drifted = { ...change, before: change.after, after: change.before } as Change;
      await executor.apply(change, signal());
      const other = { ...change, before: { other: 1 }, after: { other: 2 } } as unknown as Change;

      await expect(executor.apply(other, signal()), change.kind).rejects.toThrow("meantime");
      await expect(executor.revert?.(other, signal()), change.kind).rejects.toThrow("meantime");
      await executor.apply(drifted, signal());
    }
  });

  it("name the permission that is missing", async () => {
    sandbox.applyRbac("executor", []);
    for (const [change, executor] of changes()) {
      await expect(executor.read(change, signal()), change.kind).rejects.toThrow(
        /the permission `get (deployments\.apps|serviceaccounts)` is missing/,
      );
    }
  });
});

it("keys are taken out without their values ever being read, and cannot be put back from here", async () => {
  const { client } = connect(sandbox, "executor");
  const executor = createTemplateExecutors({ client, sleep })["k8s.workload.env"];
  const container = template().spec.containers[0]?.name ?? "";
  const name = "AWS_SECRET_ACCESS_KEY";
  const on = { ...target, container, variables: [name] };
  const set: ChangeOfKind<"k8s.workload.env"> = {
    kind: "k8s.workload.env",
    target: on,
    before: { [name]: null },
    after: { [name]: { value: "not-a-key" } },
  };
  await executor.apply(set, signal());
  const remove: ChangeOfKind<"k8s.workload.env"> = {
    ...set,
    before: { [name]: { from: "hidden" } },
    after: { [name]: null },
  };

  expect(await executor.read(remove, signal())).toEqual({ [name]: { from: "hidden" } });
  await executor.apply(remove, signal());
  expect(JSON.stringify(template())).not.toContain("not-a-key");
  await expect(executor.revert?.(remove, signal())).rejects.toThrow("by hand");
});

it("an annotation outside of eks.amazonaws.com/ is never written", async () => {
  const executor = createAnnotationExecutor(connect(sandbox, "executor").client);
  const change: ChangeOfKind<"k8s.service-account.annotate"> = {
    kind: "k8s.service-account.annotate",
    target: { ...target, annotation: "kubernetes.io/enforce-mountable-secrets" },
    before: { value: null },
    after: { value: "true" },
  };
  await expect(executor.apply(change, signal())).rejects.toThrow("eks.amazonaws.com/ only");
});

describe("deleting a pod", () => {
  const change = (name: string, uid: string): ChangeOfKind<"k8s.pod.delete"> => ({
    kind: "k8s.pod.delete",
    target: { cluster: target.cluster, namespace: "carts", name },
    before: { uid },
    after: null,
  });
  const executor = () => createPodExecutor({ client: connect(sandbox, "executor").client, sleep });

  it("has its controller make another one", async () => {
    const [pod] = pods();
    const wanted = change(pod?.metadata.name ?? "", pod?.metadata.uid ?? "");

    expect(await executor().read(wanted, signal())).toEqual(wanted.before);
    await executor().apply(wanted, signal());
    await executor().settle(wanted, signal());
    expect(await executor().read(wanted, signal())).toBeNull();
  });

  it("leaves a pod of another uid, and one that nothing would make anew", async () => {
    const [pod] = pods();
    const name = pod?.metadata.name ?? "";
    await executor().apply(change(name, "another"), signal());
    expect(pods().map(({ metadata }) => metadata.name)).toContain(name);

    const { cluster } = sandbox.clusters["eks-workshop"];
    const spec = { containers: [{ name: "main", image: "public.ecr.aws/docker/library/busybox:1.36" }] };
    cluster.create({ apiVersion: "v1", kind: "Pod", metadata: { name: "bare", namespace: "carts" }, spec });
    const bare = pods().find(({ metadata }) => metadata.name === "bare");
    await expect(executor().apply(change("bare", bare?.metadata.uid ?? ""), signal())).rejects.toThrow(
      "no controller",
    );
  });
});
