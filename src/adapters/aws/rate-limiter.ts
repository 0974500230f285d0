import type { RateLimiter } from "../../app/ports.ts";

/**
 * One turn every `intervalMs` for each key, in this process. LookupEvents allows two requests a second per account
 * and Region: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 */
export function createRateLimiter(intervalMs: number): RateLimiter {
  const nextTurn = new Map<string, number>();
  return {
    take(key, signal) {
      const now = performance.now();
      const turn = Math.max(now, nextTurn.get(key) ?? 0);
      nextTurn.set(key, turn + intervalMs);
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const abort = () => {
          clearTimeout(timer);
          reject(signal.reason);
        };
        const timer = setTimeout(() => {
          signal.removeEventListener("abort", abort);
          resolve();
        }, turn - now);
        signal.addEventListener("abort", abort, { once: true });
      });
    },
  };
}
