import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Sandbox } from "./sandbox.ts";
import { clusterPlans } from "./stories/clusters.ts";

export type ServiceRole = "bot" | "investigator" | "executor";

export interface ServiceOptions {
  readonly sandbox: Sandbox;
  /** A folder of its own for configuration and kubeconfigs; the caller removes it. */
  readonly folder: string;
  readonly redisUrl: string;
  readonly slack: { readonly apiUrl: string; readonly botToken: string; readonly appToken: string };
  readonly approvers: readonly string[];
  readonly digestChannel: string;
  /** Another checkout's or image's command line than this one's. */
  readonly cli?: string;
  /** Told of each line that a process logs. */
  readonly onLog?: (role: ServiceRole, line: string) => void;
}

/** The product's three processes, each with its own credentials alone, as they run in a cluster. */
export interface Service {
  /** Starts a role again after `kill`. */
  start(role: ServiceRole): Promise<void>;
  /** Ends a role as a crash does. */
  kill(role: ServiceRole): Promise<void>;
  close(): Promise<void>;
}

const ownCli = join(import.meta.dirname, "../src/main/cli.ts");
const roles = ["investigator", "executor", "bot"] as const;

/** @throws Error with what a role printed, where one does not come up. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const settings = await writeSettings(options);
  const running = new Map<ServiceRole, ChildProcess>();

  async function start(role: ServiceRole): Promise<void> {
    // A process group of its own: Ctrl-C reaches the parent, which ends its children in order.
    const child = spawn(process.execPath, [options.cli ?? ownCli, "start", "--role", role], {
      env: settings(role),
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
    });
    running.set(role, child);
    await untilRunning(role, child, options.onLog);
  }

  async function end(role: ServiceRole, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = running.get(role);
    running.delete(role);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    const patience = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await exited;
    clearTimeout(patience);
  }

  const service: Service = {
    start,
    kill: (role) => end(role, "SIGKILL"),
    async close() {
      await Promise.all(roles.map((role) => end(role, "SIGTERM")));
    },
  };
  try {
    await Promise.all(roles.map(start));
    return service;
  } catch (error) {
    await service.close();
    throw error;
  }
}

/** Boots each role with `--check`. @returns what they printed. @throws Error with what one printed that cannot run. */
export async function checkRoles(options: ServiceOptions): Promise<string> {
  const settings = await writeSettings(options);
  let printed = "";
  for (const role of roles) {
    const child = spawn(process.execPath, [options.cli ?? ownCli, "start", "--role", role, "--check"], {
      env: settings(role),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    const [code] = await once(child, "exit");
    if (code !== 0) throw new Error(`The ${role} cannot run (${code}):\n${output}`);
    printed += output;
  }
  return printed;
}

/** Configuration and kubeconfigs in the folder; answers each role's own environment. */
async function writeSettings(options: ServiceOptions): Promise<(role: ServiceRole) => NodeJS.ProcessEnv> {
  const { sandbox, folder } = options;
  await mkdir(folder, { recursive: true });
  const config = join(folder, "eksiam.yaml");
  await writeFile(config, stringify(configuration(options)));
  const kubeconfigOf = (role: ServiceRole) => join(folder, `kubeconfig-${role}`);
  for (const role of roles) await writeFile(kubeconfigOf(role), sandbox.kubeconfig(role), { mode: 0o600 });
  const approvalKey = crypto.randomUUID() + crypto.randomUUID();
  return (role) => ({
    PATH: process.env["PATH"],
    HOME: folder,
    EKSIAM_CONFIG: config,
    REDIS_URL: options.redisUrl,
    ...(role === "bot" ? slackEnv(options) : { KUBECONFIG: kubeconfigOf(role), ...sandbox.awsEnv(role) }),
    ...(role === "investigator" ? {} : { EKSIAM_APPROVAL_KEY: approvalKey }),
  });
}

function configuration({ sandbox, approvers, digestChannel }: ServiceOptions) {
  return {
    clusters: Object.keys(sandbox.clusters).map((name) => ({ name, region: sandbox.region, context: name })),
    approvals: { approvers, threshold: 1, expiresAfter: "30m" },
    digests: [
      {
        cron: "0 9 * * 1-5",
        timeZone: "Europe/Berlin",
        channel: digestChannel,
        // Those of the gallery are there to be asked about.
        clusters: clusterPlans.map(({ name }) => name),
      },
    ],
    investigation: { since: "1h", deadline: "30s" },
    // A simulated account settles sooner than AWS does.
    execution: { associationSettle: "2s", verifyAfter: "4s", verifyAttempts: 5 },
    jobs: { lockDuration: "3s" },
  };
}

function slackEnv({ slack }: ServiceOptions): Record<string, string> {
  return { SLACK_API_URL: slack.apiUrl, SLACK_BOT_TOKEN: slack.botToken, SLACK_APP_TOKEN: slack.appToken };
}

function untilRunning(role: ServiceRole, child: ChildProcess, onLog: ServiceOptions["onLog"]): Promise<void> {
  return new Promise((resolve, reject) => {
    let tail = "";
    let partial = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      tail = (tail + chunk.toString()).slice(-2_000);
      const lines = (partial + chunk.toString()).split("\n");
      partial = lines.pop() ?? "";
      for (const line of lines) {
        onLog?.(role, line);
        if (line.includes("eksiam is running")) resolve();
      }
    });
    child.once("error", reject);
    child.once("exit", (code) =>
      reject(new Error(`The ${role} ended at once (${code ?? "killed"}):\n${tail}`)),
    );
  });
}
