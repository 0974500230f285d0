import type { Container, KubeObject, LabelSelector, Pod } from "./objects.ts";
import { matchesSelector } from "./selectors.ts";

/** Name of the object and of its entry on EKS. */
export const webhookConfigurationName = "pod-identity-webhook";
export const webhookUrl = "https://127.0.0.1:23443/mutate";
const webhookEntryName = "iam-for-pods.amazonaws.com";

const podIdentityToken = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount";
const irsaToken = "/var/run/secrets/eks.amazonaws.com/serviceaccount";

/** What the webhook knows of a ServiceAccount when a pod that uses it is created. */
export interface WebhookFacts {
  readonly region: string;
  /** In a cluster of IPv6 the agent has another address. */
  readonly ipv6?: boolean;
  readonly hasAssociation: boolean;
  /** Of the ServiceAccount; null: the webhook has not seen it. */
  readonly annotations: Readonly<Record<string, string>> | null;
}

interface Injection {
  readonly env: readonly (readonly [name: string, value: string])[];
  readonly volume: { readonly name: string; readonly audience: string; readonly path: string };
  readonly mountPath: string;
}

/**
 * The pod as the EKS Pod Identity webhook returns it. An association wins over the annotation; a container that
 * names one variable of a pair itself gets neither; nothing configured means no change and no error.
 * https://github.com/aws/amazon-eks-pod-identity-webhook
 */
export function injectIdentity(pod: Pod, facts: WebhookFacts): Pod {
  const injection = injectionFor(facts);
  if (injection === null) return pod;

  const skipped = skippedContainers(pod.metadata.annotations?.["eks.amazonaws.com/skip-containers"]);
  const mutate = (container: Container) =>
    skipped.has(container.name) ? container : injectContainer(container, injection, facts.region);
  const volumes = pod.spec.volumes ?? [];
  const volume = {
    name: injection.volume.name,
    projected: {
      defaultMode: 420,
      sources: [
        {
          serviceAccountToken: {
            audience: injection.volume.audience,
            expirationSeconds: 86_400,
            path: injection.volume.path,
          },
        },
      ],
    },
  };
  return {
    ...pod,
    metadata: facts.hasAssociation
      ? { ...pod.metadata, labels: { ...pod.metadata.labels, "eks.amazonaws.com/pod-identity": "enabled" } }
      : pod.metadata,
    spec: {
      ...pod.spec,
      ...(pod.spec.initContainers === undefined
        ? {}
        : { initContainers: pod.spec.initContainers.map(mutate) }),
      containers: pod.spec.containers.map(mutate),
      volumes: volumes.some((present) => present.name === volume.name) ? volumes : [...volumes, volume],
    },
  };
}

function injectionFor(facts: WebhookFacts): Injection | null {
  if (facts.hasAssociation) {
    return {
      env: [
        [
          "AWS_CONTAINER_CREDENTIALS_FULL_URI",
          `http://${facts.ipv6 === true ? "[fd00:ec2::23]" : "169.254.170.23"}/v1/credentials`,
        ],
        ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", `${podIdentityToken}/eks-pod-identity-token`],
      ],
      volume: {
        name: "eks-pod-identity-token",
        audience: "pods.eks.amazonaws.com",
        path: "eks-pod-identity-token",
      },
      mountPath: podIdentityToken,
    };
  }
  // An ARN that is malformed is injected all the same.
  const roleArn = facts.annotations?.["eks.amazonaws.com/role-arn"];
  if (roleArn === undefined || roleArn === "") return null;
  return {
    env: [
      ["AWS_ROLE_ARN", roleArn],
      ["AWS_WEB_IDENTITY_TOKEN_FILE", `${irsaToken}/token`],
    ],
    volume: {
      name: "aws-iam-token",
      audience: facts.annotations?.["eks.amazonaws.com/audience"] ?? "sts.amazonaws.com",
      path: "token",
    },
    mountPath: irsaToken,
  };
}

function injectContainer(container: Container, injection: Injection, region: string): Container {
  const env = [...(container.env ?? [])];
  const names = new Set(env.map((variable) => variable.name));
  let changed = false;

  if (!names.has("AWS_STS_REGIONAL_ENDPOINTS")) {
    env.push({ name: "AWS_STS_REGIONAL_ENDPOINTS", value: "regional" });
    changed = true;
  }
  if (!names.has("AWS_REGION") && !names.has("AWS_DEFAULT_REGION")) {
    env.push({ name: "AWS_DEFAULT_REGION", value: region }, { name: "AWS_REGION", value: region });
    changed = true;
  }
  if (!injection.env.some(([name]) => names.has(name))) {
    env.push(...injection.env.map(([name, value]) => ({ name, value })));
    changed = true;
  }
  if (!changed) return container;

  const mounts = container.volumeMounts ?? [];
  const mounted = mounts.some((mount) => mount.name === injection.volume.name);
  return {
    ...container,
    env,
    volumeMounts: mounted
      ? mounts
      : [...mounts, { mountPath: injection.mountPath, name: injection.volume.name, readOnly: true }],
  };
}

/** A CSV list; a malformed one skips nothing. */
function skippedContainers(annotation: string | undefined): ReadonlySet<string> {
  if (annotation === undefined || (annotation.split('"').length - 1) % 2 !== 0) return new Set();
  return new Set(annotation.split(",").map((name) => name.trim().replace(/^"(.*)"$/, "$1")));
}

interface WebhookEntry {
  readonly name: string;
  readonly clientConfig: {
    readonly caBundle?: string;
    readonly url?: string;
    readonly service?: { readonly namespace: string; readonly name: string };
  };
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  readonly rules?: readonly {
    readonly operations: readonly string[];
    readonly resources: readonly string[];
  }[];
}

/**
 * Whether the API server reaches the webhook for this pod: the configuration exists, its selectors and rules match, a
 * server is at its address, and its caBundle is the one that the webhook's certificate is signed by. Any other is a
 * TLS failure, which `failurePolicy: Ignore` swallows without an event.
 */
export function webhookRuns(
  configuration: KubeObject | undefined,
  trueCaBundle: string,
  namespace: KubeObject | undefined,
  pod: Pod,
  endpointSlices: readonly KubeObject[] = [],
): boolean {
  const entries = (configuration?.["webhooks"] ?? []) as readonly WebhookEntry[];
  const entry = entries.find((candidate) => candidate.name === webhookEntryName);
  if (entry === undefined) return false;
  const covered = (entry.rules ?? []).some(
    (rule) => hasOrAll(rule.operations, "CREATE") && hasOrAll(rule.resources, "pods"),
  );
  return (
    covered &&
    entry.clientConfig.caBundle === trueCaBundle &&
    isServed(entry.clientConfig, endpointSlices) &&
    matchesSelector(entry.namespaceSelector, namespace?.metadata.labels) &&
    matchesSelector(entry.objectSelector, pod.metadata.labels)
  );
}

/** EKS serves it on the control plane itself; who hosts it alone has a Service, with pods behind it. */
function isServed(
  { url, service }: WebhookEntry["clientConfig"],
  endpointSlices: readonly KubeObject[],
): boolean {
  if (service === undefined) return url === undefined || url === webhookUrl;
  return endpointSlices.some(
    ({ metadata, ...slice }) =>
      metadata.namespace === service.namespace &&
      metadata.labels?.["kubernetes.io/service-name"] === service.name &&
      (slice["endpoints"] as { conditions?: { ready?: boolean } }[]).some(
        ({ conditions }) => conditions?.ready !== false,
      ),
  );
}

function hasOrAll(values: readonly string[], wanted: string): boolean {
  return values.includes("*") || values.includes(wanted);
}
