import { type AwsClients, createAwsClients } from "../adapters/aws/clients.ts";
import { createDecodeCollector } from "../adapters/aws/collectors/decode.ts";
import { createEc2Collectors } from "../adapters/aws/collectors/ec2.ts";
import { createEksCollectors } from "../adapters/aws/collectors/eks.ts";
import { createIamCollectors } from "../adapters/aws/collectors/iam.ts";
import { createOrganizationCollector } from "../adapters/aws/collectors/organization.ts";
import { createResourcePoliciesCollector } from "../adapters/aws/collectors/resource-policies.ts";
import { createEksAccess } from "../adapters/aws/eks-access.ts";
import { createAddonExecutor } from "../adapters/aws/executors/addon.ts";
import { createAssociationExecutor } from "../adapters/aws/executors/association.ts";
import { createAssociationUpdateExecutor } from "../adapters/aws/executors/association-update.ts";
import { createOidcClientExecutor, createOidcProviderExecutor } from "../adapters/aws/executors/oidc.ts";
import { createAttachPolicyExecutor, createTrustPolicyExecutor } from "../adapters/aws/executors/role.ts";
import { probeOptional } from "../adapters/aws/probes/optional.ts";
import { probePermissions } from "../adapters/aws/probes/permissions.ts";
import { probeTrail, seeTrail } from "../adapters/aws/probes/trail.ts";
import { createRateLimiter } from "../adapters/aws/rate-limiter.ts";
import { createTrailCollector } from "../adapters/aws/trail/collector.ts";
import { createCallMeter } from "../adapters/calls/call-meter.ts";
import { neededPermissions, reviewAccess } from "../adapters/kubernetes/access-review.ts";
import { createAnnotationExecutor } from "../adapters/kubernetes/annotation-executor.ts";
import type { KubernetesClient } from "../adapters/kubernetes/client.ts";
import { createKubernetesCollectors } from "../adapters/kubernetes/create-collectors.ts";
import { createDoorClient } from "../adapters/kubernetes/eks-client.ts";
import { createKubernetesClient, type KubernetesConnection } from "../adapters/kubernetes/kubeconfig.ts";
import { createPodExecutor } from "../adapters/kubernetes/pod-executor.ts";
import { nearestNamespaces, resolveWorkload } from "../adapters/kubernetes/resolve.ts";
import { createRolloutRestartExecutor } from "../adapters/kubernetes/rollout-restart.ts";
import { createTemplateExecutors } from "../adapters/kubernetes/template-executors.ts";
import { listWorkloads } from "../adapters/kubernetes/workload-facts.ts";
import { unmetered } from "../app/call-budget.ts";
import type {
  CallMeter,
  ChangeExecutor,
  ChangeExecutors,
  ClusterAccess,
  Clusters,
  RateLimiter,
  SharedLookups,
} from "../app/ports.ts";
import type { TrailSource } from "../core/facts/trail.ts";
import type { ChangeKind, ChangeOfKind } from "../core/plan.ts";
import type { ClusterOptions } from "./commands.ts";
import type { ClusterConfig, Config } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { sleep } from "./sleep.ts";

const clock = () => new Date().toISOString();

/** One for the process: a question is told by the flow of calls, whichever client makes them. */
const meter = createCallMeter();

/** What a command line without a configuration takes of the account's two lookups a second. */
const lookupsPerSecond = 1.8;

/**
 * All clusters of the configuration, ready to be asked. @throws ConfigError for a context that is not there.
 * @param trail the pace of CloudTrail's lookups, and their answers; by default this process's own.
 */
export function openClusters(
  config: Config,
  trail: SharedLookups = { limiter: trailLimiter(config) },
): Clusters {
  const opened = new Map(config.clusters.map((cluster) => [cluster.name, openCluster(cluster, trail)]));
  return { names: [...opened.keys()], get: (name) => opened.get(name) };
}

/** The one cluster that a command line means: `--cluster`, else the configuration's first, else the kubeconfig's. */
export function openOneCluster(
  options: ClusterOptions,
  config: Config | null,
  env: NodeJS.ProcessEnv,
): ClusterAccess {
  const configured = config?.clusters.find(
    (cluster) => options.cluster === undefined || cluster.name === options.cluster,
  );
  if (configured !== undefined) {
    const { context } = options;
    const cluster =
      context === undefined ? configured : { ...configured, context, access: "kubeconfig" as const };
    return openCluster(cluster, { limiter: trailLimiter(config) });
  }
  // Contexts are often named as the cluster; where one is, `--cluster` alone says enough.
  const connection = connectFor(options);
  const { eks } = connection.cluster;
  const name = options.cluster ?? eks?.name;
  if (name === undefined) {
    throw new ConfigError(
      `The kubeconfig does not tell the EKS cluster's name (its entry is ${connection.cluster.name}): pass --cluster NAME.`,
    );
  }
  const region = eks?.region ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"];
  if (region === undefined)
    throw new ConfigError(`Set AWS_REGION: the Region of cluster ${name} is not known.`);
  return openCluster({ name, region }, { limiter: trailLimiter(config) }, connection.client);
}

function connectFor({ cluster, context }: ClusterOptions): KubernetesConnection {
  const first = connect({
    name: cluster ?? "the current context",
    ...(context === undefined ? {} : { context }),
  });
  if (context !== undefined || cluster === undefined || first.cluster.eks?.name === cluster) return first;
  if (first.contexts.includes(cluster)) return connect({ name: cluster, context: cluster });
  for (const name of first.contexts) {
    const other = connect({ name: cluster, context: name });
    if (other.cluster.eks?.name === cluster) return other;
  }
  if (first.cluster.eks !== null) {
    throw new ConfigError(
      `No context of the kubeconfig is for cluster ${cluster}: pass --context NAME (${first.contexts.join(", ")}).`,
    );
  }
  return first;
}

/** What carries out each kind of change, in whichever configured cluster it is meant for. */
export function openExecutors(config: Config): ChangeExecutors {
  const settling = { settleMs: config.execution.associationSettle, sleep };
  const opened = new Map(
    config.clusters.map((cluster) => {
      const aws = awsOf(cluster, unmetered);
      const client = clientOf(cluster, aws, unmetered);
      const { eks, iam } = aws;
      return [
        cluster.name,
        {
          ...createTemplateExecutors({ client, sleep }),
          "eks.pod-identity-association.create": createAssociationExecutor(eks, settling),
          "eks.pod-identity-association.update": createAssociationUpdateExecutor(eks, settling),
          "eks.addon.create": createAddonExecutor(eks, { sleep }),
          "k8s.service-account.annotate": createAnnotationExecutor(client),
          "k8s.pod.delete": createPodExecutor({ client, sleep }),
          "k8s.rollout.restart": createRolloutRestartExecutor({ client, clock, sleep }),
          "iam.role.trust-policy": createTrustPolicyExecutor(iam, settling),
          "iam.role.attach-policy": createAttachPolicyExecutor(iam, settling),
          "iam.oidc-provider.create": createOidcProviderExecutor(iam, settling),
          "iam.oidc-provider.client-id.add": createOidcClientExecutor(iam, settling),
        } satisfies ChangeExecutors,
      ];
    }),
  );
  const ofCluster = <K extends ChangeKind>(kind: K) => routed<K>(kind, opened);
  return {
    "eks.pod-identity-association.create": ofCluster("eks.pod-identity-association.create"),
    "eks.pod-identity-association.update": ofCluster("eks.pod-identity-association.update"),
    "eks.addon.create": ofCluster("eks.addon.create"),
    "k8s.service-account.annotate": ofCluster("k8s.service-account.annotate"),
    "k8s.workload.service-account": ofCluster("k8s.workload.service-account"),
    "k8s.workload.env": ofCluster("k8s.workload.env"),
    "k8s.workload.fs-group": ofCluster("k8s.workload.fs-group"),
    "k8s.workload.template-metadata": ofCluster("k8s.workload.template-metadata"),
    "k8s.pod.delete": { ...ofCluster("k8s.pod.delete"), revert: null },
    "k8s.rollout.restart": { ...ofCluster("k8s.rollout.restart"), revert: null },
    "iam.role.trust-policy": ofCluster("iam.role.trust-policy"),
    "iam.role.attach-policy": ofCluster("iam.role.attach-policy"),
    "iam.oidc-provider.create": ofCluster("iam.oidc-provider.create"),
    "iam.oidc-provider.client-id.add": ofCluster("iam.oidc-provider.client-id.add"),
  };
}

/** Sends a change to the executor of the cluster that it is meant for. */
function routed<K extends ChangeKind>(
  kind: K,
  executors: ReadonlyMap<string, ChangeExecutors>,
): ChangeExecutor<K> {
  const of = ({ target: { cluster } }: ChangeOfKind<ChangeKind>): ChangeExecutor<K> => {
    const executor = executors.get(cluster);
    if (executor === undefined) throw new Error(`cluster ${cluster} is not in the executor's configuration`);
    return executor[kind];
  };
  return {
    read: async (change, signal) => of(change).read(change, signal),
    apply: async (change, signal) => of(change).apply(change, signal),
    settle: async (change, signal) => of(change).settle(change, signal),
    revert: async (change, signal) => of(change).revert?.(change, signal),
  };
}

function trailLimiter(config: Config | null): RateLimiter {
  return createRateLimiter(1_000 / (config?.cloudtrail.lookupsPerSecond ?? lookupsPerSecond), sleep);
}

function openCluster(
  cluster: ClusterConfig,
  { limiter, answers }: SharedLookups,
  connected?: KubernetesClient,
): ClusterAccess {
  const aws = awsOf(cluster, meter);
  const { organizationRoleArn } = cluster;
  const organization =
    organizationRoleArn === undefined
      ? aws
      : createAwsClients(cluster.region, { roleArn: organizationRoleArn }, meter);
  const source = trailSourceOf(cluster);
  const cache = answers === undefined ? null : { answers, roleArn: cluster.roleArn ?? null };
  const client = connected ?? clientOf(cluster, aws, meter);
  return {
    name: cluster.name,
    region: cluster.region,
    meter,
    collectors: {
      ...createKubernetesCollectors({ client, clock }),
      ...createEksCollectors(aws, clock),
      ...createIamCollectors(aws, clock),
      ...createTrailCollector(aws, limiter, clock, { source, sleep, cache }),
      "sts.decoded-messages": createDecodeCollector(aws, clock),
      ...createEc2Collectors(aws, clock),
      ...createOrganizationCollector(aws, clock, organization),
      ...createResourcePoliciesCollector(aws, clock),
    },
    resolve: (question, signal) => resolveWorkload(client, question, signal),
    permissions: async (signal) => {
      const all = await Promise.all([
        reviewAccess(client, neededPermissions, signal),
        probePermissions(aws, cluster.name, signal),
        probeOptional(aws, organization, signal),
        probeTrail(aws, source, clock, signal),
      ]);
      return all.flat();
    },
    trailSight: (signal) => seeTrail(aws, source, clock, signal),
    listWorkloads: (namespace, signal) => listWorkloads(client, clock, namespace, signal),
    nearestNamespaces: (namespace, signal) => nearestNamespaces(client, namespace, signal),
  };
}

/** Where recorded calls are read for a cluster. */
function trailSourceOf({ region, cloudtrail }: ClusterConfig): TrailSource {
  switch (cloudtrail?.source) {
    case "lake":
      return { kind: "lake", eventDataStore: cloudtrail.eventDataStore };
    case "log-group": {
      const { logGroup, trail = null } = cloudtrail;
      const named = logGroup.startsWith("arn:") ? logGroup.split(":")[3] : undefined;
      return { kind: "log-group", logGroup, region: named ?? cloudtrail.region ?? region, trail };
    }
    default:
      return { kind: "event-history" };
  }
}

function awsOf({ region, roleArn, externalId }: ClusterConfig, counting: CallMeter): AwsClients {
  if (roleArn === undefined) return createAwsClients(region, null, counting);
  return createAwsClients(region, { roleArn, ...(externalId === undefined ? {} : { externalId }) }, counting);
}

/** A role without a context means a cluster that the kubeconfig need not know. */
function clientOf(cluster: ClusterConfig, aws: AwsClients, counting: CallMeter): KubernetesClient {
  const { name, context, roleArn } = cluster;
  const access = cluster.access ?? (roleArn !== undefined && context === undefined ? "eks" : "kubeconfig");
  return access === "eks" ? createDoorClient(createEksAccess(aws, name), counting) : connect(cluster).client;
}

function connect({ name, context }: Pick<ClusterConfig, "name" | "context">): KubernetesConnection {
  // Changes are not counted: without a question at hand, the meter lets everything pass.
  const connection = createKubernetesClient(context === undefined ? {} : { context }, meter);
  if (!connection.ok) throw new ConfigError(`Cluster ${name}: ${connection.error.message}`);
  return connection.value;
}
