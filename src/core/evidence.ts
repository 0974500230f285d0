import type { AgentLogsFacts } from "./facts/agent-logs.ts";
import type {
  AssociationsElsewhere,
  DecodedDenial,
  InstanceFacts,
  OrganizationPoliciesFacts,
  PolicyVersionsFacts,
  ResourcePoliciesFacts,
  VpcEndpointFacts,
} from "./facts/aws.ts";
import type {
  NetworkPolicyFacts,
  OtherWebhookFacts,
  ServiceAccountRef,
  VpcCniFacts,
  WebhookEndpointsFacts,
} from "./facts/kubernetes.ts";
import type { TrailEvent, TrailFacts } from "./facts/trail.ts";
import type { JsonValue } from "./json.ts";
import type { AwsError } from "./logs/aws-error.ts";
import type { LogSign } from "./logs/signs.ts";

export type { TrailEvent, TrailFacts };

/** The kinds that are read as such, as Kubernetes spells them: the values of `--kind`. */
export const workloadKinds = ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"] as const;

export type BuiltInKind = (typeof workloadKinds)[number];

/** A built-in kind, or whatever other kind owns pods (`Rollout`); of those, `apiVersion` is told beside the kind. */
export type WorkloadKind = BuiltInKind | (string & {});

export function isBuiltInKind(kind: WorkloadKind): kind is BuiltInKind {
  return workloadKinds.some((known) => known === kind);
}

/** What was asked. `kind: null` means whichever kind exists under that name. */
export interface Question {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly kind: WorkloadKind | null;
  /** API version of a kind that is not built in: `argoproj.io/v1alpha1`. */
  readonly apiVersion?: string;
  /** Judge this container only; null: all of them. */
  readonly container: string | null;
  /** How far back logs and CloudTrail are read, in seconds. */
  readonly sinceSeconds: number;
}

/** `call-budget`: one question may make so many requests, and this one would have been one more. */
export type UnavailableReason =
  | "access-denied"
  | "throttled"
  | "timeout"
  | "error"
  | "not-collected"
  | "call-budget";

export interface Found<T> {
  readonly status: "found";
  readonly value: T;
  /** Who said so: `iam:GetRole`, `k8s:serviceaccounts/carts/carts`. */
  readonly source: string;
  /** ISO time of the answer. */
  readonly at: string;
}

/** We looked, and there is none. This is evidence. */
export interface Absent {
  readonly status: "absent";
  readonly source: string;
  readonly at: string;
}

/** We could not look. This is not evidence. */
export interface Unavailable {
  readonly status: "unavailable";
  readonly reason: UnavailableReason;
  /** The one permission that would show it: `iam:GetRole`, or as `kubectl auth can-i` spells it: `get pods/log`. */
  readonly permission?: string;
  /** The answer in short, redacted; for people, never for rules. */
  readonly detail?: string;
  readonly source: string;
}

export type Observation<T> = Found<T> | Absent | Unavailable;

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

/** One distinct error in the logs of the workload's pods. */
export interface LogErrorGroup extends AwsError {
  readonly count: number;
  /** ISO times of the log lines; null where the lines carry none. */
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
  readonly pods: readonly string[];
  readonly containers: readonly string[];
  /** A short redacted excerpt. */
  readonly excerpt: string;
}

export interface LogsFacts {
  readonly sinceSeconds: number;
  /** What was read. */
  readonly read: readonly {
    readonly pod: string;
    readonly container: string;
    readonly previous: boolean;
    readonly lines: number;
    readonly truncated: boolean;
  }[];
  /** What could not be read: a container that never started, a node that did not answer. */
  readonly unread: readonly {
    readonly pod: string;
    readonly container: string;
    readonly reason: string;
    /** A call failed: there may be a log. Without it, there is none. */
    readonly failure?: UnavailableReason;
  }[];
  readonly errors: readonly LogErrorGroup[];
  /** What else the same logs say that narrows a fault down, or that is no fault of IAM's. */
  readonly signs: readonly LogSign[];
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

export interface ClusterFacts {
  readonly name: string;
  readonly arn: string;
  readonly region: string;
  readonly accountId: string;
  readonly version: string;
  readonly platformVersion: string;
  /** `https://oidc.eks.…/id/…`; null: the cluster shows none. */
  readonly oidcIssuer: string | null;
  readonly createdAt: string;
  readonly autoMode: boolean;
  /** Null: the cluster shows none. */
  readonly vpcId: string | null;
}

export interface AssociationFacts {
  readonly associationId: string;
  readonly associationArn: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
  readonly targetRoleArn: string | null;
  readonly externalId: string | null;
  readonly disableSessionTags: boolean;
  readonly sessionPolicy: JsonValue | null;
  /** The add-on that owns the association; null: nobody. */
  readonly ownerArn: string | null;
  readonly createdAt: string;
  readonly modifiedAt: string;
}

export interface AssociationRef {
  readonly associationId: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

export interface AddonFacts {
  readonly name: string;
  readonly version: string;
  readonly status: string;
  /** What EKS itself complains of: `InsufficientNumberOfReplicas`, … */
  readonly issues: readonly { readonly code: string; readonly message: string }[];
}

export interface OidcProviderFacts {
  readonly arn: string;
  /** Issuer without `https://`. */
  readonly issuer: string;
  readonly clientIds: readonly string[];
}

export interface OidcProvidersFacts {
  /** ARNs of all providers of the account. */
  readonly arns: readonly string[];
  /** The one of this cluster's issuer; null: there is none. */
  readonly forCluster: OidcProviderFacts | null;
}

export interface RoleFacts {
  readonly arn: string;
  readonly name: string;
  readonly path: string;
  readonly roleId: string;
  readonly createdAt: string;
  /** The trust policy, decoded. */
  readonly trustPolicy: JsonValue;
  readonly permissionsBoundaryArn: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly lastUsedAt: string | null;
}

export interface PolicyFacts {
  readonly name: string;
  /** Null: an inline policy. */
  readonly arn: string | null;
  readonly document: JsonValue;
}

export interface NodeRoleFacts {
  readonly roleArn: string;
  /** The node group or the Auto Mode setting that says so. */
  readonly from: string;
}

/** A role that trusts `pods.eks.amazonaws.com`, with what it may do. */
export interface CandidateRole {
  readonly arn: string;
  readonly name: string;
  readonly trustPolicy: JsonValue;
  readonly policies: readonly PolicyFacts[];
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * Everything that can be known about a workload, one line a kind. A new kind is one line here;
 * the compiler then asks for its collector.
 */
export interface EvidenceValues {
  readonly "k8s.workload": WorkloadFacts;
  readonly "k8s.pods": PodsFacts;
  readonly "k8s.service-account": ServiceAccountFacts;
  readonly "k8s.webhook": WebhookFacts;
  readonly "k8s.injection-census": InjectionCensus;
  readonly "k8s.nodes": readonly NodeFacts[];
  readonly "k8s.agent": AgentFacts;
  readonly "k8s.sharing": SharingFacts;
  /** All ServiceAccounts of the asked namespace. */
  readonly "k8s.service-accounts": readonly ServiceAccountRef[];
  /** All NetworkPolicies of the asked namespace. */
  readonly "k8s.network-policies": readonly NetworkPolicyFacts[];
  readonly "k8s.webhook-endpoints": WebhookEndpointsFacts;
  readonly "k8s.other-webhooks": readonly OtherWebhookFacts[];
  readonly "k8s.vpc-cni": VpcCniFacts;
  /** The logs of the agents on the nodes of the workload's pods. */
  readonly "k8s.agent-logs": AgentLogsFacts;
  readonly "logs.errors": LogsFacts;
  readonly "eks.cluster": ClusterFacts;
  /** All associations of the namespace, in brief. */
  readonly "eks.associations": readonly AssociationRef[];
  /** The association of the workload's ServiceAccount, in full. */
  readonly "eks.association": AssociationFacts;
  readonly "eks.agent-addon": AddonFacts;
  readonly "eks.node-role": NodeRoleFacts;
  readonly "eks.associations-elsewhere": AssociationsElsewhere;
  /** The instances of the nodes that the workload's pods run on. */
  readonly "ec2.instances": readonly InstanceFacts[];
  /** Endpoints of the cluster's VPC. */
  readonly "ec2.vpc-endpoints": readonly VpcEndpointFacts[];
  readonly "iam.oidc-providers": OidcProvidersFacts;
  /** The role that the configuration gives the workload: the association's, else the annotation's. */
  readonly "iam.role": RoleFacts;
  /** Identity policies of that role at their default versions. */
  readonly "iam.role-policies": readonly PolicyFacts[];
  readonly "iam.candidate-roles": readonly CandidateRole[];
  /** The permissions boundary of that role; absent: it has none. */
  readonly "iam.role-boundary": PolicyFacts;
  /** Other versions of that role's customer managed policies. */
  readonly "iam.policy-versions": readonly PolicyVersionsFacts[];
  /** The role that the association's own role goes on to assume; absent: there is none. */
  readonly "iam.target-role": RoleFacts;
  readonly "iam.target-role-policies": readonly PolicyFacts[];
  readonly "iam.node-role-policies": readonly PolicyFacts[];
  /** Roles whose trust policy lets in this ServiceAccount through the cluster's OIDC provider. */
  readonly "iam.irsa-candidates": readonly CandidateRole[];
  readonly "organizations.policies": OrganizationPoliciesFacts;
  /** Policies on the resources that calls were denied on. */
  readonly "aws.resource-policies": ResourcePoliciesFacts;
  readonly "sts.decoded-messages": readonly DecodedDenial[];
  readonly "cloudtrail.events": TrailFacts;
}

export type EvidenceKind = keyof EvidenceValues;

export type Evidence = { readonly [K in EvidenceKind]?: Observation<EvidenceValues[K]> };

/** Recorded evidence: judged today, tomorrow or on another machine, it gives the same diagnosis. */
export interface EvidenceBundle {
  readonly schema: "eksiam/bundle/v1";
  readonly question: Question;
  /** ISO time at which gathering ended: the only clock that a rule may know. */
  readonly collectedAt: string;
  readonly evidence: Evidence;
}
