import type { AgentLogsFacts } from "./facts/agent-logs.ts";
import type {
  AddonFacts,
  AssociationFacts,
  AssociationRef,
  AssociationsElsewhere,
  CandidateRole,
  ClusterFacts,
  DecodedDenial,
  InstanceFacts,
  NodeRoleFacts,
  OidcProvidersFacts,
  OrganizationPoliciesFacts,
  PolicyFacts,
  PolicyVersionsFacts,
  ResourcePoliciesFacts,
  RoleFacts,
  VpcEndpointFacts,
} from "./facts/aws.ts";
import type {
  AgentFacts,
  InjectionCensus,
  NetworkPolicyFacts,
  NodeFacts,
  OtherWebhookFacts,
  PodsFacts,
  ServiceAccountFacts,
  ServiceAccountRef,
  SharingFacts,
  VpcCniFacts,
  WebhookEndpointsFacts,
  WebhookFacts,
  WorkloadFacts,
} from "./facts/kubernetes.ts";
import type { LogsFacts } from "./facts/logs.ts";
import type { TrailFacts } from "./facts/trail.ts";

export type * from "./facts/aws.ts";
export type * from "./facts/kubernetes.ts";
export type * from "./facts/logs.ts";
export type * from "./facts/trail.ts";

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
