import { agentDaemonSet } from "./agent.ts";
import { type ContainerProcess, startProcess } from "./applications/process.ts";
import type { ClusterContext, NodeFacts } from "./context.ts";
import { chooseNode } from "./controllers/scheduling.ts";
import { type ContainerLog, createContainerLog } from "./logs.ts";
import { containerView, credentialEndpoints } from "./node-services.ts";
import type { Container, Pod } from "./objects.ts";
import { createPodStatus } from "./pod-status.ts";

interface RunningContainer {
  readonly start: () => { readonly log: ContainerLog; readonly process: ContainerProcess | null };
  log: ContainerLog;
  process: ContainerProcess | null;
  /** Log of the process before this one. */
  previous: ContainerLog | null;
  /** When the process ended; null: it runs. */
  endedAtMs: number | null;
  restarts: number;
}

export interface Kubelet {
  /** Moves every pod one stage on: scheduled, started, taken away. */
  step(): void;
  /** One round of work of every running program. */
  tick(): void;
  /** One round of work in one pod. */
  tickPod(uid: string): void;
  /** Of the running process, or of the one before it; undefined: there is none. */
  log(pod: Pod, container: string, previous?: boolean): ContainerLog | undefined;
  /** Called when a pod's programs have started. */
  onStart(listener: (pod: Pod) => void): void;
}

const firstBackOffMs = 10_000;
const longestBackOffMs = 300_000;

/** Schedules pods, runs the simulated programs of their containers, and writes their status. */
export function createKubelet(context: ClusterContext): Kubelet {
  const status = createPodStatus(context);
  const running = new Map<string, Map<string, RunningContainer>>();
  const listeners: ((pod: Pod) => void)[] = [];
  const podIps = new Map<string, number>();

  function schedule(pod: Pod): void {
    const node = pod.spec.nodeName ?? chooseNode(context, pod);
    if (node === undefined) {
      if (pod.status.conditions === undefined) status.unschedulable(pod);
      return;
    }
    const { namespace = "", name } = pod.metadata;
    context.store.update("pods", namespace, name, { manager: "kube-scheduler" }, (draft) => {
      (draft as Pod).spec.nodeName = node;
      return draft;
    });
    status.scheduled(pod);
    context.recordEvent({
      about: pod,
      type: "Normal",
      reason: "Scheduled",
      message: `Successfully assigned ${namespace}/${name} to ${node}`,
      component: "default-scheduler",
    });
  }

  function start(pod: Pod, node: NodeFacts): void {
    const podIp = pod.spec.hostNetwork === true ? node.ip : nextPodIp(node);
    const containers = new Map<string, RunningContainer>();
    running.set(pod.metadata.uid, containers);
    for (const container of pod.spec.initContainers ?? []) {
      containers.set(container.name, { ...run(pod, node, container, podIp), process: null });
    }
    for (const container of pod.spec.containers) {
      containers.set(container.name, run(pod, node, container, podIp));
    }
    status.started(pod, node, podIp);
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
    const application = context.images.get(container.image);
    const startOnce = () => {
      const log = createContainerLog();
      if (application === undefined) return { log, process: null };
      const process = startProcess({
        application,
        facts: {
          pod: pod.metadata.name,
          namespace: pod.metadata.namespace ?? "",
          podIp,
          node: {
            ipv6: node.quirks?.ipv6Off !== true,
            taken: (port) => portsTaken(pod, node).has(port),
          },
          random: context.random,
        },
        now: context.now,
        log,
        account: context.account,
        vpcId: context.account.cluster(context.name)?.vpcId ?? null,
        clockSkewMs: node.quirks?.clockSkewMs ?? 0,
        container: containerView(pod, container),
        endpoints: credentialEndpoints(
          context,
          { pod, node, podIp },
          (agent) => running.get(agent.metadata.uid)?.get(agentDaemonSet)?.log,
        ),
      });
      return { log, process };
    };
    return { start: startOnce, ...startOnce(), previous: null, endedAtMs: null, restarts: 0 };
  }

  /** The ports that other programs of the node's network listen on. */
  function portsTaken(pod: Pod, node: NodeFacts): ReadonlySet<number> {
    const others = (context.store.list("pods") as Pod[]).filter(
      ({ metadata, spec }) =>
        metadata.uid !== pod.metadata.uid &&
        spec.hostNetwork === true &&
        spec.nodeName === node.name &&
        running.has(metadata.uid),
    );
    const images = others.flatMap(({ spec }) => spec.containers.map(({ image }) => image));
    return new Set(images.flatMap((image) => context.images.get(image)?.listensOn ?? []));
  }

  function nextPodIp(node: NodeFacts): string {
    const host = (podIps.get(node.name) ?? 10) + 1;
    podIps.set(node.name, host);
    const [a, b, c] = node.ip.split(".");
    return `${a}.${b}.${Number(c) + 32}.${2 + (host % 250)}`;
  }

  function canStart(pod: Pod): boolean {
    return pod.spec.containers.every((container) => context.images.get(container.image)?.ready !== false);
  }

  function work(uid: string): void {
    for (const [name, container] of running.get(uid) ?? []) {
      if (container.endedAtMs !== null) {
        const backOffMs = Math.min(firstBackOffMs * 2 ** container.restarts, longestBackOffMs);
        if (context.now().getTime() - container.endedAtMs < backOffMs) continue;
        container.previous = container.log;
        Object.assign(container, container.start());
        container.endedAtMs = null;
        container.restarts += 1;
        withPod(uid, (pod) => status.restarted(pod, name));
      }
      if (container.process?.tick() === "exited") {
        container.endedAtMs = context.now().getTime();
        withPod(uid, (pod) => status.crashed(pod, name));
      }
    }
  }

  function withPod(uid: string, change: (pod: Pod) => void): void {
    const pod = (context.store.list("pods") as Pod[]).find((candidate) => candidate.metadata.uid === uid);
    if (pod !== undefined) change(pod);
  }

  return {
    step() {
      for (const pod of context.store.list("pods") as Pod[]) {
        const { namespace = "", name, uid, deletionTimestamp } = pod.metadata;
        const node = context.nodes.get(pod.spec.nodeName ?? "");
        const scheduled = pod.status.conditions?.some(
          (c) => c.type === "PodScheduled" && c.status === "True",
        );
        if (deletionTimestamp !== undefined) {
          running.delete(uid);
          context.store.remove("pods", namespace, name);
        } else if (scheduled !== true) schedule(pod);
        else if (!running.has(uid) && node !== undefined) {
          if (canStart(pod)) start(pod, node);
          else status.waiting(pod, "ImagePullBackOff");
        }
      }
    },
    tick() {
      for (const uid of running.keys()) work(uid);
    },
    tickPod: work,
    log(pod, name, previous = false) {
      const container = running.get(pod.metadata.uid)?.get(name);
      if (!previous) return container?.log;
      // Between a crash and the next start, the process that ended is the previous one.
      return container?.endedAtMs != null ? container.log : (container?.previous ?? undefined);
    },
    onStart(listener) {
      listeners.push(listener);
    },
  };
}
