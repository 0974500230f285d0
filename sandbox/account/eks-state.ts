import { createHash } from "node:crypto";
import type {
  Account,
  AccountOptions,
  AssociationChange,
  NewAddon,
  NewAssociation,
  NewCluster,
  NewNodegroup,
} from "./account.ts";
import type { Ids } from "./ids.ts";
import type { Addon, Cluster, Nodegroup, PodIdentityAssociation } from "./model.ts";

type EksState = Pick<
  Account,
  | "addCluster"
  | "updateCluster"
  | "addNodegroup"
  | "addAddon"
  | "removeAddon"
  | "cluster"
  | "clusters"
  | "nodegroups"
  | "addons"
  | "addAssociation"
  | "updateAssociation"
  | "removeAssociation"
  | "associations"
  | "association"
>;

/** What the webhook and EKS Auth will see of one ServiceAccount, and from when on. */
interface Effect {
  readonly atMs: number;
  readonly value: PodIdentityAssociation | undefined;
}

/** Clusters, node groups, add-ons and associations of one account. */
export function createEksState(options: AccountOptions, ids: Ids): EksState {
  const { accountId, region } = options;
  const delayMs = options.associationDelayMs ?? 0;
  const clusters = new Map<string, Cluster>();
  const nodegroups = new Map<string, Nodegroup>();
  const addons = new Map<string, Addon>();
  const associations = new Map<string, PodIdentityAssociation>();
  const effects = new Map<string, readonly Effect[]>();

  const nowIso = (): string => options.now().toISOString();
  const arn = (resource: string): string => `arn:aws:eks:${region}:${accountId}:${resource}`;

  function requireCluster(name: string): Cluster {
    const cluster = clusters.get(name);
    if (cluster === undefined) throw new Error(`There is no cluster ${name} in account ${accountId}.`);
    return cluster;
  }

  function requireAssociation(associationId: string): PodIdentityAssociation {
    const association = associations.get(associationId);
    if (association === undefined) throw new Error(`There is no association ${associationId}.`);
    return association;
  }

  function keyOf(cluster: string, namespace: string, serviceAccount: string): string {
    return `${cluster}/${namespace}/${serviceAccount}`;
  }

  function takeEffect(
    of: PodIdentityAssociation,
    value: PodIdentityAssociation | undefined,
    since: string,
  ): void {
    const key = keyOf(of.cluster, of.namespace, of.serviceAccount);
    const effect = { atMs: Date.parse(since) + delayMs, value };
    effects.set(key, [...(effects.get(key) ?? []), effect]);
  }

  function addCluster(cluster: NewCluster): Cluster {
    if (clusters.has(cluster.name)) throw new Error(`Cluster ${cluster.name} is there already.`);
    const issuerId = ids.uuid().replaceAll("-", "").toUpperCase();
    const value: Cluster = {
      name: cluster.name,
      arn: arn(`cluster/${cluster.name}`),
      version: cluster.version ?? "1.33",
      platformVersion: cluster.platformVersion ?? "eks.9",
      createdAt: cluster.createdAt ?? nowIso(),
      endpoint: cluster.endpoint ?? `https://${issuerId}.gr7.${region}.eks.amazonaws.com`,
      oidcIssuer:
        cluster.oidcIssuer === undefined
          ? `https://oidc.eks.${region}.amazonaws.com/id/${issuerId}`
          : cluster.oidcIssuer,
      certificateAuthorityData: cluster.certificateAuthorityData ?? "",
      roleArn: cluster.roleArn ?? `arn:aws:iam::${accountId}:role/${cluster.name}-cluster-role`,
      status: cluster.status ?? "ACTIVE",
      authenticationMode: cluster.authenticationMode ?? "API_AND_CONFIG_MAP",
      vpcId: cluster.vpcId ?? vpcIdOf(cluster.name),
      computeConfig: cluster.computeConfig ?? null,
      tags: cluster.tags ?? {},
    };
    clusters.set(value.name, value);
    return value;
  }

  function addNodegroup(nodegroup: NewNodegroup): Nodegroup {
    const cluster = requireCluster(nodegroup.cluster);
    const value: Nodegroup = {
      cluster: cluster.name,
      name: nodegroup.name,
      arn: arn(`nodegroup/${cluster.name}/${nodegroup.name}/${ids.uuid()}`),
      nodeRoleArn: nodegroup.nodeRoleArn,
      version: nodegroup.version ?? cluster.version,
      amiType: nodegroup.amiType ?? "AL2023_x86_64_STANDARD",
      instanceTypes: nodegroup.instanceTypes ?? ["m5.large"],
      size: nodegroup.size ?? 3,
      labels: nodegroup.labels ?? {},
      createdAt: nodegroup.createdAt ?? nowIso(),
    };
    nodegroups.set(`${cluster.name}/${value.name}`, value);
    return value;
  }

  function addAddon(addon: NewAddon): Addon {
    const cluster = requireCluster(addon.cluster);
    const value: Addon = {
      cluster: cluster.name,
      name: addon.name,
      arn: arn(`addon/${cluster.name}/${addon.name}/${ids.uuid()}`),
      version: addon.version,
      status: addon.status ?? "ACTIVE",
      issues: addon.issues ?? [],
      serviceAccountRoleArn: addon.serviceAccountRoleArn ?? null,
      createdAt: addon.createdAt ?? nowIso(),
    };
    addons.set(`${cluster.name}/${value.name}`, value);
    return value;
  }

  function addAssociation(association: NewAssociation): PodIdentityAssociation {
    const cluster = requireCluster(association.cluster);
    const associationId = ids.associationId();
    const createdAt = association.createdAt ?? nowIso();
    const value: PodIdentityAssociation = {
      cluster: cluster.name,
      namespace: association.namespace,
      serviceAccount: association.serviceAccount,
      roleArn: association.roleArn,
      associationArn: arn(`podidentityassociation/${cluster.name}/${associationId}`),
      associationId,
      createdAt,
      modifiedAt: createdAt,
      ownerArn: association.ownerArn ?? null,
      targetRoleArn: association.targetRoleArn ?? null,
      externalId: association.targetRoleArn === undefined ? null : externalIdOf(association),
      disableSessionTags: association.disableSessionTags ?? false,
      policy: association.policy ?? null,
      tags: association.tags ?? {},
    };
    const twin = [...associations.values()].find(
      (other) =>
        keyOf(other.cluster, other.namespace, other.serviceAccount) ===
        keyOf(value.cluster, value.namespace, value.serviceAccount),
    );
    if (twin !== undefined) throw new Error(`Association already exists: ${twin.associationId}`);
    associations.set(associationId, value);
    takeEffect(value, value, createdAt);
    return value;
  }

  function externalIdOf(
    association: Pick<NewAssociation, "cluster" | "namespace" | "serviceAccount">,
  ): string {
    return `${region}/${accountId}/${association.cluster}/${association.namespace}/${association.serviceAccount}`;
  }

  function updateAssociation(associationId: string, change: AssociationChange): PodIdentityAssociation {
    const before = requireAssociation(associationId);
    const targetRoleArn =
      change.targetRoleArn === undefined ? before.targetRoleArn : change.targetRoleArn || null;
    const value: PodIdentityAssociation = {
      ...before,
      roleArn: change.roleArn ?? before.roleArn,
      targetRoleArn,
      externalId: targetRoleArn === null ? null : externalIdOf(before),
      disableSessionTags: change.disableSessionTags ?? before.disableSessionTags,
      policy: change.policy === undefined ? before.policy : change.policy || null,
      modifiedAt: nowIso(),
    };
    associations.set(associationId, value);
    takeEffect(value, value, value.modifiedAt);
    return value;
  }

  function removeAssociation(associationId: string): PodIdentityAssociation {
    const value = requireAssociation(associationId);
    associations.delete(associationId);
    takeEffect(value, undefined, nowIso());
    return value;
  }

  return {
    addCluster,
    updateCluster(name, change) {
      const value = { ...requireCluster(name), ...change };
      clusters.set(name, value);
      return value;
    },
    addNodegroup,
    addAddon,
    removeAddon(cluster, name) {
      if (!addons.delete(`${cluster}/${name}`))
        throw new Error(`There is no add-on ${name} in cluster ${cluster}.`);
    },
    cluster: (name) => clusters.get(name),
    clusters: () => [...clusters.values()],
    nodegroups: (cluster) => [...nodegroups.values()].filter((nodegroup) => nodegroup.cluster === cluster),
    addons: (cluster) => [...addons.values()].filter((addon) => addon.cluster === cluster),
    addAssociation,
    updateAssociation,
    removeAssociation,
    associations: (cluster) =>
      [...associations.values()].filter((association) => association.cluster === cluster),
    association(cluster, namespace, serviceAccount) {
      const nowMs = options.now().getTime();
      return effects
        .get(keyOf(cluster, namespace, serviceAccount))
        ?.findLast((effect) => effect.atMs <= nowMs)?.value;
    },
  };
}

/** One VPC a cluster, of the same id whenever the account is built. */
function vpcIdOf(cluster: string): string {
  return `vpc-0${createHash("sha256").update(cluster).digest("hex").slice(0, 16)}`;
}
