import type { Account } from "../account/account.ts";
import type { Faults } from "../account/faults.ts";
import type { Application } from "./applications/application.ts";
import type { KubeObject, Pod } from "./objects.ts";
import type { Random } from "./random.ts";
import type { Store } from "./store.ts";

/** What the sandbox knows of a node beside its Node object. */
export interface NodeFacts {
  readonly name: string;
  readonly instanceId: string;
  readonly nodeRoleArn: string;
  readonly ip: string;
  /** `HttpPutResponseHopLimit`: with 1, pods that are not on the host's network do not reach the metadata service. */
  readonly imdsHopLimit: number;
  readonly quirks?: NodeQuirks;
}

/** What is not as usual on a node. */
export interface NodeQuirks {
  /** EKS Auto Mode has the agent without a pod; Fargate has neither agent nor metadata service. */
  readonly compute?: "auto" | "fargate";
  /** The instance has no profile: its metadata service gives no credentials. */
  readonly withoutInstanceProfile?: boolean;
  readonly ipv6Off?: boolean;
  /** How far the node's clock is ahead. */
  readonly clockSkewMs?: number;
  /** How EKS Auth looks from here: a VPC without its endpoint, an account at its quota, a call that takes its time. */
  readonly eksAuth?: "no-such-host" | "throttled" | "slow";
}

/** What the parts of one simulated cluster share. */
export interface ClusterContext {
  readonly name: string;
  readonly account: Account;
  readonly store: Store;
  readonly now: () => Date;
  readonly random: Random;
  readonly nodes: Map<string, NodeFacts>;
  /** Which program an image holds. */
  readonly images: Map<string, Application>;
  /** The CA that signed the pod identity webhook's certificate, in base64 as a caBundle. */
  readonly webhookCaBundle: string;
  /** What other mutating webhooks do to pods after it, while their configurations are there. */
  readonly laterWebhooks: { readonly configuration: string; readonly mutate: (pod: Pod) => Pod }[];
  /** Whether the cluster's addresses are of IPv6. */
  readonly ipv6: boolean;
  /** Whether the cluster's platform is new enough for EKS Pod Identity. */
  readonly podIdentity: boolean;
  readonly faults: Faults;
  /** Writes a Kubernetes Event. */
  readonly recordEvent: (event: EventFacts) => void;
}

export interface EventFacts {
  readonly about: KubeObject;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly component: string;
  readonly host?: string;
}
