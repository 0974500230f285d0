import type { AssociationRef, PolicyFacts } from "../evidence.ts";
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
