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
import { type ClusterName, type ClusterPlan, clusterPlans, installCluster } from "./stories/clusters.ts";
import { galleryClusters } from "./stories/gallery/clusters.ts";
import { galleryStories, stories } from "./stories/index.ts";
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
  /** Also the clusters of the gallery, with a story for every fault that a cluster can show; not by default. */
  readonly gallery?: boolean;
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
  /** By name; those of the gallery only where they were asked for. */
  readonly clusters: Readonly<Record<ClusterName, SandboxCluster>> & Readonly<Record<string, SandboxCluster>>;
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
  readonly clusters: ReadonlyMap<string, Cluster>;
}

/** Starts the simulated account, its clusters and every story. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const plans: readonly ClusterPlan[] =
    options.gallery === true ? [...clusterPlans, ...galleryClusters] : clusterPlans;
  const apiServers = new Map<string, ApiServer>();
  let current: Generation | null = null;

  function generation(): Generation {
    if (current === null) throw new Error("The sandbox has not started yet.");
    return current;
  }

  const ports: { readonly [name: string]: number | undefined } = options.ports ?? {};
  for (const { name } of plans) {
    apiServers.set(name, await startApiServer(() => clusterOf(generation(), name), portOption(ports[name])));
  }
  const urlOf = (name: string) => apiServers.get(name)?.url ?? "";
  current = createGeneration(options, plans, urlOf);
  let awsServer = await startAwsServer(current.account, portOption(options.ports?.aws));
  const awsUrl = awsServer.url;
  run(current);

  function sandboxCluster(name: string): SandboxCluster {
    return {
      url: urlOf(name),
      get cluster() {
        return clusterOf(generation(), name);
      },
    };
  }

  return {
    awsUrl,
    region,
    clusters: {
      "eks-workshop": sandboxCluster("eks-workshop"),
      "eks-legacy": sandboxCluster("eks-legacy"),
      ...Object.fromEntries(plans.map(({ name }) => [name, sandboxCluster(name)])),
    },
    get account() {
      return generation().account;
    },
    kubeconfig: (role) =>
      kubeconfigText(
        role,
        plans.map(({ name }) => [name, urlOf(name)]),
      ),
    token: tokenOf,
    awsEnv: (role) => awsEnvironment(role, awsUrl),
    applyRbac(role, grants) {
      for (const cluster of generation().clusters.values()) cluster.applyRbac(tokenOf(role), grants);
    },
    applyPolicies(role, policies) {
      const caller = generation().account.caller(accessKeyOf(role));
      if (caller === undefined) throw new Error(`The ${role} has no AWS credentials.`);
      caller.policies = policies;
    },
    async reset() {
      for (const cluster of generation().clusters.values()) cluster.stop();
      const { port } = new URL(awsUrl);
      await awsServer.close();
      current = createGeneration(options, plans, urlOf);
      awsServer = await startAwsServer(current.account, { port: Number(port) });
      run(current);
    },
    async close() {
      for (const cluster of generation().clusters.values()) cluster.stop();
      await Promise.all([awsServer.close(), ...[...apiServers.values()].map((server) => server.close())]);
    },
  };
}

function portOption(port: number | undefined): { port?: number } {
  return port === undefined ? {} : { port };
}

function clusterOf({ clusters }: Generation, name: string): Cluster {
  const cluster = clusters.get(name);
  if (cluster === undefined) throw new Error(`The sandbox has no cluster ${name}.`);
  return cluster;
}

function run(generation: Generation): void {
  for (const cluster of generation.clusters.values()) cluster.run();
}

/** Everything from nothing: the account, the clusters, the callers, and the past that the stories tell. */
function createGeneration(
  options: SandboxOptions,
  plans: readonly ClusterPlan[],
  urlOf: (name: string) => string,
): Generation {
  const clock = createClock();
  const account = createAccount({
    accountId,
    region,
    now: clock.now,
    associationDelayMs: options.associationDelayMs ?? 1_000,
    ...(options.lookupsPerSecond === undefined ? {} : { lookupsPerSecond: options.lookupsPerSecond }),
  });
  const clusters = new Map(plans.map((plan) => [plan.name, emptyCluster(plan, account, clock, options)]));
  const generation: Generation = { account, clusters };
  const past = createPast(clock, [...clusters.values()], (name) =>
    plans.some((plan) => plan.name === name && (plan.slowness ?? 1) > 1),
  );
  const world: World = { account, cluster: (name) => clusterOf(generation, name), at: past.at };
  clock.set(new Date(Date.now() - 30 * 86_400_000));
  for (const plan of plans) installCluster(world, plan, urlOf(plan.name));
  for (const story of [...stories, ...galleryStories]) {
    if (clusters.has(story.cluster)) story.install(world);
  }
  past.happen();
  addCallers(account, options.policies ?? {});
  return generation;
}

function emptyCluster(
  { name, webhookCaBundle, ipv6 = false, podIdentity = true, slowness = 1 }: ClusterPlan,
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
    webhookCaBundle,
    ipv6,
    podIdentity,
    paceMs: options.paceMs ?? 300,
    tickMs: (options.tickMs ?? 3_000) * slowness,
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
