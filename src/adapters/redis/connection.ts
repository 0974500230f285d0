import { Redis } from "ioredis";

interface RedisSettings {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: object;
  readonly maxRetriesPerRequest: number | null;
  readonly enableOfflineQueue?: boolean;
  readonly commandTimeout?: number;
}

/**
 * Options for one Redis URL (`redis://`, `rediss://`). Producers fail fast, so that a person in Slack hears that the
 * queue is down instead of waiting; workers wait for it to come back: https://docs.bullmq.io/guide/going-to-production
 */
export function redisOptions(url: string, role: "producer" | "worker"): RedisSettings {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  const db = Number(pathname.slice(1) || "0");
  return {
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || "6379"),
    db,
    ...(username === "" ? {} : { username: decodeURIComponent(username) }),
    ...(password === "" ? {} : { password: decodeURIComponent(password) }),
    ...(protocol === "rediss:" ? { tls: {} } : {}),
    ...(role === "worker"
      ? { maxRetriesPerRequest: null }
      : { maxRetriesPerRequest: 1, enableOfflineQueue: false, commandTimeout: 2_500 }),
  };
}

/** A client that is connected, or an error that names the address (never the password). */
export async function connectRedis(url: string): Promise<Redis> {
  const options = { ...redisOptions(url, "producer"), lazyConnect: true };
  const redis = new Redis(options);
  redis.on("error", () => {
    // Every command rejects by itself while the connection is down; without a listener the process would end.
  });
  try {
    await redis.connect();
  } catch {
    redis.disconnect();
    throw new Error(
      `Redis does not answer at ${options.host}:${options.port}. Is it running, and is REDIS_URL right?`,
    );
  }
  return redis;
}

/**
 * What a queue needs of its Redis: nothing may be evicted, and a restart must lose nothing.
 * @returns sentences for the operator; empty where all is well.
 */
export async function redisWarnings(redis: Redis): Promise<readonly string[]> {
  const warnings: string[] = [];
  const setting = async (name: string) => {
    try {
      return String(((await redis.config("GET", name)) as readonly unknown[])[1] ?? "");
    } catch {
      // Managed Redis services refuse CONFIG; what cannot be seen is not accused.
      return null;
    }
  };
  const policy = await setting("maxmemory-policy");
  if (policy !== null && policy !== "noeviction") {
    warnings.push(`Redis may evict jobs: maxmemory-policy is ${policy}. Set it to noeviction.`);
  }
  if ((await setting("appendonly")) === "no") {
    warnings.push("Redis keeps no append-only file: a restart can lose approvals. Set appendonly to yes.");
  }
  return warnings;
}
