import type { Session } from "../account/model.ts";
import { type ContainerProcess, startProcess } from "./applications/process.ts";
import type { ClusterContext, NodeFacts } from "./context.ts";
import { chooseNode } from "./controllers/scheduling.ts";
import { type ContainerLog, createContainerLog } from "./logs.ts";
import { type Condition, type Container, isReady, kubeTime, type Pod } from "./objects.ts";

export const agentDaemonSet = "eks-pod-identity-agent";

interface RunningContainer {
  readonly log: ContainerLog;
  readonly process: ContainerProcess | null;
}

export interface Kubelet {
  /** Moves every pod one stage on: scheduled, started, taken away. */
  step(): void;
  /** One round of work of every running program. */
  tick(): void;
  /** One round of work in one pod. */
  tickPod(uid: string): void;
  /** Undefined: the container has not started. */
  log(pod: Pod, container: string): ContainerLog | undefined;
  /** Called when a pod's programs have started. */
  onStart(listener: (pod: Pod) => void): void;
}

/** Schedules pods, runs the simulated programs of their containers, and writes their status. */
export function createKubelet(context: ClusterContext): Kubelet {
  const running = new Map<string, Map<string, RunningContainer>>();
  const listeners: ((pod: Pod) => void)[] = [];
  const podIps = new Map<string, number>();

  function schedule(pod: Pod): void {
    const node = pod.spec.nodeName ?? chooseNode(context, pod);
    if (node === undefined) {
      setStatus(pod, {
        conditions: [
          condition("PodScheduled", "False", "Unschedulable", `0/${context.nodes.size} nodes are available`),
        ],
      });
      return;
    }
    const { namespace = "", name } = pod.metadata;
    context.store.update("pods", namespace, name, { manager: "kube-scheduler" }, (draft) => {
      (draft as Pod).spec.nodeName = node;
      return draft;
    });
    setStatus(context.store.get("pods", namespace, name) as Pod, {
      conditions: [condition("PodScheduled", "True")],
      containerStatuses: pod.spec.containers.map((container) => waiting(container, "ContainerCreating")),
    });
    context.recordEvent({
      about: pod,
      type: "Normal",
      reason: "Scheduled",
      message: `Successfully assigned ${namespace}/${name} to ${node}`,
      component: "default-scheduler",
    });
  }

  function start(pod: Pod, node: NodeFacts): void {
    const at = kubeTime(context.now());
    const podIp = pod.spec.hostNetwork === true ? node.ip : nextPodIp(node);
    const containers = new Map<string, RunningContainer>();
    running.set(pod.metadata.uid, containers);
    for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) {
      containers.set(container.name, run(pod, node, container, podIp));
    }
    const scheduled = pod.status.conditions?.find((candidate) => candidate.type === "PodScheduled");
    setStatus(pod, {
      phase: "Running",
      startTime: at,
      hostIP: node.ip,
      hostIPs: [{ ip: node.ip }],
      podIP: podIp,
      podIPs: [{ ip: podIp }],
      conditions: [
        condition("PodReadyToStartContainers", "True"),
        condition("Initialized", "True"),
        condition("Ready", "True"),
        condition("ContainersReady", "True"),
        scheduled ?? condition("PodScheduled", "True"),
      ],
      containerStatuses: pod.spec.containers.map((container) => ({
        ...waiting(container, ""),
        containerID: `containerd://${context.random.hex(64)}`,
        imageID: `${container.image.split(":")[0]}@sha256:${context.random.hex(64)}`,
        ready: true,
        started: true,
        state: { running: { startedAt: at } },
      })),
      ...(pod.spec.initContainers === undefined
        ? {}
        : {
            initContainerStatuses: pod.spec.initContainers.map((container) => ({
              ...waiting(container, ""),
              ready: true,
              state: { terminated: { exitCode: 0, reason: "Completed", startedAt: at, finishedAt: at } },
            })),
          }),
    });
    context.recordEvent({
      about: pod,
      type: "Normal",
      reason: "Started",
      message: `Started container ${pod.spec.containers[0]?.name ?? ""}`,
      component: "kubelet",
      host: node.name,
    });
    for (const listener of listeners) listener(pod);
  }

  function run(pod: Pod, node: NodeFacts, container: Container, podIp: string): RunningContainer {
    const log = createContainerLog();
    const application = context.images.get(container.image);
    if (application === undefined) return { log, process: null };
    const process = startProcess({
      application,
      facts: {
        pod: pod.metadata.name,
        namespace: pod.metadata.namespace ?? "",
        podIp,
        random: context.random,
      },
      now: context.now,
      log,
      account: context.account,
      container: {
        env: new Map(
          (container.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
        ),
        tokenAt: (path) => mountedToken(pod, container, path),
      },
      endpoints: {
        webIdentity: ({ roleArn, audience, sessionName, userAgent }) =>
          context.account.assumeRoleWithWebIdentity({
            roleArn,
            audience,
            sessionName,
            userAgent,
            issuer: context.account.cluster(context.name)?.oidcIssuer ?? "",
            subject: `system:serviceaccount:${pod.metadata.namespace}:${pod.spec.serviceAccountName}`,
          }),
        podIdentity: () => askAgent(pod, node, podIp),
        instanceMetadata: () => (reachesMetadata(pod, node) ? nodeSession(node) : "unreachable"),
      },
    });
    return { log, process };
  }

  function nodeSession(node: NodeFacts): Session {
    return context.account.nodeSession({ instanceId: node.instanceId, nodeRoleArn: node.nodeRoleArn });
  }

  /** Each hop lowers the answer's TTL; a pod's network namespace is one hop. */
  function reachesMetadata(pod: Pod, node: NodeFacts): boolean {
    return node.imdsHopLimit >= 2 || pod.spec.hostNetwork === true;
  }

  function askAgent(pod: Pod, node: NodeFacts, podIp: string) {
    const agent = (context.store.list("pods", "kube-system") as Pod[]).find(
      (candidate) =>
        candidate.metadata.labels?.["app.kubernetes.io/name"] === agentDaemonSet &&
        candidate.spec.nodeName === node.name &&
        isReady(candidate),
    );
    if (agent === undefined) return "unreachable" as const;
    const answer = context.account.assumeRoleForPodIdentity({
      cluster: context.name,
      namespace: pod.metadata.namespace ?? "",
      serviceAccount: pod.spec.serviceAccountName ?? "default",
      podName: pod.metadata.name,
      podUid: pod.metadata.uid,
      nodeSession: nodeSession(node),
    });
    const at = context.now();
    running
      .get(agent.metadata.uid)
      ?.get(agentDaemonSet)
      ?.log.append(at, [
        JSON.stringify({
          "client-addr": `${podIp}:${32_768 + context.random.int(28_000)}`,
          "cluster-name": context.name,
          level: answer.ok ? "info" : "error",
          msg: answer.ok
            ? "Storing creds in cache"
            : `Error fetching credentials: error fetching credentials to cache: unable to fetch credentials from EKS Auth: (${answer.code}): ${answer.message}, fault: client`,
          operation: "AssumeRoleForPodIdentity",
          time: kubeTime(at),
        }),
      ]);
    return answer;
  }

  function nextPodIp(node: NodeFacts): string {
    const host = (podIps.get(node.name) ?? 10) + 1;
    podIps.set(node.name, host);
    const [a, b, c] = node.ip.split(".");
    return `${a}.${b}.${Number(c) + 32}.${2 + (host % 250)}`;
  }

  function condition(
    type: string,
    status: Condition["status"],
    reason?: string,
    message?: string,
  ): Condition {
    return {
      type,
      status,
      lastTransitionTime: kubeTime(context.now()),
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
    };
  }

  function setStatus(pod: Pod, status: Partial<Pod["status"]>): void {
    const { namespace = "", name } = pod.metadata;
    context.store.update("pods", namespace, name, { manager: "kubelet", subresource: "status" }, (draft) => {
      draft["status"] = { ...(draft as Pod).status, ...status };
      return draft;
    });
  }

  function canStart(pod: Pod): boolean {
    return pod.spec.containers.every((container) => context.images.get(container.image)?.ready !== false);
  }

  return {
    step() {
      for (const pod of context.store.list("pods") as Pod[]) {
        const { namespace = "", name, uid, deletionTimestamp } = pod.metadata;
        const node = context.nodes.get(pod.spec.nodeName ?? "");
        if (deletionTimestamp !== undefined) {
          running.delete(uid);
          context.store.remove("pods", namespace, name);
        } else if (
          pod.status.conditions?.some((c) => c.type === "PodScheduled" && c.status === "True") !== true
        ) {
          if (pod.status.conditions === undefined || chooseNode(context, pod) !== undefined) schedule(pod);
        } else if (!running.has(uid) && node !== undefined) {
          if (canStart(pod)) start(pod, node);
          else {
            setStatus(pod, {
              containerStatuses: pod.spec.containers.map((container) =>
                waiting(container, "ImagePullBackOff"),
              ),
            });
          }
        }
      }
    },
    tick() {
      for (const containers of running.values()) {
        for (const { process } of containers.values()) process?.tick();
      }
    },
    tickPod(uid) {
      for (const { process } of running.get(uid)?.values() ?? []) process?.tick();
    },
    log: (pod, container) => running.get(pod.metadata.uid)?.get(container)?.log,
    onStart(listener) {
      listeners.push(listener);
    },
  };
}

function waiting(container: Container, reason: string) {
  return {
    name: container.name,
    image: container.image,
    imageID: "",
    ready: false,
    started: false,
    restartCount: 0,
    state: { waiting: { reason } },
    lastState: {},
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
