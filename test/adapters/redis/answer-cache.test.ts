import type { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type PrivateRedis, startRedis } from "../../../sandbox/redis.ts";
import { createAnswerCache } from "../../../src/adapters/redis/answer-cache.ts";
import { connectRedis } from "../../../src/adapters/redis/connection.ts";

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

test("what one process keeps, another has, until its time is over", async () => {
  const key = "names of any length, and any kind: \u0000 * {x}";
  await createAnswerCache(one).put(key, "answer", 60_000);

  expect(await createAnswerCache(other).get(key)).toBe("answer");
  expect(await createAnswerCache(other).get(`${key} `)).toBeNull();
  const [stored = ""] = await one.keys("*");
  expect(stored).toMatch(/^eksiam:answer:[0-9a-f]{64}$/);
  expect(await one.pttl(stored)).toBeGreaterThan(50_000);
  await one.pexpire(stored, 0);
  expect(await createAnswerCache(other).get(key)).toBeNull();
});

test("without Redis nothing is kept, and nobody is stopped", async () => {
  const gone = await connectRedis(server.url);
  gone.disconnect();
  const cache = createAnswerCache(gone);

  await cache.put("key", "answer", 1_000);
  expect(await cache.get("key")).toBeNull();
});
