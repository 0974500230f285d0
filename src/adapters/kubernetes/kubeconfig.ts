import { KubeConfig } from "@kubernetes/client-node";
import { unmetered } from "../../app/call-budget.ts";
import type { CallMeter } from "../../app/ports.ts";
import type { Result } from "../../core/result.ts";
import { createRestClient, type KubernetesClient } from "./client.ts";

/** Where the cluster's address and credentials come from. */
export interface KubernetesClientOptions {
  /** Path of a kubeconfig; else the KUBECONFIG variable, `~/.kube/config`, or the pod's own ServiceAccount. */
  readonly kubeconfig?: string;
  /** The kubeconfig itself, as YAML text; goes before `kubeconfig`. */
  readonly kubeconfigText?: string;
  /** Name of a context; else the current one. */
  readonly context?: string;
  /** Use the pod's own ServiceAccount and nothing else. */
  readonly inCluster?: boolean;
}

/** The kubeconfig's entry of the cluster. `aws eks update-kubeconfig` names it by the cluster's ARN. */
export interface ClusterEntry {
  readonly name: string;
  /** What the ARN says; null where the entry's name is not an EKS cluster ARN. */
  readonly eks: {
    readonly arn: string;
    readonly name: string;
    readonly region: string;
    readonly accountId: string;
  } | null;
}

export interface KubernetesConnection {
  readonly client: KubernetesClient;
  readonly context: string;
  readonly contexts: readonly string[];
  readonly cluster: ClusterEntry;
}

/** Why no connection can be made, in a sentence that says what to do. */
export interface KubernetesConfigError {
  readonly type: "not-configured" | "unreadable" | "unknown-context";
  readonly message: string;
}

/**
 * Chooses cluster and credentials as kubectl does and makes a client for it. No call is made.
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
export function createKubernetesClient(
  options: KubernetesClientOptions = {},
  meter: CallMeter = unmetered,
): Result<KubernetesConnection, KubernetesConfigError> {
  const loaded = load(options);
  if (!loaded.ok) return loaded;
  const config = loaded.value;
  const contexts = config.getContexts().map((context) => context.name);
  const context = options.context ?? config.getCurrentContext();
  if (!contexts.includes(context)) {
    const wanted = options.context === undefined ? "names no current context" : `has no context "${context}"`;
    const known = contexts.length === 0 ? "It has none." : `It has: ${contexts.join(", ")}.`;
    return failed("unknown-context", `The kubeconfig ${wanted}. ${known} Choose one with --context.`);
  }
  config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    return failed(
      "unreadable",
      `The context "${context}" names a cluster that the kubeconfig does not hold.`,
    );
  }
  if (config.getCurrentUser() === null) {
    return failed("unreadable", `The context "${context}" names a user that the kubeconfig does not hold.`);
  }
  return {
    ok: true,
    value: {
      client: createRestClient(config, meter),
      context,
      contexts,
      cluster: { name: cluster.name, eks: parseClusterArn(cluster.name) },
    },
  };
}

/** Reads `arn:aws:eks:<region>:<account>:cluster/<name>`; null for any other text. */
export function parseClusterArn(text: string): ClusterEntry["eks"] {
  const match = /^arn:aws[a-z-]*:eks:([a-z0-9-]+):(\d{12}):cluster\/([A-Za-z0-9][A-Za-z0-9_-]*)$/.exec(text);
  if (match === null) return null;
  const [arn, region = "", accountId = "", name = ""] = match;
  return { arn, name, region, accountId };
}

function load(options: KubernetesClientOptions): Result<KubeConfig, KubernetesConfigError> {
  const config = new KubeConfig();
  try {
    if (options.inCluster === true) config.loadFromCluster();
    else if (options.kubeconfigText !== undefined) config.loadFromString(options.kubeconfigText);
    else if (options.kubeconfig !== undefined) config.loadFromFile(options.kubeconfig);
    else config.loadFromDefault();
  } catch (error) {
    const where =
      options.kubeconfig === undefined ? "The kubeconfig" : `The kubeconfig ${options.kubeconfig}`;
    return failed(
      "unreadable",
      `${where} cannot be read: ${error instanceof Error ? error.message : "unknown error"}`,
    );
  }
  return isConfigured(config)
    ? { ok: true, value: config }
    : failed(
        "not-configured",
        "No cluster is configured: set KUBECONFIG, write ~/.kube/config with `aws eks update-kubeconfig --name <cluster>`, or run inside the cluster.",
      );
}

/** The library answers "nothing configured" with a made-up cluster on localhost, or in a pod's case an empty host. */
function isConfigured(config: KubeConfig): boolean {
  if (config.getContexts().length === 0) return false;
  const server = config.getCurrentCluster()?.server;
  const madeUp = config.getCurrentContext() === "loaded-context" && server === "http://localhost:8080";
  return !madeUp && server?.includes("//undefined:") !== true;
}

function failed(
  type: KubernetesConfigError["type"],
  message: string,
): { ok: false; error: KubernetesConfigError } {
  return { ok: false, error: { type, message } };
}
