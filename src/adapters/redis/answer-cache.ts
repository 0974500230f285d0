import type { Redis } from "ioredis";
import type { AnswerCache } from "../../app/ports.ts";
import { sha256 } from "../../core/sha256.ts";

const prefix = "eksiam:answer:";

/** Answers by the hash of their key, for all processes that share this Redis, which forgets them by itself. */
export function createAnswerCache(redis: Redis): AnswerCache {
  return {
    get: (key) => redis.get(prefix + sha256(key)).catch(() => null),
    async put(key, value, forMs) {
      await redis.set(prefix + sha256(key), value, "PX", Math.ceil(forMs)).catch(() => {});
    },
  };
}
