import type { Session } from "../account/model.ts";
import type { ContainerView, CredentialEndpoints } from "./applications/credentials.ts";
import type { ClusterContext, NodeFacts } from "./context.ts";
import type { ContainerLog } from "./logs.ts";
import { type Container, isReady, kubeTime, type Pod } from "./objects.ts";

export const agentDaemonSet = "eks-pod-identity-agent";

/** What a pod reaches from its node: STS, the Pod Identity agent of that node, and the instance metadata service. */
export function credentialEndpoints(
  context: ClusterContext,
  at: { readonly pod: Pod; readonly node: NodeFacts; readonly podIp: string },
  agentLog: (agent: Pod) => ContainerLog | undefined,
): CredentialEndpoints {
  const { account } = context;
  const { pod, node, podIp } = at;
  const { namespace = "", name, uid } = pod.metadata;
  const serviceAccount = pod.spec.serviceAccountName ?? "default";

  function nodeSession(): Session {
    return account.nodeSession({ instanceId: node.instanceId, nodeRoleArn: node.nodeRoleArn });
  }

  return {
    webIdentity: (request) =>
      account.assumeRoleWithWebIdentity({
        ...request,
        issuer: account.cluster(context.name)?.oidcIssuer ?? "",
        subject: `system:serviceaccount:${namespace}:${serviceAccount}`,
      }),
    podIdentity() {
      const agent = (context.store.list("pods", "kube-system") as Pod[]).find(
        (candidate) =>
          candidate.metadata.labels?.["app.kubernetes.io/name"] === agentDaemonSet &&
          candidate.spec.nodeName === node.name &&
          isReady(candidate),
      );
      if (agent === undefined) return "unreachable";
      const answer = account.assumeRoleForPodIdentity({
        cluster: context.name,
        namespace,
        serviceAccount,
        podName: name,
        podUid: uid,
        nodeSession: nodeSession(),
      });
      const time = context.now();
      agentLog(agent)?.append(time, [
        JSON.stringify({
          "client-addr": `${podIp}:${32_768 + context.random.int(28_000)}`,
          "cluster-name": context.name,
          level: answer.ok ? "info" : "error",
          msg: answer.ok
            ? "Storing creds in cache"
            : `Error fetching credentials: error fetching credentials to cache: unable to fetch credentials from EKS Auth: (${answer.code}): ${answer.message}, fault: client`,
          operation: "AssumeRoleForPodIdentity",
          time: kubeTime(time),
        }),
      ]);
      return answer;
    },
    // Each hop lowers the answer's TTL, and a pod's network namespace is one hop.
    instanceMetadata: () =>
      node.imdsHopLimit >= 2 || pod.spec.hostNetwork === true ? nodeSession() : "unreachable",
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
function mountedToken(pod: Pod, container: Container, path: string): { readonly audience: string } | null {
  const mount = (container.volumeMounts ?? []).find((candidate) =>
    path.startsWith(`${candidate.mountPath}/`),
  );
  const volume = (pod.spec.volumes ?? []).find((candidate) => candidate.name === mount?.name);
  for (const source of volume?.projected?.sources ?? []) {
    const token = (source as { serviceAccountToken?: { audience?: string } }).serviceAccountToken;
    if (token !== undefined) return { audience: token.audience ?? "https://kubernetes.default.svc" };
  }
  return null;
}
