import type { JsonValue } from "./json.ts";

/**
 * A change is data. `before` is its precondition; swapping `before` and `after` is its undo.
 * State is what one read of the target would show; null: the target is not there.
 */
export interface ChangeOf<K extends string, T, S> {
  readonly kind: K;
  readonly target: T;
  readonly before: S;
  readonly after: S;
}

export interface AssociationTarget {
  readonly cluster: string;
  readonly region: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

export interface RolloutTarget {
  readonly cluster: string;
  readonly kind: "Deployment" | "StatefulSet" | "DaemonSet";
  readonly namespace: string;
  readonly name: string;
}

export interface ChosenAssociationTarget extends AssociationTarget {
  readonly associationId: string;
}

export interface AddonTarget {
  readonly cluster: string;
  readonly region: string;
  readonly name: string;
}

export interface ServiceAccountTarget {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  /** A key of `eks.amazonaws.com/`; executors refuse every other one. */
  readonly annotation: string;
}

export interface ContainerTarget extends RolloutTarget {
  readonly container: string;
  /** Names of the variables that the change is about, sorted. */
  readonly variables: readonly string[];
}

export interface TemplateMetadataTarget extends RolloutTarget {
  readonly field: "annotations" | "labels";
  readonly key: string;
}

export interface PodTarget {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
}

/** The account is part of every role's ARN: an executor refuses a role of an account other than its cluster's. */
export interface RoleTarget {
  readonly cluster: string;
  readonly roleArn: string;
  readonly roleName: string;
}

export interface RolePolicyTarget extends RoleTarget {
  readonly policyArn: string;
}

export interface OidcProviderTarget {
  readonly cluster: string;
  readonly providerArn: string;
  /** The issuer with its scheme. */
  readonly url: string;
}

export interface OidcClientTarget {
  readonly cluster: string;
  readonly providerArn: string;
  readonly clientId: string;
}

/** A variable of a container: its literal value, or where its value comes from; null: it is not set. */
export type EnvState =
  | { readonly value: string }
  /** `hidden`: a literal that may be a secret, so its value is nowhere kept and cannot be put back. */
  | { readonly from: "secret" | "config-map" | "field" | "hidden" }
  | null;

export type EnvStates = Readonly<Record<string, EnvState>>;

/**
 * State is the pod template's annotation `eksiam/restarted-for`. `after.mark` is unique to the plan and to the state
 * that it starts from, so that a repeated execution sees its own restart as done and another plan's as none.
 */
export type RestartRollout = ChangeOf<"k8s.rollout.restart", RolloutTarget, { readonly mark: string | null }>;

/** Every kind of change, with what it is made to and what one read of that shows. A new kind is one entry here. */
interface ChangeTypes {
  readonly "eks.pod-identity-association.create": ChangeOf<
    "eks.pod-identity-association.create",
    AssociationTarget,
    { readonly roleArn: string } | null
  >;
  readonly "eks.pod-identity-association.update": ChangeOf<
    "eks.pod-identity-association.update",
    ChosenAssociationTarget,
    { readonly roleArn: string; readonly disableSessionTags: boolean } | null
  >;
  /** `version` null: the one that EKS takes by default, and any that is there. */
  readonly "eks.addon.create": ChangeOf<
    "eks.addon.create",
    AddonTarget,
    { readonly version: string | null } | null
  >;
  readonly "k8s.service-account.annotate": ChangeOf<
    "k8s.service-account.annotate",
    ServiceAccountTarget,
    { readonly value: string | null }
  >;
  /** The changes to a pod template below replace the pods, as every change to a template does. */
  readonly "k8s.workload.service-account": ChangeOf<
    "k8s.workload.service-account",
    RolloutTarget,
    { readonly serviceAccountName: string }
  >;
  readonly "k8s.workload.env": ChangeOf<"k8s.workload.env", ContainerTarget, EnvStates>;
  readonly "k8s.workload.fs-group": ChangeOf<
    "k8s.workload.fs-group",
    RolloutTarget,
    { readonly fsGroup: number | null }
  >;
  readonly "k8s.workload.template-metadata": ChangeOf<
    "k8s.workload.template-metadata",
    TemplateMetadataTarget,
    { readonly value: string | null }
  >;
  /** Only of a pod that a controller owns, which then makes another one. `after` is null: that pod is gone. */
  readonly "k8s.pod.delete": ChangeOf<"k8s.pod.delete", PodTarget, { readonly uid: string } | null>;
  readonly "iam.role.trust-policy": ChangeOf<
    "iam.role.trust-policy",
    RoleTarget,
    { readonly document: JsonValue }
  >;
  readonly "iam.role.attach-policy": ChangeOf<
    "iam.role.attach-policy",
    RolePolicyTarget,
    { readonly attached: boolean }
  >;
  readonly "iam.oidc-provider.create": ChangeOf<
    "iam.oidc-provider.create",
    OidcProviderTarget,
    { readonly clientIds: readonly string[] } | null
  >;
  readonly "iam.oidc-provider.client-id.add": ChangeOf<
    "iam.oidc-provider.client-id.add",
    OidcClientTarget,
    { readonly registered: boolean }
  >;
  readonly "k8s.rollout.restart": RestartRollout;
}

export type ChangeKind = keyof ChangeTypes;
export type ChangeOfKind<K extends ChangeKind> = ChangeTypes[K];
export type Change = ChangeTypes[ChangeKind];
export type CreateAssociation = ChangeOfKind<"eks.pod-identity-association.create">;

/** How a kind of change is treated. */
interface KindTraits {
  /** Who carries it out has to be given more rights in IAM, so a deployment asks for it by name. */
  readonly optIn: boolean;
  /** Its pods are replaced: it is made after every change that new pods should meet. */
  readonly rollout: boolean;
}

const plain: KindTraits = { optIn: false, rollout: false };
const rollout: KindTraits = { optIn: false, rollout: true };
const optIn: KindTraits = { optIn: true, rollout: false };

const kindTraits: { readonly [K in ChangeKind]: KindTraits } = {
  "eks.pod-identity-association.create": plain,
  "eks.pod-identity-association.update": plain,
  "eks.addon.create": plain,
  "k8s.service-account.annotate": plain,
  "k8s.workload.service-account": rollout,
  "k8s.workload.env": rollout,
  "k8s.workload.fs-group": rollout,
  "k8s.workload.template-metadata": rollout,
  "k8s.pod.delete": rollout,
  "iam.role.trust-policy": optIn,
  "iam.role.attach-policy": optIn,
  "iam.oidc-provider.create": optIn,
  "iam.oidc-provider.client-id.add": optIn,
  "k8s.rollout.restart": rollout,
};

export const changeKinds = Object.keys(kindTraits) as readonly ChangeKind[];

/** The kinds that are carried out without being asked for in the configuration: none of them writes to IAM. */
export const defaultChangeKinds: readonly ChangeKind[] = changeKinds.filter(
  (kind) => !kindTraits[kind].optIn,
);

/** How many people must approve: for any plan, and for one with a change of a kind. */
export interface Thresholds {
  readonly threshold: number;
  readonly thresholds: Readonly<Partial<Record<ChangeKind, number>>>;
}

/** How many people must approve these changes: as many as the strictest of their kinds asks for. */
export function thresholdOf(changes: readonly Change[], { threshold, thresholds }: Thresholds): number {
  return Math.max(threshold, ...changes.map(({ kind }) => thresholds[kind] ?? threshold));
}

/** Does the change replace pods? */
export function replacesPods({ kind }: Change): boolean {
  return kindTraits[kind].rollout;
}

/** An inline policy that a role is to get. */
export interface RolePolicy {
  readonly roleName: string;
  readonly policyName: string;
  readonly document: JsonValue;
}

/** A step that eksiam does not run by itself, with the exact command where there is one. */
export interface ManualStep {
  readonly title: string;
  readonly command: string | null;
  /** What the step gives a role, for those who keep their roles as code. */
  readonly rolePolicy?: RolePolicy;
}
