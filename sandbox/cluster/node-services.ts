import type { Session } from "../account/model.ts";
import { askAgent } from "./agent.ts";
import type { ContainerView, CredentialEndpoints, MountedToken } from "./applications/credentials.ts";
import type { ClusterContext, NodeFacts } from "./context.ts";
import type { ContainerLog } from "./logs.ts";
import { reachesLocal } from "./network.ts";
import type { Container, Pod } from "./objects.ts";

/** What a pod reaches from its node: STS, the Pod Identity agent of that node, and the instance metadata service. */
export function credentialEndpoints(
  context: ClusterContext,
  at: { readonly pod: Pod; readonly node: NodeFacts; readonly podIp: string },
  agentLog: (agent: Pod) => ContainerLog | undefined,
): CredentialEndpoints {
  const { account } = context;
  const { pod, node, podIp } = at;
  const { namespace = "" } = pod.metadata;
  const serviceAccount = pod.spec.serviceAccountName ?? "default";
  const fargate = node.quirks?.compute === "fargate";

  function nodeSession(): Session {
    return account.nodeSession({ instanceId: node.instanceId, nodeRoleArn: node.nodeRoleArn });
  }

  return {
    webIdentity({ globalEndpoint, region = account.region, ...request }) {
      // A VPC endpoint for STS answers to the Region's own name alone.
      if (globalEndpoint && node.quirks?.eksAuth === "no-such-host") return "unreachable";
      return account.assumeRoleWithWebIdentity({
        ...request,
        region,
        issuer: account.cluster(context.name)?.oidcIssuer ?? "",
        subject: `system:serviceaccount:${namespace}:${serviceAccount}`,
      });
    },
    podIdentity(request) {
      if (fargate || !reachesLocal(context, pod, request.address)) return "unreachable";
      return askAgent(context, { pod, node, ip: podIp }, request, nodeSession, agentLog);
    },
    instanceMetadata() {
      // Each hop lowers the answer's TTL, and a pod's network namespace is one hop.
      const far = node.imdsHopLimit < 2 && pod.spec.hostNetwork !== true;
      if (fargate || far || !reachesLocal(context, pod, "169.254.169.254")) return "unreachable";
      return node.quirks?.withoutInstanceProfile === true ? "no-role" : nodeSession();
    },
  };
}

/** The environment and the mounted tokens of a container, as its program finds them. */
export function containerView(pod: Pod, container: Container): ContainerView {
  return {
    env: new Map(
      (container.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
    ),
    tokenAt: (path) => mountedToken(pod, container, path),
  };
}

/** The projected token whose volume is mounted above the path. */
function mountedToken(pod: Pod, container: Container, path: string): MountedToken | null {
  const mount = (container.volumeMounts ?? []).find((candidate) =>
    path.startsWith(`${candidate.mountPath}/`),
  );
  const volume = (pod.spec.volumes ?? []).find((candidate) => candidate.name === mount?.name);
  for (const source of volume?.projected?.sources ?? []) {
    const token = (source as { serviceAccountToken?: { audience?: string } }).serviceAccountToken;
    if (token !== undefined) {
      return { audience: token.audience ?? "https://kubernetes.default.svc", owner: tokenOwner(pod) };
    }
  }
  return null;
}

/**
 * The user to whom the kubelet gives the pod's tokens: that of its containers, where they all have the same one, and no
 * group shares its volumes. Null: everybody may read them.
 * https://kubernetes.io/docs/concepts/storage/projected-volumes/#securitycontext-interactions
 */
function tokenOwner({ spec }: Pod): number | null {
  const ofPod = spec["securityContext"] as { runAsUser?: number; fsGroup?: number } | undefined;
  if (ofPod?.fsGroup !== undefined) return null;
  const users = spec.containers.map(
    (container) =>
      (container["securityContext"] as { runAsUser?: number } | undefined)?.runAsUser ?? ofPod?.runAsUser,
  );
  const [first] = users;
  return first !== undefined && users.every((user) => user === first) ? first : null;
}
