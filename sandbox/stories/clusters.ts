import type { NodeQuirks } from "../cluster/context.ts";
import { legacyPodIdentityCa, loadBalancerCa, podIdentityCa, vpcResourceCa } from "./certificates.ts";
import { mutatingWebhook, podIdentityWebhook, type WorkloadManifest } from "./manifests.ts";
import { allow, nodeTrust } from "./policies.ts";
import { days, type World } from "./story.ts";
import { installSystem } from "./system.ts";

/** The clusters that every sandbox has. */
export type ClusterName = "eks-workshop" | "eks-legacy";

/** The node group whose pods cannot reach the instance metadata service. */
export const restrictedNodegroup = "restricted";

export interface NodegroupPlan {
  readonly name: string;
  readonly roleName: string;
  readonly amiType: string;
  readonly imdsHopLimit: number;
  readonly tainted?: boolean;
  /** Beside those that every node of a managed node group has. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The node role's policies; by default those that every one needs. */
  readonly attached?: readonly string[];
  readonly quirks?: NodeQuirks;
  readonly nodes: readonly { readonly ip: string; readonly zone: string; readonly instanceId: string }[];
}

/** A cluster as it is before any story. What is not named is as it should be. */
export interface ClusterPlan {
  readonly name: string;
  readonly environment: string;
  readonly oidcIssuer: string;
  /** The CA that the pod identity webhook really uses. */
  readonly webhookCaBundle: string;
  /** Whether the Pod Identity agent is installed. */
  readonly agent: boolean;
  readonly agentAffinity?: NonNullable<WorkloadManifest["nodeAffinity"]>;
  readonly cni?: Readonly<Record<string, string>>;
  readonly version?: string;
  readonly platformVersion?: string;
  readonly ipv6?: boolean;
  /** False: the platform is older than EKS Pod Identity. */
  readonly podIdentity?: boolean;
  /** Whether the AWS Load Balancer Controller has its webhook there. */
  readonly loadBalancerWebhook?: boolean;
  /** How much slower than elsewhere the programs work once the sandbox runs; 1 by default. */
  readonly slowness?: number;
  readonly nodegroups: readonly NodegroupPlan[];
}

export const clusterPlans: readonly (ClusterPlan & { readonly name: ClusterName })[] = [
  {
    name: "eks-workshop",
    environment: "workshop",
    oidcIssuer: "https://oidc.eks.us-west-2.amazonaws.com/id/0F1E2D3C4B5A69788796A5B4C3D2E1F0",
    webhookCaBundle: podIdentityCa,
    agent: true,
    nodegroups: [
      {
        name: "default",
        roleName: "eksctl-eks-workshop-nodegroup-defa-NodeInstanceRole-h7Rk2vQz0pLw",
        amiType: "AL2_x86_64",
        imdsHopLimit: 2,
        nodes: [
          { ip: "10.42.101.23", zone: "us-west-2a", instanceId: "i-0a1b2c3d4e5f60718" },
          { ip: "10.42.132.87", zone: "us-west-2b", instanceId: "i-0b2c3d4e5f6071829" },
          { ip: "10.42.165.140", zone: "us-west-2c", instanceId: "i-0c3d4e5f607182930" },
        ],
      },
      {
        name: restrictedNodegroup,
        roleName: "eksctl-eks-workshop-nodegroup-rest-NodeInstanceRole-Yb4nXc81sTqe",
        amiType: "AL2023_x86_64_STANDARD",
        imdsHopLimit: 1,
        tainted: true,
        nodes: [{ ip: "10.42.112.61", zone: "us-west-2a", instanceId: "i-0d4e5f60718293a41" }],
      },
    ],
  },
  {
    name: "eks-legacy",
    environment: "legacy",
    oidcIssuer: "https://oidc.eks.us-west-2.amazonaws.com/id/A9B8C7D6E5F4031221304F5E6D7C8B9A",
    webhookCaBundle: legacyPodIdentityCa,
    agent: false,
    loadBalancerWebhook: true,
    nodegroups: [
      {
        name: "general",
        roleName: "eks-legacy-general-node",
        amiType: "AL2_x86_64",
        imdsHopLimit: 2,
        nodes: [
          { ip: "10.60.14.35", zone: "us-west-2a", instanceId: "i-0e5f60718293a4b52" },
          { ip: "10.60.41.172", zone: "us-west-2b", instanceId: "i-0f60718293a4b5c63" },
        ],
      },
    ],
  },
];

const nodePolicies = [
  "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
  "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
];

/** Keeps other pods off the restricted nodes. */
export const restrictedTaint = { key: "workload", value: "restricted", effect: "NoSchedule" } as const;

/** Sets up a cluster as it is before any story: the account's side at once, the nodes and system pods days ago. */
export function installCluster(world: World, plan: ClusterPlan, endpoint: string): void {
  const { account } = world;
  const { name, oidcIssuer } = plan;
  account.addCluster({
    name,
    version: plan.version ?? "1.30",
    ...(plan.platformVersion === undefined ? {} : { platformVersion: plan.platformVersion }),
    endpoint,
    oidcIssuer,
    tags: { environment: plan.environment },
  });
  account.addOidcProvider({ issuer: oidcIssuer, clientIds: ["sts.amazonaws.com"] });
  if (plan.agent)
    account.addAddon({ cluster: name, name: "eks-pod-identity-agent", version: "v1.3.2-eksbuild.2" });
  for (const addon of ["vpc-cni", "kube-proxy", "coredns"]) {
    account.addAddon({ cluster: name, name: addon, version: "v1.18.3-eksbuild.1" });
  }
  for (const group of plan.nodegroups) {
    const nodeRoleArn = account.addRole({
      name: group.roleName,
      trustPolicy: nodeTrust,
      attached: group.attached ?? nodePolicies,
      inline: { "cluster-autoscaler": allow("Describe", ["autoscaling:DescribeAutoScalingGroups"], ["*"]) },
    });
    account.addNodegroup({
      cluster: name,
      name: group.name,
      nodeRoleArn,
      amiType: group.amiType,
      size: group.nodes.length,
    });
    world.at(12 * days, () => addNodes(world, name, group, nodeRoleArn));
  }
  world.at(11.9 * days, () => {
    const cluster = world.cluster(name);
    cluster.create(podIdentityWebhook(plan.webhookCaBundle), "eks");
    cluster.create(
      mutatingWebhook({
        configuration: "vpc-resource-mutating-webhook",
        entry: "mpod.vpc.k8s.aws",
        caBundle: vpcResourceCa,
        clientConfig: { url: "https://127.0.0.1:9443/mutate-v1-pod" },
        failurePolicy: "Ignore",
      }),
      "eks",
    );
    if (plan.loadBalancerWebhook === true) {
      cluster.create(
        mutatingWebhook({
          configuration: "aws-load-balancer-webhook",
          entry: "mpod.elbv2.k8s.aws",
          caBundle: loadBalancerCa,
          clientConfig: {
            service: {
              name: "aws-load-balancer-webhook-service",
              namespace: "kube-system",
              path: "/mutate-v1-pod",
              port: 443,
            },
          },
          failurePolicy: "Ignore",
        }),
        "helm",
      );
    }
    installSystem(cluster, plan);
  });
}

function addNodes(world: World, name: string, group: NodegroupPlan, nodeRoleArn: string): void {
  for (const node of group.nodes) {
    world.cluster(name).addNode(
      {
        name: `ip-${node.ip.replaceAll(".", "-")}.us-west-2.compute.internal`,
        instanceId: node.instanceId,
        nodeRoleArn,
        ip: node.ip,
        imdsHopLimit: group.imdsHopLimit,
        ...(group.quirks === undefined ? {} : { quirks: group.quirks }),
      },
      {
        labels: {
          "eks.amazonaws.com/nodegroup": group.name,
          "eks.amazonaws.com/capacityType": "ON_DEMAND",
          "kubernetes.io/os": "linux",
          "kubernetes.io/arch": "amd64",
          "node.kubernetes.io/instance-type": "m5.large",
          "topology.kubernetes.io/region": "us-west-2",
          "topology.kubernetes.io/zone": node.zone,
          ...group.labels,
        },
        ...(group.tainted === true ? { taints: [restrictedTaint] } : {}),
      },
    );
  }
}
