import type { JsonValue } from "../json.ts";

/** Associations for the same ServiceAccount name that lie elsewhere than asked. */
export interface AssociationsElsewhere {
  /** In other namespaces of this cluster. */
  readonly otherNamespaces: readonly AssociationRef[];
  /** For the same namespace and ServiceAccount in other clusters of the account and Region. */
  readonly otherClusters: readonly { readonly cluster: string; readonly associationId: string }[];
  /** False where not every cluster of the Region could be asked. */
  readonly complete: boolean;
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceMetadataOptionsResponse.html */
export interface InstanceFacts {
  readonly instanceId: string;
  /** Null: the instance has none, so its metadata service gives no credentials. */
  readonly instanceProfileArn: string | null;
  readonly metadata: {
    readonly endpoint: "enabled" | "disabled";
    readonly tokens: "required" | "optional";
    readonly hopLimit: number;
  };
}

/** One customer managed policy with the versions that are not its default. */
export interface PolicyVersionsFacts {
  readonly arn: string;
  readonly name: string;
  readonly defaultVersionId: string;
  readonly others: readonly {
    readonly versionId: string;
    readonly createdAt: string;
    readonly document: JsonValue;
  }[];
}

/** The organization's policies over the account, root first; one list a level. */
export interface OrganizationPoliciesFacts {
  readonly accountId: string;
  readonly serviceControlPolicies: readonly (readonly PolicyFacts[])[];
  readonly resourceControlPolicies: readonly (readonly PolicyFacts[])[];
}

/** The policy on a resource that a call was denied on. */
export interface ResourcePolicyFacts {
  readonly resourceArn: string;
  /** Null: the resource has no policy. */
  readonly document: JsonValue | null;
}

export interface ResourcePoliciesFacts {
  readonly policies: readonly ResourcePolicyFacts[];
  /** Resources whose policy could not be read, with why. */
  readonly unread: readonly { readonly resourceArn: string; readonly reason: string }[];
}

export interface VpcEndpointFacts {
  readonly id: string;
  /** `com.amazonaws.us-west-2.sts` */
  readonly serviceName: string;
  readonly type: string;
  readonly privateDns: boolean;
  readonly policy: JsonValue | null;
}

/** What an encoded authorization message says: https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html */
export interface DecodedDenial {
  /** The encoded message's SHA-256, by which it is found again. */
  readonly messageSha256: string;
  readonly explicitDeny: boolean;
  readonly principalArn: string | null;
  readonly action: string | null;
  readonly resource: string | null;
  /** Ids of the statements that decided, where AWS gives them. */
  readonly matchedStatements: readonly string[];
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
