import { type Job, Worker } from "bullmq";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createAuditDigestProcessor } from "../../../jobs/audit-digest.ts";
import { type PrivateRedis, startRedis } from "../../../sandbox/redis.ts";
import { redisOptions } from "../../../src/adapters/redis/connection.ts";
import {
  createJobQueue,
  type JobName,
  queuePrefix,
  type RedisJobQueue,
} from "../../../src/adapters/redis/queue.ts";
import type { AuditRequest } from "../../../src/app/ports.ts";

let server: PrivateRedis;
let queue: RedisJobQueue;
const workers: Worker[] = [];

beforeAll(async () => {
  server = await startRedis();
  queue = createJobQueue(server.url);
});

afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.close()));
});

afterAll(async () => {
  await queue.close();
  await server.close();
});

function work(name: JobName, processor: (job: Job) => Promise<void>): void {
  workers.push(
    new Worker(name, processor, { connection: redisOptions(server.url, "worker"), prefix: queuePrefix }),
  );
}

async function until(done: () => boolean): Promise<void> {
  for (let waited = 0; waited < 10_000 && !done(); waited += 20)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

test("the schedule of the configuration asks for audits by itself, and a schedule that is gone asks no more", async () => {
  const requests: AuditRequest[] = [];
  const schedule = { timeZone: "Europe/Berlin", channel: "C1", cluster: "c" };
  await queue.schedule([
    { id: "gone", cron: "* * * * * *", ...schedule, channel: "C2" },
    { id: "stays", cron: "* * * * * *", ...schedule },
  ]);
  await queue.schedule([{ id: "stays", cron: "* * * * * *", ...schedule }]);
  work(
    "audit-digest",
    createAuditDigestProcessor(async (request) => void requests.push(request)),
  );

  const of = (channel: string) => requests.filter((request) => request.channel === channel);
  await until(() => of("C1").length >= 3);

  expect(of("C1")[0]).toMatchObject({ cluster: "c", requester: null });
  // One may have been due at the very second in which its schedule was taken away.
  expect(of("C2").length).toBeLessThan(2);
  expect(new Set(requests.map((request) => request.id)).size).toBe(requests.length);
  await queue.schedule([]);
});

test("the same call twice is one job", async () => {
  const executed: string[] = [];
  await Promise.all([queue.executePlan("a1"), queue.executePlan("a1"), queue.executePlan("a2")]);
  work("execute-plan", async (job) => void executed.push(job.data.approvalId));

  await until(() => executed.length >= 2);
  await queue.executePlan("a1");
  await new Promise((resolve) => setTimeout(resolve, 200));

  expect(executed.toSorted()).toEqual(["a1", "a2"]);
});

test("an execution that fails is not tried again: a person decides", async () => {
  let attempts = 0;
  await queue.executePlan("fails");
  work("execute-plan", async () => {
    attempts++;
    throw new Error("the cluster is gone");
  });
  await until(() => attempts >= 1);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(attempts).toBe(1);
});

test("a payload that will never parse ends at once", async () => {
  const failed: string[] = [];
  work(
    "audit-digest",
    createAuditDigestProcessor(async () => undefined),
  );
  workers[0]?.on("failed", (_job, error) => failed.push(error.message));
  await queue.auditDigest({ id: "x", cluster: "", channel: "C1", requester: null });
  await until(() => failed.length > 0);
  expect(failed).toEqual(["The payload has no cluster."]);
});

test("with Redis away, a producer says so within seconds", async () => {
  const lost = createJobQueue("redis://127.0.0.1:1");
  await expect(lost.investigate("i1")).rejects.toThrow();
  void lost.close().catch(() => undefined);
});
