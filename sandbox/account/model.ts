import type { JsonValue } from "../../src/core/json.ts";

/** A policy document under the name that it is attached or stored by. */
export interface NamedDocument {
  readonly name: string;
  readonly document: JsonValue;
}

export interface Role {
  readonly arn: string;
  readonly name: string;
  readonly path: string;
  readonly roleId: string;
  readonly createdAt: string;
  readonly trustPolicy: JsonValue;
  readonly inline: readonly NamedDocument[];
  /** ARNs of attached managed policies. */
  readonly attached: readonly string[];
  readonly permissionsBoundaryArn: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly description: string | null;
  readonly maxSessionSeconds: number;
  readonly lastUsedAt: string | null;
}

export interface ManagedPolicy {
  readonly arn: string;
  readonly name: string;
  readonly path: string;
  readonly policyId: string;
  readonly createdAt: string;
  readonly defaultVersionId: string;
  readonly versions: readonly {
    readonly versionId: string;
    readonly document: JsonValue;
    readonly createdAt: string;
  }[];
}

export interface OidcProvider {
  readonly arn: string;
  /** With `https://`. */
  readonly issuer: string;
  readonly clientIds: readonly string[];
  /** Whether STS can fetch the keys that the issuer signs with. */
  readonly reachable: boolean;
  readonly createdAt: string;
}

export interface Cluster {
  readonly name: string;
  readonly arn: string;
  readonly version: string;
  readonly platformVersion: string;
  readonly createdAt: string;
  readonly endpoint: string;
  /** With `https://`; null: the answer of DescribeCluster carries no identity. */
  readonly oidcIssuer: string | null;
  /** Base64 of the PEM bundle, as DescribeCluster gives it. */
  readonly certificateAuthorityData: string;
  readonly roleArn: string;
  readonly status: string;
  readonly authenticationMode: string;
  readonly vpcId: string;
  /** EKS Auto Mode; null: the cluster does not use it. */
  readonly computeConfig: { readonly nodeRoleArn: string; readonly nodePools: readonly string[] } | null;
  readonly tags: Readonly<Record<string, string>>;
}

export interface Nodegroup {
  readonly cluster: string;
  readonly name: string;
  readonly arn: string;
  readonly nodeRoleArn: string;
  readonly version: string;
  readonly amiType: string;
  readonly instanceTypes: readonly string[];
  readonly size: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: string;
}

export interface Addon {
  readonly cluster: string;
  readonly name: string;
  readonly arn: string;
  readonly version: string;
  readonly status: string;
  readonly issues: readonly { readonly code: string; readonly message: string }[];
  readonly serviceAccountRoleArn: string | null;
  readonly createdAt: string;
}

export interface PodIdentityAssociation {
  readonly cluster: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly roleArn: string;
  readonly associationArn: string;
  readonly associationId: string;
  readonly createdAt: string;
  readonly modifiedAt: string;
  /** The add-on that owns the association; null: nobody. */
  readonly ownerArn: string | null;
  readonly targetRoleArn: string | null;
  readonly externalId: string | null;
  readonly disableSessionTags: boolean;
  /** The session policy, as the text that was given. */
  readonly policy: string | null;
  readonly tags: Readonly<Record<string, string>>;
}

export type SessionKind = "instance-profile" | "pod-identity" | "web-identity" | "assumed-role";

/** What a call is signed with: a user's key, or that of a session. */
export interface AccessKey {
  readonly accessKeyId: string;
}

/** Temporary credentials of a role: who a call is made as. */
export interface Session extends AccessKey {
  readonly kind: SessionKind;
  readonly accountId: string;
  readonly roleArn: string;
  readonly roleId: string;
  /** `arn:aws:sts::<account>:assumed-role/<role name>/<session name>`, without the role's path. */
  readonly sessionArn: string;
  readonly sessionName: string;
  /** Session tags: `aws:PrincipalTag/<key>` of every call, over the role's own tags. */
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys: readonly string[];
  readonly sessionPolicies: readonly NamedDocument[];
  /** ARN of the OIDC provider of a web identity session. */
  readonly federatedProvider: string | null;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly issuedAt: string;
  readonly expiresAt: string;
}

/** AWS's own refusal or failure, in the terms that every SDK shows. */
export interface Refusal {
  readonly ok: false;
  /** HTTP status. */
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly requestId: string;
  /** What travels, where it is not put together from the above: a plain sentence of the Pod Identity Agent. */
  readonly body?: string;
}

export type SessionAnswer = { readonly ok: true; readonly session: Session } | Refusal;
export type CallAnswer = { readonly ok: true; readonly requestId: string } | Refusal;

/** A CloudTrail record, as `CloudTrailEvent` carries it. */
export type TrailRecord = { readonly [key: string]: JsonValue };

/** One event of the event history: the record, and what LookupEvents finds it by. */
export interface TrailEvent {
  readonly eventId: string;
  /** ISO time, whole seconds. */
  readonly eventTime: string;
  /** Where the event is found: us-east-1 for global services. */
  readonly region: string;
  readonly eventSource: string;
  readonly eventName: string;
  readonly readOnly: boolean;
  /** The session name of a role, the name of a user; null: an AWS service called. */
  readonly username: string | null;
  readonly accessKeyId: string | null;
  readonly resources: readonly { readonly type: string; readonly name: string }[];
  readonly errorCode: string | null;
  readonly requestId: string;
  readonly record: TrailRecord;
}

/** Somebody who calls the AWS APIs over the wire, with an access key. */
export interface Caller {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
  readonly principalArn: string;
  /** Identity policies that decide every call. Replace them at any time; the next call is judged by the new ones. */
  policies: readonly NamedDocument[];
}
