import { legacyPodIdentityCa, loadBalancerCa, podIdentityCa, vpcResourceCa } from "./certificates.ts";
import { mutatingWebhook, podIdentityWebhook } from "./manifests.ts";
import { allow, nodeTrust } from "./policies.ts";
import { days, type World } from "./story.ts";
import { installSystem } from "./system.ts";

/** The clusters of the sandbox, and the CA that each one's pod identity webhook really uses. */
export const clusterNames = ["eks-workshop", "eks-legacy"] as const;
export type ClusterName = (typeof clusterNames)[number];

export const webhookCaBundles: Readonly<Record<ClusterName, string>> = {
  "eks-workshop": podIdentityCa,
  "eks-legacy": legacyPodIdentityCa,
};

const oidcIssuers: Readonly<Record<ClusterName, string>> = {
  "eks-workshop": "https://oidc.eks.us-west-2.amazonaws.com/id/0F1E2D3C4B5A69788796A5B4C3D2E1F0",
  "eks-legacy": "https://oidc.eks.us-west-2.amazonaws.com/id/A9B8C7D6E5F4031221304F5E6D7C8B9A",
};

/** The node group whose pods cannot reach the instance metadata service. */
export const restrictedNodegroup = "restricted";

interface NodegroupFacts {
  readonly name: string;
  readonly roleName: string;
  readonly amiType: string;
  readonly imdsHopLimit: number;
  readonly tainted?: boolean;
  readonly nodes: readonly { readonly ip: string; readonly zone: string; readonly instanceId: string }[];
}

const nodegroups: Readonly<Record<ClusterName, readonly NodegroupFacts[]>> = {
  "eks-workshop": [
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
  "eks-legacy": [
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
};

/** Keeps other pods off the restricted nodes. */
export const restrictedTaint = { key: "workload", value: "restricted", effect: "NoSchedule" } as const;

/** Sets up a cluster as it is before any story: the account's side at once, the nodes and system pods days ago. */
export function installCluster(world: World, name: ClusterName, endpoint: string): void {
  const { account } = world;
  const legacy = name === "eks-legacy";
  account.addCluster({
    name,
    version: "1.30",
    endpoint,
    oidcIssuer: oidcIssuers[name],
    tags: { environment: legacy ? "legacy" : "workshop" },
  });
  account.addOidcProvider({ issuer: oidcIssuers[name], clientIds: ["sts.amazonaws.com"] });
  if (!legacy)
    account.addAddon({ cluster: name, name: "eks-pod-identity-agent", version: "v1.3.2-eksbuild.2" });
  for (const addon of ["vpc-cni", "kube-proxy", "coredns"]) {
    account.addAddon({ cluster: name, name: addon, version: "v1.18.3-eksbuild.1" });
  }
  for (const group of nodegroups[name]) {
    const nodeRoleArn = account.addRole({
      name: group.roleName,
      trustPolicy: nodeTrust,
      attached: [
        "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
        "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
      ],
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
    cluster.create(podIdentityWebhook(webhookCaBundles[name]), "eks");
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
    if (legacy) {
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
    installSystem(cluster, { agent: !legacy });
  });
}

function addNodes(world: World, name: ClusterName, group: NodegroupFacts, nodeRoleArn: string): void {
  for (const node of group.nodes) {
    world.cluster(name).addNode(
      {
        name: `ip-${node.ip.replaceAll(".", "-")}.us-west-2.compute.internal`,
        instanceId: node.instanceId,
        nodeRoleArn,
        ip: node.ip,
        imdsHopLimit: group.imdsHopLimit,
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
        },
        ...(group.tainted === true ? { taints: [restrictedTaint] } : {}),
      },
    );
  }
}
