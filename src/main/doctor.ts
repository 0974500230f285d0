import { existsSync } from "node:fs";
import { doctorText } from "../adapters/terminal/doctor-text.ts";
import { createStyle } from "../adapters/terminal/style.ts";
import { type Check, permissionCheck, reportOf, trailCheck } from "../app/doctor.ts";
import { redact } from "../core/redact.ts";
import { type ClusterOptions, exit, type Io, type Output } from "./commands.ts";
import { type Config, loadConfig, required, slackSecrets } from "./config.ts";
import { ConfigError } from "./config-error.ts";

const deadlineMs = 30_000;

/**
 * `eksiam doctor`: looks at everything that eksiam needs and says what to do about what is missing. With a configuration
 * also at what the service needs: Slack, Redis, the approval key. Exit code 0 where all is well, 1 where something is
 * missing, 3 where something could not be looked at, 2 for a wrong configuration.
 */
export async function doctorCommand(
  options: ClusterOptions & { readonly output: Output },
  io: Io,
): Promise<number> {
  const path = options.config ?? io.env["EKSIAM_CONFIG"] ?? "eksiam.yaml";
  const named = options.config !== undefined || io.env["EKSIAM_CONFIG"] !== undefined;
  const config = named || existsSync(path) ? await loadConfig(path) : null;
  const checks = [
    ...(config === null ? [] : await serviceChecks(config, path, io.env)),
    ...(await clusterChecks(options, config, io.env)),
  ];
  const report = reportOf(checks);
  io.stdout.write(
    options.output === "json"
      ? `${JSON.stringify(report, null, 2)}\n`
      : doctorText(report, createStyle(io.stdout, io.env)),
  );
  if (report.healthy) return exit.noFault;
  return checks.some(({ outcome }) => outcome === "failed") ? exit.fault : exit.inconclusive;
}

async function serviceChecks(
  config: Config,
  path: string,
  env: NodeJS.ProcessEnv,
): Promise<readonly Check[]> {
  const { approvers, threshold } = config.approvals;
  return [
    ok("configuration", path),
    approvers.length >= threshold + 1
      ? ok("configuration", "approvers")
      : failed(
          "configuration",
          "approvers",
          `${approvers.length} may approve and ${threshold} must, but whoever asks may not approve their own`,
          `Name at least ${threshold + 1} Slack user ids under approvals.approvers.`,
        ),
    await attempt("Slack", "tokens", async () => {
      const { checkSlackTokens } = await import("../adapters/slack/check-tokens.ts");
      await checkSlackTokens(slackSecrets(env));
    }),
    await attempt("service", "EKSIAM_APPROVAL_KEY", async () => {
      required(env, "EKSIAM_APPROVAL_KEY", "the key that seals approvals: openssl rand -hex 32");
    }),
    ...(await redisChecks(env)),
  ];
}

async function redisChecks(env: NodeJS.ProcessEnv): Promise<readonly Check[]> {
  const { connectRedis, redisWarnings } = await import("../adapters/redis/connection.ts");
  let warnings: readonly string[] = [];
  const answers = await attempt("Redis", "answers", async () => {
    const redis = await connectRedis(required(env, "REDIS_URL", "redis://host:6379"));
    try {
      warnings = await redisWarnings(redis);
    } finally {
      redis.disconnect();
    }
  });
  return [answers, ...warnings.map((warning) => failed("Redis", "settings", warning, null))];
}

async function clusterChecks(
  options: ClusterOptions,
  config: Config | null,
  env: NodeJS.ProcessEnv,
): Promise<readonly Check[]> {
  const { openClusters, openOneCluster } = await import("./clusters.ts");
  const all = config !== null && options.cluster === undefined && options.context === undefined;
  const clusters = all ? openClusters(config) : null;
  const opened =
    clusters === null
      ? [openOneCluster(options, config, env)]
      : clusters.names.flatMap((name) => clusters.get(name) ?? []);
  const checks = await Promise.all(
    opened.map(async ({ name, permissions, trailSight }) => {
      const area = `cluster ${name}`;
      const signal = AbortSignal.timeout(deadlineMs);
      const [found, sight] = await Promise.all([permissions(signal), trailSight(signal)]);
      return [...found.map((check) => permissionCheck(area, check)), trailCheck(area, sight)];
    }),
  );
  return checks.flat();
}

async function attempt(area: string, name: string, look: () => Promise<void>): Promise<Check> {
  try {
    await look();
    return ok(area, name);
  } catch (error) {
    const message = error instanceof Error ? redact(error.message) : "unknown error";
    return error instanceof ConfigError
      ? failed(area, name, null, message)
      : failed(area, name, message, null);
  }
}

function ok(area: string, name: string): Check {
  return { area, name, outcome: "ok", detail: null, fix: null };
}

function failed(area: string, name: string, detail: string | null, fix: string | null): Check {
  return { area, name, outcome: "failed", detail, fix };
}
