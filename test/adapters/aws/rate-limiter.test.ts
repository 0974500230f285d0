import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createRateLimiter } from "../../../src/adapters/aws/rate-limiter.ts";
import { sleep } from "../../../src/main/sleep.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("gives each key its turns, one an interval, in the order of asking", async () => {
  const limiter = createRateLimiter(500, sleep);
  const { signal } = new AbortController();
  const given: string[] = [];
  for (const key of ["west", "west", "east", "west"]) {
    limiter.take(key, signal).then(() => given.push(key));
  }

  await vi.advanceTimersByTimeAsync(0);
  expect(given).toEqual(["west", "east"]);
  await vi.advanceTimersByTimeAsync(500);
  expect(given).toEqual(["west", "east", "west"]);
  await vi.advanceTimersByTimeAsync(500);
  expect(given).toEqual(["west", "east", "west", "west"]);
});

test("waits no longer than its signal", async () => {
  const limiter = createRateLimiter(500, sleep);
  const controller = new AbortController();
  await Promise.all([limiter.take("west", controller.signal), vi.advanceTimersByTimeAsync(0)]);
  const waiting = limiter.take("west", controller.signal);
  controller.abort(new Error("deadline"));
  await expect(waiting).rejects.toThrow("deadline");
  await expect(limiter.take("east", controller.signal)).rejects.toThrow("deadline");
});
