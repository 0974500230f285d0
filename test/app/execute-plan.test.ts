import { beforeEach, describe, expect, test } from "vitest";
import { createExecutePlan, type ExecutePlanDeps } from "../../src/app/execute-plan.ts";
import type { Investigation } from "../../src/app/investigation.ts";
import type { ChangeExecutors } from "../../src/app/ports.ts";
import type { Approval } from "../../src/core/approval.ts";
import { describeChange } from "../../src/core/describe-change.ts";
import type { Diagnosis } from "../../src/core/diagnosis.ts";
import { type Change, changeKinds, defaultChangeKinds } from "../../src/core/plan.ts";
import { digestOf } from "../../src/core/remedy.ts";
import { createMemory } from "../support/memory.ts";

const at = "2026-01-01T10:00:00.000Z";
const create: Change = {
  kind: "eks.pod-identity-association.create",
  target: { cluster: "c", region: "us-west-2", namespace: "n", serviceAccount: "s" },
  before: null,
  after: { roleArn: "arn:aws:iam::111122223333:role/r" },
};
const restart: Change = {
  kind: "k8s.rollout.restart",
  target: { cluster: "c", kind: "Deployment", namespace: "n", name: "w" },
  before: { mark: null },
  after: { mark: "m1" },
};
const changes = [create, restart];

class Crash extends Error {}

const unused = Object.fromEntries(changeKinds.map((kind) => [kind, {}])) as unknown as ChangeExecutors;

/** A cluster and account of two values, which count how often each was really changed. */
function createWorld() {
  const world = {
    roleArn: null as string | null,
    mark: null as string | null,
    creates: 0,
    deletes: 0,
    restarts: 0,
  };
  const executors: ChangeExecutors = {
    ...unused,
    "eks.pod-identity-association.create": {
      read: async () => (world.roleArn === null ? null : { roleArn: world.roleArn }),
      async apply(change) {
        if (world.roleArn !== null) throw new Error("the association exists already");
        world.roleArn = change.after?.roleArn ?? null;
        world.creates++;
      },
      async settle() {},
      async revert() {
        world.roleArn = null;
        world.deletes++;
      },
    },
    "k8s.rollout.restart": {
      read: async () => ({ mark: world.mark }),
      async apply(change) {
        world.mark = change.after.mark;
        world.restarts++;
      },
      async settle() {},
      revert: null,
    },
  };
  return { world, executors };
}

const approved: Approval = {
  id: "a1",
  investigationId: "i1",
  planDigest: digestOf(changes),
  requester: { slackUserId: "UALICE" },
  state: "approved",
  threshold: 1,
  reviews: [{ reviewer: { slackUserId: "UBOB" }, verdict: "approve", at }],
  createdAt: at,
  expiresAt: "2026-01-01T10:30:00.000Z",
  finishedAt: null,
  outcome: null,
};

let memory: ReturnType<typeof createMemory>;
let world: ReturnType<typeof createWorld>;

function deps(changed: Partial<ExecutePlanDeps> = {}): ExecutePlanDeps {
  return {
    approvals: memory.approvalStore,
    investigations: memory.investigationStore,
    journals: memory.journalStore,
    queue: memory.queue,
    executors: world.executors,
    sealer: { seal: () => "sealed", verify: (_approval, seal) => seal === "sealed" },
    clock: () => at,
    approvers: ["UBOB", "UCAROL"],
    thresholds: { threshold: 1, thresholds: {} },
    allowedChanges: defaultChangeKinds,
    stepTimeoutMs: 1_000,
    ...changed,
  };
}

beforeEach(async () => {
  memory = createMemory();
  world = createWorld();
  await memory.approvalStore.create(approved);
  await memory.approvalStore.putSeal("a1", "sealed");
  await memory.investigationStore.open({ id: "i1", version: 1 } as Investigation);
  const plan = {
    digest: approved.planDigest,
    closes: [],
    changes: changes.map(describeChange),
    manual: [],
    warnings: [],
  };
  await memory.investigationStore.putDiagnosis("i1", "answer", { plan } as unknown as Diagnosis);
});

const finalState = async () => (await memory.approvalStore.get("a1"))?.state;

test("applies the changes in order, journals them, and asks for verification", async () => {
  await createExecutePlan(deps())("a1");

  expect(world.world).toMatchObject({ creates: 1, restarts: 1 });
  expect((await memory.journalStore.read("a1")).map((e) => `${e.step} ${e.event}`)).toEqual([
    "0 applying",
    "0 applied",
    "0 settling",
    "0 settled",
    "1 applying",
    "1 applied",
    "1 settling",
    "1 settled",
  ]);
  expect(await finalState()).toBe("succeeded");
  expect(memory.enqueued).toContain("verify a1");
});

test("killed before or after every write and every call, and started again, it changes each thing once", async () => {
  for (let crashAt = 0; crashAt < 40; crashAt++) {
    memory = createMemory();
    world = createWorld();
    await memory.approvalStore.create(approved);
    await memory.approvalStore.putSeal("a1", "sealed");
    const plan = {
      digest: approved.planDigest,
      closes: [],
      changes: changes.map(describeChange),
      manual: [],
      warnings: [],
    };
    await memory.investigationStore.putDiagnosis("i1", "answer", { plan } as unknown as Diagnosis);
    const crashing = createCrashing(crashAt);

    await createExecutePlan(crashing.deps)("a1").catch((error: unknown) => {
      if (!(error instanceof Crash)) throw error;
    });
    await createExecutePlan(deps())("a1");

    expect(world.world, `crash ${crashAt}`).toMatchObject({ creates: 1, restarts: 1, deletes: 0 });
    expect(await finalState(), `crash ${crashAt}`).toBe("succeeded");
    if (!crashing.crashed()) return;
  }
  throw new Error("There were more steps than crashes: raise the bound.");
});

test("what somebody undid while the executor was down is applied again, and waited for again", async () => {
  for (const event of ["applying", "applied", "settling", "settled"] as const) {
    await memory.journalStore.append("a1", { at, step: 0, event, detail: null });
  }

  await createExecutePlan(deps())("a1");

  const events = (await memory.journalStore.read("a1")).filter(({ step }) => step === 0).map((e) => e.event);
  expect(events.slice(4)).toEqual(["applying", "applied", "settling", "settled"]);
  expect(world.world).toMatchObject({ creates: 1, restarts: 1 });
});

/** The process ends, as by SIGKILL, at the n-th thing it does to the outside: nothing after it happens. */
function createCrashing(crashAt: number) {
  let count = 0;
  let dead = false;
  const guard =
    <A extends readonly unknown[], R>(act: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (dead || count++ === crashAt) {
        dead = true;
        throw new Crash();
      }
      return act(...args);
    };
  const association = world.executors["eks.pod-identity-association.create"];
  const rollout = world.executors["k8s.rollout.restart"];
  return {
    crashed: () => dead,
    deps: deps({
      journals: { ...memory.journalStore, append: guard(memory.journalStore.append) },
      approvals: { ...memory.approvalStore, update: guard(memory.approvalStore.update) as never },
      executors: {
        ...unused,
        "eks.pod-identity-association.create": {
          ...association,
          apply: guard(association.apply),
          settle: guard(association.settle),
        },
        "k8s.rollout.restart": { ...rollout, apply: guard(rollout.apply), settle: guard(rollout.settle) },
      },
    }),
  };
}

describe("nothing is changed where", () => {
  test.each<[string, () => Promise<ExecutePlanDeps>]>([
    [
      "the seal is wrong",
      async () => {
        await memory.approvalStore.putSeal("a1", "forged");
        return deps();
      },
    ],
    [
      "there is no seal",
      async () => deps({ approvals: { ...memory.approvalStore, getSeal: async () => null } }),
    ],
    ["the reviewer is not in the executor's own list", async () => deps({ approvers: ["UCAROL"] })],
    [
      "the executor was not given the rights for a kind of change",
      async () => deps({ allowedChanges: ["k8s.rollout.restart"] }),
    ],
    [
      "the executor asks for more reviewers",
      async () => deps({ thresholds: { threshold: 2, thresholds: {} } }),
    ],
    [
      "the executor asks for more reviewers of such a change",
      async () => deps({ thresholds: { threshold: 1, thresholds: { "k8s.rollout.restart": 2 } } }),
    ],
    [
      "the stored plan is another one",
      async () => {
        const plan = {
          digest: approved.planDigest,
          closes: [],
          changes: [describeChange(restart)],
          manual: [],
          warnings: [],
        };
        await memory.investigationStore.putDiagnosis("i1", "answer", { plan } as unknown as Diagnosis);
        return deps();
      },
    ],
  ])("%s", async (_why, prepare) => {
    await createExecutePlan(await prepare())("a1");

    expect(world.world).toMatchObject({ creates: 0, restarts: 0 });
    expect(await finalState()).toBe("failed");
    expect((await memory.approvalStore.get("a1"))?.outcome).toMatch(/^Nothing was changed/);
  });
});

test("an approval that is not approved is left alone", async () => {
  for (const state of ["pending", "denied", "expired", "succeeded", "failed"] as const) {
    memory.approvals.set("a1", { ...approved, state });
    await createExecutePlan(deps())("a1");
    expect(await finalState()).toBe(state);
  }
  expect(world.world.creates).toBe(0);
});

test("what is there already is not done again, and not taken back", async () => {
  world.world.roleArn = "arn:aws:iam::111122223333:role/r";
  await createExecutePlan(deps())("a1");
  expect(world.world).toMatchObject({ creates: 0, restarts: 1 });
  expect((await memory.journalStore.read("a1"))[0]?.event).toBe("already-done");
});

test("drift stops the run and takes back what it did", async () => {
  world.world.mark = "another plan's";
  await createExecutePlan(deps())("a1");
  expect(world.world).toMatchObject({ creates: 1, deletes: 1, restarts: 0, roleArn: null });
  expect(await finalState()).toBe("rolled-back");
  expect((await memory.approvalStore.get("a1"))?.outcome).toContain("taken back");
});

test("a step that fails says what stays and how to take it back", async () => {
  const secret = `AK${"IA"}${"Q7".repeat(8)}`;
  world.executors = {
    ...world.executors,
    "k8s.rollout.restart": {
      ...world.executors["k8s.rollout.restart"],
      settle: async () => {
        throw new Error(`the new pod crashes: ${secret}`);
      },
    },
  };
  await createExecutePlan(deps())("a1");
  const outcome = (await memory.approvalStore.get("a1"))?.outcome;
  expect(await finalState()).toBe("failed");
  expect(outcome).toContain("the new pod crashes: [redacted]");
  expect(JSON.stringify(await memory.journalStore.read("a1"))).not.toContain(secret);
  expect(outcome).toContain("delete-pod-identity-association");
});
