/**
 * What a line of the EKS Pod Identity Agent's log says went wrong. The agent's sources:
 * https://github.com/aws/eks-pod-identity-agent
 */
export const agentErrorKinds = [
  /** EKS Auth could not assume the association's role: `Unauthorized Exception! EKS does not have permissions …`. */
  "role-not-assumable",
  /** The node role may not call `eks-auth:AssumeRoleForPodIdentity`. */
  "node-role-denied",
  /** EKS Auth found no association or no role. */
  "not-found",
  /** EKS Auth was not reached: no such host, time-out, refused connection. */
  "eks-auth-unreachable",
  /** The application gave up before the agent had its answer. */
  "client-gave-up",
  "throttled",
  /** The token is missing, cannot be parsed, or fails its claims. */
  "token-empty",
  "token-malformed",
  "token-expired",
  /** Called by another address than the link-local ones. */
  "wrong-address",
  /** The agent cannot listen: IPv6 is off on the node, or the port is taken. */
  "bind-ipv6",
  "bind-in-use",
  /** Session tags, session policy and its ARNs exceed what a session may carry. */
  "packed-policy-too-large",
  "other",
] as const;

export type AgentErrorKind = (typeof agentErrorKinds)[number];

/** One distinct error in the log of the agent on one node. */
export interface AgentErrorGroup {
  readonly kind: AgentErrorKind;
  readonly agentPod: string;
  readonly nodeName: string;
  /** `client-addr` without its port: the pod's IP, or the node's for a pod with hostNetwork; null: a line without client. */
  readonly clientIp: string | null;
  readonly count: number;
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
  readonly requestId: string | null;
  /** Short and redacted. */
  readonly excerpt: string;
}

export interface AgentLogsFacts {
  readonly sinceSeconds: number;
  /** The agents whose logs were read. */
  readonly read: readonly { readonly pod: string; readonly nodeName: string; readonly previous: boolean }[];
  readonly unread: readonly { readonly pod: string; readonly nodeName: string; readonly reason: string }[];
  /** Errors of the asked workload's pods, and those of the agents themselves. */
  readonly errors: readonly AgentErrorGroup[];
}
