import type { LabelSelector, NewObject } from "../cluster/objects.ts";
import { webhookUrl } from "../cluster/webhook.ts";

export interface WorkloadManifest {
  readonly kind: "Deployment" | "StatefulSet" | "DaemonSet";
  readonly namespace: string;
  readonly name: string;
  readonly image: string;
  readonly replicas?: number;
  readonly serviceAccount?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeSelector?: Record<string, string>;
  readonly tolerations?: readonly object[];
  readonly hostNetwork?: boolean;
  /** What a node's labels have to meet. */
  readonly nodeAffinity?: readonly NonNullable<LabelSelector["matchExpressions"]>[number][];
  readonly podAnnotations?: Readonly<Record<string, string>>;
  /** Name of the first container; the workload's by default. */
  readonly container?: string;
  readonly sidecars?: readonly { readonly name: string; readonly image: string }[];
  readonly labels?: Readonly<Record<string, string>>;
}

/** A workload as its chart would render it. */
export function workload(manifest: WorkloadManifest): NewObject {
  const { kind, namespace, name } = manifest;
  const matchLabels = { "app.kubernetes.io/name": name };
  const labels = { ...matchLabels, ...manifest.labels };
  const env = Object.entries(manifest.env ?? {}).map(([key, value]) => ({ name: key, value }));
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace, labels },
    spec: {
      ...(kind === "DaemonSet" ? {} : { replicas: manifest.replicas ?? 1 }),
      ...(kind === "StatefulSet" ? { serviceName: name, updateStrategy: { type: "RollingUpdate" } } : {}),
      ...(kind === "Deployment"
        ? {
            progressDeadlineSeconds: 600,
            revisionHistoryLimit: 10,
            strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
          }
        : {}),
      selector: { matchLabels },
      template: {
        metadata: {
          labels,
          ...(manifest.podAnnotations === undefined ? {} : { annotations: manifest.podAnnotations }),
        },
        spec: {
          containers: [
            {
              name: manifest.container ?? name,
              image: manifest.image,
              ...(env.length === 0 ? {} : { env }),
              resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "512Mi" } },
            },
            ...(manifest.sidecars ?? []),
          ],
          ...(manifest.serviceAccount === undefined ? {} : { serviceAccountName: manifest.serviceAccount }),
          ...(manifest.nodeSelector === undefined ? {} : { nodeSelector: manifest.nodeSelector }),
          ...(manifest.tolerations === undefined ? {} : { tolerations: manifest.tolerations }),
          ...(manifest.hostNetwork === true ? { hostNetwork: true } : {}),
          ...(manifest.nodeAffinity === undefined ? {} : { affinity: requires(manifest.nodeAffinity) }),
        },
      },
    },
    status: {},
  };
}

function requires(matchExpressions: NonNullable<WorkloadManifest["nodeAffinity"]>): object {
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] },
    },
  };
}

export function namespace(name: string, labels: Readonly<Record<string, string>> = {}): NewObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels: { ...labels } } };
}

/** With a role: annotated for IAM roles for service accounts. */
export function serviceAccount(inNamespace: string, name: string, roleArn?: string): NewObject {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: {
      name,
      namespace: inNamespace,
      ...(roleArn === undefined ? {} : { annotations: { "eks.amazonaws.com/role-arn": roleArn } }),
    },
  };
}

/** Limits the egress of every pod of the namespace to these rules. */
export function networkPolicy(inNamespace: string, name: string, egress: readonly object[]): NewObject {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace: inNamespace },
    spec: { podSelector: {}, policyTypes: ["Egress"], egress },
  };
}

export function disruptionBudget(
  inNamespace: string,
  name: string,
  minAvailable: number,
  pods: number,
): NewObject {
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name, namespace: inNamespace },
    spec: { minAvailable, selector: { matchLabels: { "app.kubernetes.io/name": name } } },
    status: {
      currentHealthy: pods,
      desiredHealthy: minAvailable,
      disruptionsAllowed: pods - minAvailable,
      expectedPods: pods,
    },
  };
}

interface WebhookManifest {
  readonly configuration: string;
  readonly entry: string;
  readonly caBundle: string;
  readonly clientConfig: Readonly<Record<string, unknown>>;
  readonly failurePolicy: "Ignore" | "Fail";
  readonly objectSelector?: object;
}

export function mutatingWebhook(manifest: WebhookManifest): NewObject {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: manifest.configuration },
    webhooks: [
      {
        admissionReviewVersions: ["v1", "v1beta1"],
        clientConfig: { caBundle: manifest.caBundle, ...manifest.clientConfig },
        failurePolicy: manifest.failurePolicy,
        matchPolicy: "Equivalent",
        name: manifest.entry,
        namespaceSelector: {},
        objectSelector: manifest.objectSelector ?? {},
        reinvocationPolicy: "IfNeeded",
        rules: [
          { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"], scope: "*" },
        ],
        sideEffects: "None",
        timeoutSeconds: 10,
      },
    ],
  };
}

/** As EKS installs it; the objectSelector is how a pod is kept out. */
export function podIdentityWebhook(caBundle: string): NewObject {
  return mutatingWebhook({
    configuration: "pod-identity-webhook",
    entry: "iam-for-pods.amazonaws.com",
    caBundle,
    clientConfig: { url: webhookUrl },
    failurePolicy: "Ignore",
    objectSelector: {
      matchExpressions: [
        { key: "eks.amazonaws.com/skip-pod-identity-webhook", operator: "DoesNotExist", values: [] },
      ],
    },
  });
}
