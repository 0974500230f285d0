import type { Refusal, Session, SessionAnswer } from "../account/model.ts";
import type { AgentRequest } from "./applications/credentials.ts";
import type { ClusterContext, NodeFacts } from "./context.ts";
import type { ContainerLog } from "./logs.ts";
import { isReady, kubeTime, type Pod } from "./objects.ts";

export const agentDaemonSet = "eks-pod-identity-agent";

/** Where the agent listens. */
const addresses = ["169.254.170.23", "fd00:ec2::23"];

interface Client {
  readonly pod: Pod;
  readonly node: NodeFacts;
  /** As the agent sees it: the node's for what runs on the host's network. */
  readonly ip: string;
}

/** What the agent makes of a request: credentials, a refusal, or an answer that its client does not wait for. */
interface Outcome {
  readonly answer: SessionAnswer | "unreachable";
  /** How the agent's log tells it. */
  readonly msg: string;
}

/**
 * The Pod Identity agent of the client's node: what it answers and what it writes down. It asks EKS Auth with the
 * node's credentials. https://github.com/aws/eks-pod-identity-agent
 */
export function askAgent(
  context: ClusterContext,
  { pod, node, ip }: Client,
  request: AgentRequest,
  nodeSession: () => Session,
  agentLog: (agent: Pod) => ContainerLog | undefined,
): SessionAnswer | "unreachable" {
  const builtIn = node.quirks?.compute === "auto";
  const agent = (context.store.list("pods", "kube-system") as Pod[]).find(
    (candidate) =>
      candidate.metadata.labels?.["app.kubernetes.io/name"] === agentDaemonSet &&
      candidate.spec.nodeName === node.name &&
      isReady(candidate),
  );
  if (!builtIn && agent === undefined) return "unreachable";
  const { answer, msg } = refusedByItself(request) ?? askEksAuth(context, pod, node, request, nodeSession);
  const time = context.now();
  const entry = {
    "client-addr": `${ip}:${32_768 + context.random.int(28_000)}`,
    "cluster-name": context.name,
    level: answer !== "unreachable" && answer.ok ? "info" : "error",
    msg,
    operation: "AssumeRoleForPodIdentity",
    time: kubeTime(time),
  };
  if (agent !== undefined) agentLog(agent)?.append(time, [JSON.stringify(entry)]);
  return answer;
}

function refusedByItself({ address, habit }: AgentRequest): Outcome | null {
  const refuse = (status: number, body: string): Outcome => {
    const refusal: Refusal = { ok: false, status, code: "", message: body, requestId: "", body };
    return { answer: refusal, msg: `Error fetching credentials: ${body}` };
  };
  switch (habit) {
    case "without-token":
      return refuse(400, "Service account token cannot be empty");
    case "with-bearer":
      return refuse(
        400,
        "Service account token cannot be parsed: token is malformed: could not base64 decode header: illegal base64 data at input byte 6",
      );
    case "by-name":
      return refuse(
        403,
        `Access Denied. Called agent through invalid address, please use either [${addresses.join(" ")}] address not pod-identity.kube-system`,
      );
    default:
      return addresses.includes(address) ? null : refuse(403, `Access Denied. ${address}`);
  }
}

const fetching =
  "Error fetching credentials: error fetching credentials to cache: unable to fetch credentials from EKS Auth:";

function askEksAuth(
  { account, name: cluster }: ClusterContext,
  pod: Pod,
  node: NodeFacts,
  { habit }: AgentRequest,
  nodeSession: () => Session,
): Outcome {
  const operation = "operation error EKS Auth: AssumeRoleForPodIdentity, https response error StatusCode:";
  const host = `eks-auth.${account.region}.api.aws`;
  const failed = (status: number, code: string, detail: string): Outcome => {
    const message = `${operation} ${detail}`;
    const refusal: Refusal = { ok: false, status, code, message, requestId: "", body: message };
    return { answer: refusal, msg: `${fetching} ${message}` };
  };
  switch (node.quirks?.eksAuth) {
    case "no-such-host":
      return failed(
        500,
        "InternalServerException",
        `0, RequestID: , request send failed, Post "https://${host}/clusters/${cluster}/assume-role-for-pod-identity": dial tcp: lookup ${host}: no such host`,
      );
    case "throttled":
      return failed(429, "ThrottlingException", "429, RequestID: , ThrottlingException: Rate exceeded");
    case "slow": {
      if (habit !== "impatient") break;
      const { msg } = failed(500, "", "0, RequestID: , canceled, context canceled");
      return { answer: "unreachable", msg };
    }
  }
  const answer = account.assumeRoleForPodIdentity({
    cluster,
    namespace: pod.metadata.namespace ?? "",
    serviceAccount: pod.spec.serviceAccountName ?? "default",
    podName: pod.metadata.name,
    podUid: pod.metadata.uid,
    nodeSession: nodeSession(),
  });
  return {
    answer,
    msg: answer.ok
      ? "Storing creds in cache"
      : `${fetching} (${answer.code}): ${answer.message}, fault: client`,
  };
}
