import type { Collectors } from "../../app/ports.ts";
import { createAgentCollector } from "./collectors/agent.ts";
import { createAgentLogsCollector } from "./collectors/agent-logs.ts";
import type { CollectorDeps } from "./collectors/deps.ts";
import { createInjectionCensusCollector } from "./collectors/injection-census.ts";
import { createLogsCollector } from "./collectors/logs.ts";
import { createNetworkPoliciesCollector } from "./collectors/network-policies.ts";
import { createNodesCollector } from "./collectors/nodes.ts";
import { createOtherWebhooksCollector } from "./collectors/other-webhooks.ts";
import { createPodsCollector } from "./collectors/pods.ts";
import { createServiceAccountCollector } from "./collectors/service-account.ts";
import { createServiceAccountsCollector } from "./collectors/service-accounts.ts";
import { createSharingCollector } from "./collectors/sharing.ts";
import { createVpcCniCollector } from "./collectors/vpc-cni.ts";
import { createWebhookCollector } from "./collectors/webhook.ts";
import { createWebhookEndpointsCollector } from "./collectors/webhook-endpoints.ts";
import { createWorkloadCollector } from "./collectors/workload.ts";

/** The kinds of evidence that the Kubernetes API gives. A new `k8s.*` kind does not compile until it is here. */
export type KubernetesCollectors = Pick<
  Collectors,
  Extract<keyof Collectors, `k8s.${string}` | "logs.errors">
>;

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
    "k8s.service-accounts": createServiceAccountsCollector(deps),
    "k8s.network-policies": createNetworkPoliciesCollector(deps),
    "k8s.webhook-endpoints": createWebhookEndpointsCollector(deps),
    "k8s.other-webhooks": createOtherWebhooksCollector(deps),
    "k8s.vpc-cni": createVpcCniCollector(deps),
    "k8s.agent-logs": createAgentLogsCollector(deps),
    "logs.errors": createLogsCollector(deps),
  };
}
