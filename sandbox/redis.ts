import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface PrivateRedis {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts a real `redis-server` of its own on loopback, as a queue needs it (append-only file, `noeviction`), with its
 * data in a temporary folder. @throws Error that says how to get a Redis where none is on the PATH.
 */
export async function startRedis(): Promise<PrivateRedis> {
  const folder = await mkdtemp(join(tmpdir(), "eksiam-redis-"));
  const port = await freePort();
  const settings = ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder, "--save", ""];
  const child = spawn(
    "redis-server",
    [...settings, "--appendonly", "yes", "--maxmemory-policy", "noeviction"],
    {
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await new Promise<void>((resolve, reject) => {
      child.once("error", () =>
        reject(new Error("There is no redis-server on the PATH: install Redis, or set REDIS_URL.")),
      );
      child.once("exit", (code) => reject(new Error(`redis-server ended at once with code ${code}.`)));
      child.stdout.on("data", (chunk: Buffer) => {
        if (chunk.toString().includes("Ready to accept connections")) resolve();
      });
    });
  } catch (error) {
    await close();
    throw error;
  }
  child.removeAllListeners("exit");
  return { url: `redis://127.0.0.1:${port}`, close };
}

/** A port of the loopback interface that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string")
    throw new Error("The loopback interface gave no port.");
  return address.port;
}
