import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type PrivateRedis, startRedis } from "../../../sandbox/redis.ts";
import { connectRedis, redisWarnings } from "../../../src/adapters/redis/connection.ts";
import {
  createApprovalStore,
  createInvestigationStore,
  createJournalStore,
} from "../../../src/adapters/redis/stores.ts";
import type { Investigation } from "../../../src/app/investigation.ts";
import { type Approval, type Refusal, transition } from "../../../src/core/approval.ts";

let server: PrivateRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = await connectRedis(server.url);
});

afterAll(async () => {
  redis.disconnect();
  await server.close();
});

beforeEach(async () => {
  await redis.flushall();
});

const investigation: Investigation = {
  id: "i1",
  questionKey: "q1",
  version: 1,
  question: { cluster: "c", namespace: "n", name: "w", kind: null, container: null, sinceSeconds: 60 },
  requester: { slackUserId: "UALICE" },
  views: [{ channel: "C1", postedIn: null, ts: null, detailsTs: null, shownVersion: 0 }],
  status: "asked",
  askedAt: "2026-01-01T10:00:00.000Z",
  diagnosedAt: null,
  progress: { workload: "waiting", logs: "waiting", config: "waiting", cloudtrail: "waiting" },
  problem: null,
  approvalId: null,
  verification: null,
  verificationDetail: null,
};

const approval: Approval = {
  id: "a1",
  investigationId: "i1",
  planDigest: "d1",
  requester: { slackUserId: "UALICE" },
  state: "pending",
  threshold: 1,
  reviews: [],
  createdAt: "2026-01-01T10:00:00.000Z",
  expiresAt: "2026-01-01T10:30:00.000Z",
  finishedAt: null,
  outcome: null,
};

describe("investigations", () => {
  test("one question asked many times at once is one investigation, until it is answered", async () => {
    const store = createInvestigationStore(redis);
    const asked = await Promise.all(
      Array.from({ length: 20 }, (_, i) => store.open({ ...investigation, id: `i${i}` })),
    );
    expect(new Set(asked.map((one) => one.id)).size).toBe(1);

    const first = asked[0] ?? investigation;
    await store.close(first);
    const next = await store.open({ ...investigation, id: "later" });
    expect(next.id).toBe("later");

    await store.close(first);
    expect((await store.open({ ...investigation, id: "even-later" })).id).toBe("later");
  });

  test("concurrent updates all count, and showing a view does not", async () => {
    const store = createInvestigationStore(redis);
    await store.open(investigation);
    await Promise.all(
      (["workload", "logs", "config", "cloudtrail"] as const).map((group) =>
        store.update("i1", (current) => ({ ...current, progress: { ...current.progress, [group]: "done" } })),
      ),
    );
    await store.saveView("i1", {
      channel: "C1",
      postedIn: "C1",
      ts: "1.2",
      detailsTs: null,
      shownVersion: 5,
    });

    const after = await store.get("i1");

    expect(Object.values(after?.progress ?? {})).toEqual(["done", "done", "done", "done"]);
    expect(after?.version).toBe(5);
    expect(after?.views[0]?.ts).toBe("1.2");
    expect(await store.update("nobody", (current) => current)).toBeNull();
  });

  test("evidence of several writers adds up", async () => {
    const store = createInvestigationStore(redis);
    await store.putEvidence("i1", { "iam.role": { status: "absent", source: "iam:GetRole", at: "t" } });
    await store.putEvidence("i1", {
      "eks.association": { status: "unavailable", reason: "throttled", source: "eks" },
    });
    expect(Object.keys(await store.getEvidence("i1")).sort()).toEqual(["eks.association", "iam.role"]);
  });
});

describe("approvals", () => {
  test("two people at once: one review counts, the other is refused", async () => {
    const store = createApprovalStore(redis);
    await store.create(approval);
    const at = "2026-01-01T10:05:00.000Z";
    const results = await Promise.all(
      ["UBOB", "UCAROL", "UBOB", "UERIN"].map((slackUserId) =>
        store.update<Refusal>("a1", (current) =>
          transition(current, { type: "approve", reviewer: { slackUserId }, planDigest: "d1" }, at),
        ),
      ),
    );
    expect(results.filter((result) => result.ok)).toHaveLength(1);
    expect((await store.get("a1"))?.reviews).toHaveLength(1);
  });

  test("an execution starts once, whoever tries", async () => {
    const store = createApprovalStore(redis);
    await store.create({ ...approval, state: "approved" });
    const starts = await Promise.all(
      Array.from({ length: 10 }, () =>
        store.update<Refusal>("a1", (current) => transition(current, { type: "start" }, approval.createdAt)),
      ),
    );
    expect(starts.filter((start) => start.ok)).toHaveLength(1);
  });

  test("creating again keeps what is there", async () => {
    const store = createApprovalStore(redis);
    await store.create({ ...approval, state: "denied" });
    expect((await store.create(approval)).state).toBe("denied");
  });
});

test("the journal keeps its order", async () => {
  const store = createJournalStore(redis);
  for (const event of ["applying", "applied", "settled"] as const) {
    await store.append("a1", { at: "t", step: 0, event, detail: null });
  }
  expect((await store.read("a1")).map((entry) => entry.event)).toEqual(["applying", "applied", "settled"]);
});

test("a Redis that may lose jobs is told of", async () => {
  expect(await redisWarnings(redis)).toEqual([]);
  await redis.config("SET", "maxmemory-policy", "allkeys-lru");
  await redis.config("SET", "appendonly", "no");
  expect(await redisWarnings(redis)).toHaveLength(2);
  await redis.config("SET", "maxmemory-policy", "noeviction");
});

test("a Redis that is not there is an error that names it", async () => {
  await expect(connectRedis("redis://:hunter22@127.0.0.1:1")).rejects.toThrow(/127\.0\.0\.1:1.*REDIS_URL/);
});
