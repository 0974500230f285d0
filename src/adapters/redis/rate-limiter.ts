import type { Redis } from "ioredis";
import type { RateLimiter } from "../../app/ports.ts";

/** How far ahead a turn may be reserved: whoever gives up while waiting wastes no more than this of everybody's turns. */
const aheadMs = 2_000;

/**
 * By the server's clock, for all processes have their own. Answers how long to wait, and whether the turn is ours then;
 * where the next free one is too far ahead, none is taken.
 */
const reserveTurn = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local turn = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local wait = turn - now
if wait > tonumber(ARGV[2]) then return {wait, 0} end
redis.call('SET', KEYS[1], turn + ARGV[1], 'PX', math.ceil(wait + ARGV[1]))
return {wait, 1}`;

/** One turn every `intervalMs` for each key, for all processes that share this Redis. */
export function createSharedRateLimiter(
  redis: Redis,
  intervalMs: number,
  sleep: (ms: number, signal: AbortSignal) => Promise<void>,
): RateLimiter {
  const step = Math.ceil(intervalMs);
  return {
    async take(key, signal) {
      for (;;) {
        signal.throwIfAborted();
        const answer = await redis.eval(reserveTurn, 1, `eksiam:turn:${key}`, step, aheadMs);
        const [waitMs = 0, ours = 0] = (answer as readonly unknown[]).map(Number);
        if (ours === 1) return sleep(waitMs, signal);
        await sleep(waitMs - aheadMs, signal);
      }
    },
  };
}
