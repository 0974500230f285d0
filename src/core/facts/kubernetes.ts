import type { WorkloadKind } from "../evidence.ts";

/** A ServiceAccount of the asked namespace, in brief. */
export interface ServiceAccountRef {
  readonly name: string;
  /** Only keys that concern AWS identity (`eks.amazonaws.com/*`, `iam.amazonaws.com/*`). */
  readonly annotations: Readonly<Record<string, string>>;
}

export interface IpBlock {
  readonly cidr: string;
  readonly except: readonly string[];
}

/** https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/ */
export interface EgressRule {
  /** Null: every destination. Pod and namespace selectors never match link-local addresses and are not kept. */
  readonly to: { readonly ipBlocks: readonly IpBlock[]; readonly hasSelectors: boolean } | null;
  /** Null: every port. A named port is kept as its name. */
  readonly ports:
    | readonly {
        readonly protocol: string;
        readonly port: number | string | null;
        readonly endPort: number | null;
      }[]
    | null;
}

export interface NetworkPolicyFacts {
  readonly name: string;
  readonly podSelector: LabelSelectorFacts;
  readonly policyTypes: readonly string[];
  readonly egress: readonly EgressRule[];
}

/** Who answers behind the Service of a self-hosted pod identity webhook. */
export interface WebhookEndpointsFacts {
  /** `namespace/name` */
  readonly service: string;
  readonly exists: boolean;
  readonly ready: number;
  readonly notReady: number;
}

/** A mutating webhook other than the pod identity webhook that is called for pods of the asked namespace. */
export interface OtherWebhookFacts {
  readonly configuration: string;
  readonly entry: string;
  /** `Never` or `IfNeeded`. */
  readonly reinvocationPolicy: string;
}

/** Settings of the VPC CNI (DaemonSet `kube-system/aws-node`) that decide what a pod with its own security groups reaches. */
export interface VpcCniFacts {
  readonly image: string;
  readonly podEni: boolean;
  /** `strict` (the default) or `standard`. */
  readonly podSecurityGroupEnforcingMode: string;
}

/** Where a value of an environment variable comes from; values of Secrets are never read. */
export interface EnvVar {
  readonly name: string;
  /** The literal value; null where it comes from elsewhere or must not be kept. */
  readonly value: string | null;
  readonly from: "literal" | "secret" | "config-map" | "field";
}

export interface ContainerSpec {
  readonly name: string;
  readonly init: boolean;
  readonly image: string;
  /** Only what concerns AWS identity, Regions and proxies: `AWS_*`, `*_PROXY`, … */
  readonly env: readonly EnvVar[];
  /** Secrets and ConfigMaps whose keys become variables; their keys are not read. */
  readonly envFrom: readonly { readonly kind: "secret" | "config-map"; readonly name: string }[];
  readonly mountPaths: readonly string[];
  /** `securityContext.runAsUser`; null: the container sets none of its own. */
  readonly runAsUser: number | null;
}

export interface PodSpecFacts {
  /** As the API server defaults it: `default` where the template names none. */
  readonly serviceAccountName: string;
  readonly hostNetwork: boolean;
  /** The pod's `securityContext`; null: not set. */
  readonly runAsUser: number | null;
  readonly fsGroup: number | null;
  /** `spec.nodeSelector["kubernetes.io/os"]`, by which the webhook tells Windows pods; null: not set. */
  readonly nodeSelectorOs: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly containers: readonly ContainerSpec[];
}

/** Who will undo a change made by hand. */
export type Owner = "helm" | "argocd" | "flux" | "terraform" | "eksctl" | "none";

export interface WorkloadFacts {
  readonly kind: WorkloadKind;
  /** API version of a kind that is not built in. */
  readonly apiVersion?: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Of an owner that is not read itself: when the oldest object that it owns was made. */
  readonly createdAt: string;
  /** Desired pods; null where the kind has no such number. */
  readonly replicas: number | null;
  readonly template: PodSpecFacts;
  readonly managedBy: Owner;
  /** The controller of a built-in kind, where it has one (`revision hello-00001`): it writes the pod template. */
  readonly ownedBy?: string;
  /** Template annotation `eksiam/restarted-for`: the mark of the last restart that eksiam made; null: none. */
  readonly restartMark: string | null;
}

export interface PodFacts extends PodSpecFacts {
  readonly name: string;
  readonly uid: string;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly phase: string;
  readonly ready: boolean;
  readonly nodeName: string | null;
  readonly podIp: string | null;
  /** Address of the node: the one that the agent sees of a pod with hostNetwork. */
  readonly hostIp: string | null;
  /** A static pod, of which the API server holds a mirror only: it has no ServiceAccount and meets no webhook. */
  readonly mirror: boolean;
  /** Containers added by `kubectl debug`: the webhook never touches them. */
  readonly ephemeralContainers: readonly string[];
  /** Label `pod-template-hash` or `controller-revision-hash`; null: the pod has neither. */
  readonly revision: string | null;
  /** Projected service account tokens: volume name and audience. */
  readonly tokenVolumes: readonly { readonly name: string; readonly audience: string }[];
  readonly statuses: readonly {
    readonly container: string;
    readonly restartCount: number;
    readonly startedAt: string | null;
    readonly waitingReason: string | null;
    /** The run before this one; while the container waits to be started again, the one that `startedAt` is of. */
    readonly lastRun?: {
      readonly startedAt: string;
      readonly finishedAt: string;
      readonly exitCode: number;
    } | null;
  }[];
}

export interface PodsFacts {
  /** Pods that are not being deleted; the broken, the newest and the oldest where there are more than `total` kept. */
  readonly pods: readonly PodFacts[];
  /** How many the workload has in all. */
  readonly total: number;
}

export interface ServiceAccountFacts {
  readonly namespace: string;
  readonly name: string;
  readonly createdAt: string;
  /** Only keys that concern AWS identity (`eks.amazonaws.com/*`, `iam.amazonaws.com/*`). */
  readonly annotations: Readonly<Record<string, string>>;
  /** When `eks.amazonaws.com/role-arn` was last written, from managedFields; null: unknown. */
  readonly roleAnnotationChangedAt: string | null;
  readonly managedBy: Owner;
}

export interface LabelSelectorFacts {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
}

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly sha256: string;
}

export interface WebhookFacts {
  /** Name of the MutatingWebhookConfiguration object. */
  readonly configuration: string;
  /** Name of the entry, `iam-for-pods.amazonaws.com` on EKS. */
  readonly entry: string;
  readonly createdAt: string;
  readonly clientConfig: { readonly url: string | null; readonly service: string | null };
  /** The parsed bundle; `unreadable` where it holds no X.509 certificate. */
  readonly caBundle:
    | { readonly status: "certificates"; readonly certificates: readonly CertificateFacts[] }
    | { readonly status: "unreadable" }
    | { readonly status: "empty" };
  /** Who last wrote the caBundle and when, from managedFields; null: unknown. */
  readonly caBundleChanged: { readonly manager: string; readonly at: string } | null;
  readonly failurePolicy: string;
  readonly namespaceSelector: LabelSelectorFacts;
  readonly objectSelector: LabelSelectorFacts;
  /** Labels of the asked namespace, against which namespaceSelector is judged. */
  readonly namespaceLabels: Readonly<Record<string, string>>;
}

/** What became of the pods of this cluster whose ServiceAccount has an identity: does injection work at all? */
export interface InjectionCensus {
  readonly injected: number;
  readonly notInjected: number;
  /** Creation time of the newest injected pod; null: none was. */
  readonly newestInjectedAt: string | null;
  /** Creation times of pods that should carry an identity and do not, newest first, at most 20. */
  readonly notInjectedPods: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly createdAt: string;
  }[];
  /** False where the list was cut at its bound. */
  readonly complete: boolean;
}

export interface NodeFacts {
  readonly name: string;
  readonly instanceId: string | null;
  readonly nodegroup: string | null;
  readonly compute: "ec2" | "auto" | "fargate" | "hybrid";
  readonly os: string;
  /** `v1.31.4-eks-…`; null: not told. */
  readonly kubeletVersion: string | null;
  readonly createdAt: string;
}

export interface AgentFacts {
  readonly daemonSet: { readonly desired: number; readonly ready: number; readonly image: string } | null;
  /** The agent's pods on the nodes of the workload's pods. */
  readonly pods: readonly {
    readonly name: string;
    readonly nodeName: string;
    readonly ready: boolean;
    readonly waitingReason: string | null;
  }[];
}

export interface WorkloadRef {
  readonly kind: WorkloadKind;
  /** API version of a kind that is not built in. */
  readonly apiVersion?: string;
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number | null;
}

export interface SharingFacts {
  /** Other workloads of the namespace that run as the same ServiceAccount. */
  readonly workloads: readonly WorkloadRef[];
  /** PodDisruptionBudgets that select the workload's pods. */
  readonly disruptionBudgets: readonly { readonly name: string; readonly disruptionsAllowed: number }[];
}
