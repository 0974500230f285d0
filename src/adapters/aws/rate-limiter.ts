import type { RateLimiter } from "../../app/ports.ts";

/**
 * One turn every `intervalMs` for each key, in this process. LookupEvents allows two requests a second per account
 * and Region: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 */
export function createRateLimiter(
  intervalMs: number,
  sleep: (ms: number, signal: AbortSignal) => Promise<void>,
): RateLimiter {
  const nextTurn = new Map<string, number>();
  return {
    take(key, signal) {
      const now = performance.now();
      const turn = Math.max(now, nextTurn.get(key) ?? 0);
      nextTurn.set(key, turn + intervalMs);
      return sleep(turn - now, signal);
    },
  };
}
