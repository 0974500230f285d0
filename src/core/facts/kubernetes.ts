import type { LabelSelectorFacts } from "../evidence.ts";

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
