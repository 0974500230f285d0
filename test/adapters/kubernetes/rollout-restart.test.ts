import { setTimeout as sleepFor } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../../sandbox/sandbox.ts";
import { createRolloutRestartExecutor } from "../../../src/adapters/kubernetes/rollout-restart.ts";
import type { RestartRollout } from "../../../src/core/plan.ts";
import { clock, connect } from "./sandboxed.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ paceMs: 2, tickMs: 0 });
});
afterAll(() => sandbox.close());
beforeEach(() => sandbox.reset());

const signal = () => AbortSignal.timeout(15_000);

function executor() {
  return createRolloutRestartExecutor({
    client: connect(sandbox, "executor").client,
    clock,
    sleep: (ms, aborted) => sleepFor(Math.min(ms, 20), undefined, { signal: aborted }),
  });
}

function restart(mark: string, before: string | null = null, name = "carts"): RestartRollout {
  return {
    kind: "k8s.rollout.restart",
    target: { cluster: "eks-workshop", kind: "Deployment", namespace: name, name },
    before: { mark: before },
    after: { mark },
  };
}

function store() {
  return sandbox.clusters["eks-workshop"].cluster.store;
}

function podNames(): readonly string[] {
  return store()
    .list("pods", "carts")
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.name)
    .sort();
}

function deploymentOf(name: string) {
  const deployment = store().get("deployments.apps", name, name);
  if (deployment === undefined) throw new Error(`there is no Deployment ${name}`);
  return deployment;
}

describe("restarting a Deployment", () => {
  it("replaces every pod, waits for the end, and leaves its mark and kubectl's", async () => {
    const before = podNames();
    const change = restart("plan-1");
    const run = executor();

    expect(await run.read(change, signal())).toEqual({ mark: null });
    await run.apply(change, signal());
    await run.settle(change, signal());

    expect(await run.read(change, signal())).toEqual({ mark: "plan-1" });
    const after = podNames();
    expect(after).toHaveLength(before.length);
    expect(after.filter((name) => before.includes(name))).toEqual([]);
    expect(deploymentOf("carts")["spec"]).toMatchObject({
      template: {
        metadata: {
          annotations: { "kubectl.kubernetes.io/restartedAt": clock(), "eksiam/restarted-for": "plan-1" },
        },
      },
    });
    expect(deploymentOf("carts").metadata.managedFields?.map(({ manager }) => manager)).toContain("eksiam");
  });

  it("restarts once, however often it is asked", async () => {
    const change = restart("plan-1");
    const run = executor();
    await run.apply(change, signal());
    await run.settle(change, signal());
    const pods = podNames();
    const generation = deploymentOf("carts").metadata.generation;

    await run.apply(change, signal());
    await run.settle(change, signal());

    expect(podNames()).toEqual(pods);
    expect(deploymentOf("carts").metadata.generation).toBe(generation);
  });

  it("makes one of two restarts that come at once, and refuses the other", async () => {
    const results = await Promise.allSettled([
      executor().apply(restart("plan-1"), signal()),
      executor().apply(restart("plan-2"), signal()),
    ]);

    expect(results.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  it("stops where somebody else has restarted it since", async () => {
    await executor().apply(restart("plan-1"), signal());

    await expect(executor().apply(restart("plan-2"), signal())).rejects.toThrow(/somebody else/);
    await expect(executor().settle(restart("plan-2"), signal())).rejects.toThrow(/somebody else/);
  });

  it("says what is missing, and where the workload is gone", async () => {
    await expect(executor().read(restart("plan-1", null, "gone"), signal())).rejects.toThrow(
      /does not exist/,
    );
    sandbox.applyRbac("executor", [
      { namespace: null, rules: [{ apiGroups: ["apps"], resources: ["deployments"], verbs: ["get"] }] },
    ]);
    await expect(executor().apply(restart("plan-1"), signal())).rejects.toThrow(/patch deployments\.apps/);
  });

  it("gives up a rollout that does not end, telling how far it came", async () => {
    store().update("deployments.apps", "carts", "carts", { manager: "kubectl-edit" }, (draft) => {
      const spec = draft["spec"] as { template: { spec: Record<string, unknown> } };
      spec.template.spec["nodeSelector"] = { "no-such": "node" };
      return draft;
    });
    const change = restart("plan-1");
    await executor().apply(change, signal());

    await expect(executor().settle(change, AbortSignal.timeout(300))).rejects.toThrow(
      /did not end in time: .+/,
    );
  });

  it("refuses what a restart would not reach", async () => {
    store().update("deployments.apps", "carts", "carts", { manager: "kubectl-edit" }, (draft) => {
      (draft["spec"] as Record<string, unknown>)["paused"] = true;
      return draft;
    });

    await expect(executor().read(restart("plan-1"), signal())).rejects.toThrow(/rollout resume/);
  });

  it("has nothing to take back", () => {
    expect(executor().revert).toBeNull();
  });
});
