import type { JsonValue } from "../../src/core/json.ts";
import type { LimitState } from "./before-policies.ts";
import type { CallRequest } from "./calls.ts";
import type { Faults } from "./faults.ts";
import type {
  AccessKey,
  Addon,
  CallAnswer,
  Caller,
  Cluster,
  ManagedPolicy,
  NamedDocument,
  Nodegroup,
  OidcProvider,
  PodIdentityAssociation,
  Role,
  Session,
  SessionAnswer,
  TrailEvent,
} from "./model.ts";
import type { NetworkState } from "./network.ts";
import type { OrganizationState } from "./organization.ts";
import type { ResourceState } from "./resources.ts";
import type { TrailStores } from "./trail-stores.ts";

export interface AccountOptions {
  readonly accountId: string;
  readonly region: string;
  /** The account's clock: every time it writes or compares. */
  readonly now: () => Date;
  /** How long a change of an association takes to reach the webhook and EKS Auth; 0 by default. */
  readonly associationDelayMs?: number;
  /** How long an event takes to appear in LookupEvents; 0 by default, about five minutes in reality. */
  readonly trailDelayMs?: number;
  /** Lookups that CloudTrail answers in a second, for each Region; 2 by default, as in reality. */
  readonly lookupsPerSecond?: number;
}

export interface NewCluster {
  readonly name: string;
  readonly version?: string;
  readonly platformVersion?: string;
  /** Null: a cluster that shows no issuer. Without: one is made up. */
  readonly oidcIssuer?: string | null;
  readonly createdAt?: string;
  readonly endpoint?: string;
  /** Base64. */
  readonly certificateAuthorityData?: string;
  readonly roleArn?: string;
  readonly status?: string;
  readonly authenticationMode?: string;
  readonly computeConfig?: Cluster["computeConfig"];
  /** Without: one is made up. */
  readonly vpcId?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface NewNodegroup {
  readonly cluster: string;
  readonly name: string;
  readonly nodeRoleArn: string;
  readonly version?: string;
  readonly amiType?: string;
  readonly instanceTypes?: readonly string[];
  readonly size?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly createdAt?: string;
}

export interface NewAddon {
  readonly cluster: string;
  readonly name: string;
  readonly version: string;
  readonly status?: string;
  readonly issues?: Addon["issues"];
  readonly serviceAccountRoleArn?: string;
  readonly createdAt?: string;
}

export interface NewRole {
  readonly name: string;
  /** `/` by default; begins and ends with a slash. */
  readonly path?: string;
  readonly trustPolicy: JsonValue;
  /** Inline policies by name. */
  readonly inline?: Readonly<Record<string, JsonValue>>;
  /** ARNs of managed policies that the account knows. */
  readonly attached?: readonly string[];
  readonly permissionsBoundaryArn?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly description?: string;
  readonly createdAt?: string;
  readonly lastUsedAt?: string;
}

export interface NewAssociation {
  readonly cluster: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
  readonly targetRoleArn?: string;
  readonly disableSessionTags?: boolean;
  readonly policy?: string;
  readonly ownerArn?: string;
  readonly createdAt?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface AssociationChange {
  readonly roleArn?: string;
  /** Empty: none any more. */
  readonly targetRoleArn?: string;
  readonly disableSessionTags?: boolean;
  readonly policy?: string;
}

export interface NewCaller {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly principalArn: string;
  readonly policies: readonly NamedDocument[];
}

/** A record for the trail; what is left out (id, time, Region, account, request id) is filled in. */
export type NewTrailRecord = {
  readonly eventSource: string;
  readonly eventName: string;
  readonly [key: string]: JsonValue;
};

/**
 * One simulated AWS account in one Region. The setters throw on what AWS would refuse as well (a second role of
 * the same name, an association of a cluster that is not there): a story that is wrong should not start.
 */
export interface Account
  extends OrganizationState,
    NetworkState,
    LimitState,
    Omit<ResourceState, "forgetRole"> {
  readonly accountId: string;
  readonly lookupsPerSecond: number;
  readonly region: string;
  readonly now: () => Date;
  readonly faults: Faults;

  addCluster(cluster: NewCluster): Cluster;
  updateCluster(name: string, change: Partial<Omit<Cluster, "name" | "arn">>): Cluster;
  addNodegroup(nodegroup: NewNodegroup): Nodegroup;
  addAddon(addon: NewAddon): Addon;
  removeAddon(cluster: string, name: string): void;
  cluster(name: string): Cluster | undefined;
  clusters(): readonly Cluster[];
  nodegroups(cluster: string): readonly Nodegroup[];
  addons(cluster: string): readonly Addon[];

  addAssociation(association: NewAssociation): PodIdentityAssociation;
  updateAssociation(associationId: string, change: AssociationChange): PodIdentityAssociation;
  removeAssociation(associationId: string): PodIdentityAssociation;
  /** What the EKS API answers: every change at once. */
  associations(cluster: string): readonly PodIdentityAssociation[];
  /** What the webhook and EKS Auth see: a change is seen only after `associationDelayMs`. */
  association(cluster: string, namespace: string, serviceAccount: string): PodIdentityAssociation | undefined;

  /** Returns the role's ARN. */
  addRole(role: NewRole): string;
  deleteRole(nameOrArn: string): void;
  updateTrustPolicy(nameOrArn: string, document: JsonValue): void;
  putInlinePolicy(nameOrArn: string, policyName: string, document: JsonValue): void;
  deleteInlinePolicy(nameOrArn: string, policyName: string): void;
  attachPolicy(nameOrArn: string, policyArn: string): void;
  detachPolicy(nameOrArn: string, policyArn: string): void;
  setPermissionsBoundary(nameOrArn: string, policyArn: string | null): void;
  tagRole(nameOrArn: string, tags: Readonly<Record<string, string>>): void;
  role(nameOrArn: string): Role | undefined;
  roles(): readonly Role[];

  /** Returns the policy's ARN. `awsManaged` puts it under `arn:aws:iam::aws:policy/`. */
  addManagedPolicy(
    name: string,
    document: JsonValue,
    options?: { readonly path?: string; readonly awsManaged?: boolean },
  ): string;
  /** Adds a version; it is the default one unless told otherwise. Returns its id. */
  addPolicyVersion(
    policyArn: string,
    document: JsonValue,
    options?: { readonly asDefault?: boolean },
  ): string;

  policy(policyArn: string): ManagedPolicy | undefined;
  policies(): readonly ManagedPolicy[];

  addOidcProvider(provider: {
    readonly issuer: string;
    readonly clientIds: readonly string[];
    readonly reachable?: boolean;
  }): string;
  deleteOidcProvider(issuer: string): void;
  setOidcClientIds(issuer: string, clientIds: readonly string[]): void;
  oidcProviders(): readonly OidcProvider[];

  addCaller(caller: NewCaller): Caller;
  caller(accessKeyId: string): Caller | undefined;

  /** Credentials as the instance metadata service hands them out: the session name is the instance id. */
  nodeSession(request: { readonly instanceId: string; readonly nodeRoleArn: string }): Session;
  /**
   * What the Pod Identity Agent does with the node's credentials: the node role must be allowed
   * `eks-auth:AssumeRoleForPodIdentity`, the association's role must trust `pods.eks.amazonaws.com`.
   * https://docs.aws.amazon.com/eks/latest/APIReference/API_auth_AssumeRoleForPodIdentity.html
   */
  assumeRoleForPodIdentity(request: {
    readonly cluster: string;
    readonly namespace: string;
    readonly serviceAccount: string;
    readonly podName: string;
    readonly podUid: string;
    readonly nodeSession: Session;
  }): SessionAnswer;
  /** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
  assumeRoleWithWebIdentity(request: {
    readonly roleArn: string;
    /** With `https://`. */
    readonly issuer: string;
    /** `system:serviceaccount:<namespace>:<name>` */
    readonly subject: string;
    readonly audience: string;
    /** When the token ends, ISO; without: it is still good. */
    readonly tokenExpiresAt?: string;
    readonly sessionPolicy?: JsonValue;
    /** Whose STS is asked; the account's by default. */
    readonly region?: string;
    readonly sessionName: string;
    readonly userAgent?: string;
    /** The id under which the answer goes out; one is made up without. */
    readonly requestId?: string;
  }): SessionAnswer;
  /** A call to any AWS service: IAM decides, and what CloudTrail would record is recorded. */
  call(key: AccessKey, request: CallRequest): CallAnswer;

  /** Event data stores and trails; a data event is kept only where one of them records it. */
  readonly trailStores: TrailStores;
  recordEvent(record: NewTrailRecord): TrailEvent;
  /** Oldest first, of all Regions. */
  events(): readonly TrailEvent[];
}
