import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  accessKeyOf,
  accountId,
  addCallers,
  awsEnvironment,
  defaultRbac,
  kubeconfigText,
  region,
  roleArnOf,
  type SandboxRole,
  sandboxRoles,
  tokenOf,
} from "./access.ts";
import type { Account } from "./account/account.ts";
import { createAccount, type ServedAccount } from "./account/create-account.ts";
import { principalOfEksToken } from "./account/eks-token.ts";
import type { NamedDocument } from "./account/model.ts";
import { startAwsServer } from "./account/server.ts";
import { type ApiServer, startApiServer } from "./cluster/api/server.ts";
import { type Cluster, createCluster } from "./cluster/cluster.ts";
import type { Grant } from "./cluster/rbac.ts";
import { type ClusterName, clusterNames, installCluster, webhookCaBundles } from "./stories/clusters.ts";
import { stories } from "./stories/index.ts";
import { createClock, createPast, type SandboxClock } from "./stories/past.ts";
import type { World } from "./stories/story.ts";

export type { SandboxRole };

export interface SandboxOptions {
  /** Milliseconds between two steps of the controllers; 300 by default. */
  readonly paceMs?: number;
  /** How long an association takes to reach the webhook and the agent, in milliseconds; 1000 by default. */
  readonly associationDelayMs?: number;
  /** Milliseconds between two rounds of the programs; 3000 by default, 0: only when ticked. */
  readonly tickMs?: number;
  /** Lookups that CloudTrail answers in a second; 2 by default, as in reality. */
  readonly lookupsPerSecond?: number;
  /** Fixed ports; free ones by default. */
  readonly ports?: { readonly aws?: number } & { readonly [cluster in ClusterName]?: number };
  /** IAM policies of the roles; by default the investigator may read, the executor may do everything. */
  readonly policies?: { readonly [role in SandboxRole]?: readonly NamedDocument[] };
  /** What the roles may do in the clusters; by default as for `policies`. */
  readonly rbac?: { readonly [role in SandboxRole]?: readonly Grant[] };
}

interface SandboxCluster {
  readonly url: string;
  /** The cluster as it is now: another one after `reset`. */
  readonly cluster: Cluster;
}

/** The simulated account and its clusters, served on loopback in the real wire formats. */
export interface Sandbox {
  readonly awsUrl: string;
  readonly region: string;
  readonly clusters: Readonly<Record<ClusterName, SandboxCluster>>;
  /** The account as it is now: another one after `reset`. */
  readonly account: Account;
  /** YAML with a context for each cluster, named as the cluster; cluster entries are named by their EKS ARN. */
  kubeconfig(role: SandboxRole): string;
  /** The token that the role's kubeconfig carries. */
  token(role: SandboxRole): string;
  /** `AWS_ENDPOINT_URL`, `AWS_REGION` and keys; the bot has no keys. */
  awsEnv(role: SandboxRole): Record<string, string>;
  /** Replaces what a role may do in every cluster, until `reset`. */
  applyRbac(role: SandboxRole, grants: readonly Grant[]): void;
  /** Replaces the IAM policies of a role, until `reset`. */
  applyPolicies(role: SandboxRole, policies: readonly NamedDocument[]): void;
  /** Every story as at the beginning, behind the same addresses and credentials. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

interface Generation {
  readonly account: ServedAccount;
  readonly clusters: Readonly<Record<ClusterName, Cluster>>;
}

/** Starts the simulated account, its two clusters and every story. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const apiServers = {} as Record<ClusterName, ApiServer>;
  let current: Generation | null = null;

  function generation(): Generation {
    if (current === null) throw new Error("The sandbox has not started yet.");
    return current;
  }

  for (const name of clusterNames) {
    apiServers[name] = await startApiServer(
      () => generation().clusters[name],
      portOption(options.ports?.[name]),
    );
  }
  current = createGeneration(options, (name) => apiServers[name].url);
  let awsServer = await startAwsServer(current.account, portOption(options.ports?.aws));
  const awsUrl = awsServer.url;
  run(current);

  function sandboxCluster(name: ClusterName): SandboxCluster {
    return {
      url: apiServers[name].url,
      get cluster() {
        return generation().clusters[name];
      },
    };
  }

  return {
    awsUrl,
    region,
    clusters: {
      "eks-workshop": sandboxCluster("eks-workshop"),
      "eks-legacy": sandboxCluster("eks-legacy"),
    },
    get account() {
      return generation().account;
    },
    kubeconfig: (role) => kubeconfigText(role, (name) => apiServers[name].url),
    token: tokenOf,
    awsEnv: (role) => awsEnvironment(role, awsUrl),
    applyRbac(role, grants) {
      for (const name of clusterNames) generation().clusters[name].applyRbac(tokenOf(role), grants);
    },
    applyPolicies(role, policies) {
      const caller = generation().account.caller(accessKeyOf(role));
      if (caller === undefined) throw new Error(`The ${role} has no AWS credentials.`);
      caller.policies = policies;
    },
    async reset() {
      const before = generation();
      for (const name of clusterNames) before.clusters[name].stop();
      const { port } = new URL(awsUrl);
      await awsServer.close();
      current = createGeneration(options, (name) => apiServers[name].url);
      awsServer = await startAwsServer(current.account, { port: Number(port) });
      run(current);
    },
    async close() {
      for (const name of clusterNames) generation().clusters[name].stop();
      await Promise.all([awsServer.close(), ...clusterNames.map((name) => apiServers[name].close())]);
    },
  };
}

function portOption(port: number | undefined): { port?: number } {
  return port === undefined ? {} : { port };
}

function run(generation: Generation): void {
  for (const name of clusterNames) generation.clusters[name].run();
}

/** Everything from nothing: the account, the clusters, the callers, and the past that the stories tell. */
function createGeneration(options: SandboxOptions, urlOf: (name: ClusterName) => string): Generation {
  const clock = createClock();
  const account = createAccount({
    accountId,
    region,
    now: clock.now,
    associationDelayMs: options.associationDelayMs ?? 1_000,
    ...(options.lookupsPerSecond === undefined ? {} : { lookupsPerSecond: options.lookupsPerSecond }),
  });
  const clusters = {
    "eks-workshop": emptyCluster("eks-workshop", account, clock, options),
    "eks-legacy": emptyCluster("eks-legacy", account, clock, options),
  };
  const past = createPast(clock, Object.values(clusters));
  const world: World = {
    account,
    cluster(name) {
      const cluster = Object.values(clusters).find((candidate) => candidate.name === name);
      if (cluster === undefined) throw new Error(`The sandbox has no cluster ${name}.`);
      return cluster;
    },
    at: past.at,
  };
  clock.set(new Date(Date.now() - 30 * 86_400_000));
  for (const name of clusterNames) installCluster(world, name, urlOf(name));
  for (const story of stories) story.install(world);
  past.happen();
  addCallers(account, options.policies ?? {});
  return { account, clusters };
}

function emptyCluster(
  name: ClusterName,
  account: ServedAccount,
  clock: SandboxClock,
  options: SandboxOptions,
): Cluster {
  const cluster = createCluster({
    name,
    account,
    authenticate: (token) => {
      const roleArn = principalOfEksToken(account, name, token)?.policyArn ?? null;
      return sandboxRoles.filter((role) => roleArn === roleArnOf(role)).map(tokenOf)[0] ?? roleArn;
    },
    now: clock.now,
    webhookCaBundle: webhookCaBundles[name],
    paceMs: options.paceMs ?? 300,
    tickMs: options.tickMs ?? 3_000,
  });
  for (const role of sandboxRoles) {
    const admin = role === "admin";
    const user = admin
      ? { name: "kubernetes-admin", groups: ["system:masters"] }
      : { name: `system:serviceaccount:eksiam:eksiam-${role}`, groups: ["system:serviceaccounts"] };
    cluster.addUser(tokenOf(role), user, options.rbac?.[role] ?? defaultRbac[role]);
  }
  return cluster;
}

async function main(): Promise<void> {
  const sandbox = await startSandbox();
  const folder = await mkdtemp(join(tmpdir(), "eksiam-sandbox-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, sandbox.kubeconfig("admin"), { mode: 0o600 });
  const environment = { KUBECONFIG: kubeconfig, ...sandbox.awsEnv("admin") };
  for (const [name, value] of Object.entries(environment)) process.stdout.write(`export ${name}=${value}\n`);
  process.stderr.write("The sandbox runs until Ctrl-C.\n");

  const end = () => {
    void sandbox.close().then(() => rm(folder, { recursive: true, force: true }));
  };
  process.once("SIGINT", end);
  process.once("SIGTERM", end);
}

if (import.meta.main) await main();
