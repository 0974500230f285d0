import { type DestinationStream, type Logger, pino } from "pino";
import { callerIdentity, createAwsClients } from "../adapters/aws/clients.ts";
import { redactAll } from "../core/redact.ts";
import { openClusters, openExecutors } from "./clusters.ts";
import type { Io } from "./commands.ts";
import { exit } from "./commands.ts";
import { type Config, loadConfig, required } from "./config.ts";
import {
  type Role,
  type RoleDeps,
  type Running,
  startBot,
  startExecutor,
  startInvestigator,
} from "./roles.ts";

export interface StartOptions {
  readonly role: Role | "all";
  readonly config?: string;
  readonly check?: boolean;
}

/** `eksiam start`: serves until SIGINT or SIGTERM, then lets running jobs end. `--check` starts everything and stops. */
export async function startCommand(options: StartOptions, io: Io): Promise<number> {
  const config = await loadConfig(options.config ?? io.env["EKSIAM_CONFIG"] ?? "eksiam.yaml");
  const redisUrl = required(io.env, "REDIS_URL", "the Redis that all roles share, redis://host:6379");
  const log = createLog(options.role, io.env["LOG_LEVEL"] ?? "info", pino.destination(2));
  const running = await startRoles(options.role, { config, env: io.env, redisUrl, log });
  if (options.check === true) {
    await running.close();
    const region = config.clusters[0]?.region;
    if (options.role !== "bot" && region !== undefined) {
      const { arn } = await callerIdentity(createAwsClients(region));
      io.stdout.write(`eksiam ${options.role}: calls AWS as ${arn}\n`);
    }
    io.stdout.write(`eksiam ${options.role}: every part started and stopped\n`);
    return exit.noFault;
  }
  log.info({ clusters: config.clusters.map((cluster) => cluster.name) }, "eksiam is running");
  await untilStopped();
  log.info("stopping: running jobs are finished first");
  await running.close();
  return exit.noFault;
}

/** The process's own log, one JSON object a line, without secrets. */
export function createLog(role: string, level: string, destination: DestinationStream): Logger {
  return pino(
    { level, base: { role }, formatters: { log: redactAll<Record<string, unknown>> } },
    destination,
  );
}

/** Starts one role, or all three in this process; what had started is closed again where one of them cannot. */
export async function startRoles(role: Role | "all", deps: RoleDeps): Promise<Running> {
  const started: Running[] = [];
  const close = async () => {
    for (const running of started.toReversed()) await running.close();
  };
  try {
    for (const one of role === "all" ? (["investigator", "executor", "bot"] as const) : [role]) {
      started.push(await startRole(one, deps));
    }
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

function startRole(role: Role, deps: RoleDeps): Promise<Running> {
  const config: Config = deps.config;
  switch (role) {
    case "bot":
      return startBot(deps);
    case "investigator":
      return startInvestigator({ ...deps, openClusters: (lookups) => openClusters(config, lookups) });
    case "executor":
      return startExecutor({ ...deps, executors: openExecutors(config) });
  }
}

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}
