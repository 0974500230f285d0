import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type PrivateRedis, startRedis } from "../../../sandbox/redis.ts";
import { connectRedis } from "../../../src/adapters/redis/connection.ts";
import { createSharedRateLimiter } from "../../../src/adapters/redis/rate-limiter.ts";

let server: PrivateRedis;
let one: Redis;
let other: Redis;

beforeAll(async () => {
  server = await startRedis();
  [one, other] = await Promise.all([connectRedis(server.url), connectRedis(server.url)]);
});
afterAll(async () => {
  one.disconnect();
  other.disconnect();
  await server.close();
});
beforeEach(async () => {
  await one.flushall();
});

const { signal } = new AbortController();

/** A process: it does not wait, it only notes for how long it would have. */
function processOf(redis: Redis, intervalMs: number) {
  const waits: number[] = [];
  const limiter = createSharedRateLimiter(redis, intervalMs, async (ms, until) => {
    until.throwIfAborted();
    waits.push(ms);
  });
  return { limiter, waits };
}

test("processes share the turns of a key, and no two get the same", async () => {
  const hour = 3_600_000;
  const [first, second] = [processOf(one, hour / 3_600), processOf(other, hour / 3_600)];
  await first.limiter.take("111122223333/us-west-2", signal);
  await second.limiter.take("111122223333/us-west-2", signal);
  await second.limiter.take("111122223333/us-east-1", signal);
  await first.limiter.take("111122223333/us-west-2", signal);
  expect(first.waits[0]).toBe(0);
  expect(second.waits[1]).toBe(0);
  const waited = [second.waits[0] ?? 0, first.waits[1] ?? 0];
  // A second apart by Redis's clock, less the time that this test takes.
  expect(waited.map((ms) => Math.ceil(ms / 1_000))).toEqual([1, 2]);
});

test("a turn far ahead is not reserved: whoever gives up wastes nobody's", async () => {
  const slow = createSharedRateLimiter(one, 60_000, () => new Promise(() => {}));
  const impatient = createSharedRateLimiter(other, 60_000, async () => {
    throw new Error("deadline");
  });
  void slow.take("key", signal);
  for (let count = 0; count < 5; count++) {
    await expect(impatient.take("key", signal)).rejects.toThrow("deadline");
  }
  const ahead = Number(await one.get("eksiam:turn:key")) - Date.now();
  expect(Math.ceil(ahead / 60_000)).toBe(1);
});

test("waits no longer than its signal, and forgets keys that nobody uses", async () => {
  const { limiter } = processOf(one, 500);
  await limiter.take("key", signal);
  expect(await one.pttl("eksiam:turn:key")).toBeGreaterThan(0);
  await expect(limiter.take("key", AbortSignal.abort(new Error("deadline")))).rejects.toThrow("deadline");
});
