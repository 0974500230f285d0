import { notCollected } from "../../app/not-collected.ts";
import type { Collectors } from "../../app/ports.ts";
import { createAgentCollector } from "./collectors/agent.ts";
import type { CollectorDeps } from "./collectors/deps.ts";
import { createInjectionCensusCollector } from "./collectors/injection-census.ts";
import { createLogsCollector } from "./collectors/logs.ts";
import { createNodesCollector } from "./collectors/nodes.ts";
import { createPodsCollector } from "./collectors/pods.ts";
import { createServiceAccountCollector } from "./collectors/service-account.ts";
import { createSharingCollector } from "./collectors/sharing.ts";
import { createWebhookCollector } from "./collectors/webhook.ts";
import { createWorkloadCollector } from "./collectors/workload.ts";

/** The kinds of evidence that the Kubernetes API gives. A new `k8s.*` kind does not compile until it is here. */
export type KubernetesCollectors = Pick<
  Collectors,
  Extract<keyof Collectors, `k8s.${string}` | "logs.errors">
>;

const notRead = "this version does not read it";

/** All collectors of one cluster. `clock` stamps the answers. */
export function createKubernetesCollectors(deps: CollectorDeps): KubernetesCollectors {
  return {
    "k8s.workload": createWorkloadCollector(deps),
    "k8s.pods": createPodsCollector(deps),
    "k8s.service-account": createServiceAccountCollector(deps),
    "k8s.webhook": createWebhookCollector(deps),
    "k8s.injection-census": createInjectionCensusCollector(deps),
    "k8s.nodes": createNodesCollector(deps),
    "k8s.agent": createAgentCollector(deps),
    "k8s.sharing": createSharingCollector(deps),
    "k8s.service-accounts": notCollected("k8s.service-accounts", notRead),
    "k8s.network-policies": notCollected("k8s.network-policies", notRead),
    "k8s.webhook-endpoints": notCollected("k8s.webhook-endpoints", notRead),
    "k8s.other-webhooks": notCollected("k8s.other-webhooks", notRead),
    "k8s.vpc-cni": notCollected("k8s.vpc-cni", notRead),
    "k8s.agent-logs": notCollected("k8s.agent-logs", notRead),
    "logs.errors": createLogsCollector(deps),
  };
}
