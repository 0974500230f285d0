import { podIdentityCa } from "../certificates.ts";
import type { ClusterPlan, NodegroupPlan } from "../clusters.ts";

/** The cluster of the gallery in which everything is right but workloads and single nodes. */
export const gallery = "eks-gallery";

/** Node groups of the gallery's cluster on which something is the matter; nothing runs there that does not ask for it. */
export const troubledNodegroups = [
  "hop-limit",
  "no-profile",
  "ipv6-off",
  "busy-port",
  "private",
  "throttled",
  "slow",
  "no-agent",
  "narrow-role",
  "fargate",
  "auto",
  "slow-clock",
] as const;
export type TroubledNodegroup = (typeof troubledNodegroups)[number];

const troubles: Readonly<Record<TroubledNodegroup, Partial<NodegroupPlan>>> = {
  "hop-limit": { amiType: "AL2023_x86_64_STANDARD", imdsHopLimit: 1 },
  "no-profile": { quirks: { withoutInstanceProfile: true } },
  "ipv6-off": { quirks: { ipv6Off: true } },
  "busy-port": {},
  private: { quirks: { eksAuth: "no-such-host" } },
  throttled: { quirks: { eksAuth: "throttled" } },
  slow: { quirks: { eksAuth: "slow" } },
  "no-agent": {},
  "narrow-role": { attached: ["arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"] },
  fargate: { labels: { "eks.amazonaws.com/compute-type": "fargate" }, quirks: { compute: "fargate" } },
  "slow-clock": { quirks: { clockSkewMs: -17 * 60_000 } },
  auto: { labels: { "eks.amazonaws.com/compute-type": "auto" }, quirks: { compute: "auto" } },
};

function nodegroup(cluster: string, subnet: number, name: string, nodes: number): NodegroupPlan {
  const id = (host: number) => `${subnet.toString(16).padStart(2, "0")}${host.toString(16).padStart(2, "0")}`;
  return {
    name,
    roleName: `${cluster}-${name}-node`,
    amiType: "AL2_x86_64",
    imdsHopLimit: 2,
    nodes: Array.from({ length: nodes }, (_, index) => ({
      ip: `10.80.${subnet}.${20 + index}`,
      zone: index % 2 === 0 ? "us-west-2a" : "us-west-2b",
      instanceId: `i-0${id(index)}718293a4b5c6`,
    })),
  };
}

function small(name: string, subnet: number, change: Partial<ClusterPlan> = {}): ClusterPlan {
  return {
    name,
    environment: "gallery",
    oidcIssuer: `https://oidc.eks.us-west-2.amazonaws.com/id/${subnet.toString(16).toUpperCase().padStart(32, "1A2B3C4D5E6F708192A3B4C5D6E7F8")}`,
    webhookCaBundle: podIdentityCa,
    agent: true,
    // Its many programs are there to be asked about, not to be watched.
    slowness: 10,
    nodegroups: [nodegroup(name, subnet, "general", 1)],
    ...change,
  };
}

/** The clusters of the gallery: one for faults of workloads and nodes, and one for each fault of a whole cluster. */
export const galleryClusters: readonly ClusterPlan[] = [
  small(gallery, 10, {
    nodegroups: [
      nodegroup(gallery, 10, "general", 2),
      ...troubledNodegroups.map((name, index) => ({
        ...nodegroup(gallery, 16 + index, name, 1),
        tainted: true,
        ...troubles[name],
      })),
    ],
    agentAffinity: [{ key: "eks.amazonaws.com/nodegroup", operator: "NotIn", values: ["no-agent"] }],
    cni: { ENABLE_POD_ENI: "true", POD_SECURITY_GROUP_ENFORCING_MODE: "strict" },
  }),
  small("eks-without-agent", 64, { agent: false }),
  small("eks-ipv6", 65, { ipv6: true }),
  small("eks-no-webhook", 67),
  small("eks-webhook-moved", 68),
  small("eks-webhook-down", 69),
  small("eks-no-provider", 70),
  small("eks-issuer-out", 71),
  small("eks-elderly", 66, { version: "1.28", platformVersion: "eks.3", podIdentity: false }),
];
