import { podIdentityCa } from "../certificates.ts";
import type { ClusterPlan } from "../clusters.ts";

/** The cluster of the gallery in which everything is right but the workloads. */
export const gallery = "eks-gallery";

/** Nodes whose metadata service answers only what runs on the host's network. */
export const hopLimitNodegroup = "hop-limit";

/** The clusters of the gallery: one for faults of workloads, and one for each fault that a whole cluster has. */
export const galleryClusters: readonly ClusterPlan[] = [
  {
    name: gallery,
    environment: "gallery",
    oidcIssuer: "https://oidc.eks.us-west-2.amazonaws.com/id/1A2B3C4D5E6F708192A3B4C5D6E7F809",
    webhookCaBundle: podIdentityCa,
    agent: true,
    slowness: 10,
    nodegroups: [
      {
        name: "general",
        roleName: "eks-gallery-general-node",
        amiType: "AL2_x86_64",
        imdsHopLimit: 2,
        nodes: [
          { ip: "10.80.14.35", zone: "us-west-2a", instanceId: "i-01f0718293a4b5c6d" },
          { ip: "10.80.41.172", zone: "us-west-2b", instanceId: "i-0218293a4b5c6d7e8" },
        ],
      },
      {
        name: hopLimitNodegroup,
        roleName: "eks-gallery-hop-limit-node",
        amiType: "AL2023_x86_64_STANDARD",
        imdsHopLimit: 1,
        tainted: true,
        nodes: [{ ip: "10.80.77.20", zone: "us-west-2a", instanceId: "i-03293a4b5c6d7e8f9" }],
      },
    ],
  },
];
