import type { ClusterContext, NodeFacts } from "./context.ts";
import {
  type Condition,
  type Container,
  type ContainerState,
  type ContainerStatus,
  kubeTime,
  type Pod,
  type PodStatus,
} from "./objects.ts";

/** Writes of a pod's status, as the kubelet and the scheduler make them. */
export function createPodStatus(context: ClusterContext) {
  function condition(type: string, status: Condition["status"], because: Partial<Condition> = {}): Condition {
    return { type, status, lastTransitionTime: kubeTime(context.now()), ...because };
  }

  function set(pod: Pod, status: Partial<PodStatus>): void {
    const { namespace = "", name } = pod.metadata;
    context.store.update("pods", namespace, name, { manager: "kubelet", subresource: "status" }, (draft) => {
      draft["status"] = { ...(draft as Pod).status, ...status };
      return draft;
    });
  }

  function waiting(pod: Pod, reason: string): void {
    set(pod, {
      containerStatuses: pod.spec.containers.map((container) =>
        containerStatus(container, { waiting: { reason } }),
      ),
    });
  }

  return {
    unschedulable(pod: Pod): void {
      const message = `0/${context.nodes.size} nodes are available`;
      set(pod, { conditions: [condition("PodScheduled", "False", { reason: "Unschedulable", message })] });
    },
    scheduled(pod: Pod): void {
      set(pod, { conditions: [condition("PodScheduled", "True")] });
      waiting(pod, "ContainerCreating");
    },
    waiting,
    started(pod: Pod, node: NodeFacts, podIp: string): void {
      const at = kubeTime(context.now());
      const scheduled = pod.status.conditions?.find((candidate) => candidate.type === "PodScheduled");
      const finished = { exitCode: 0, reason: "Completed", startedAt: at, finishedAt: at };
      const identified = (container: Container, state: ContainerState): ContainerStatus => ({
        ...containerStatus(container, state),
        containerID: `containerd://${context.random.hex(64)}`,
        imageID: `${container.image.split(":")[0]}@sha256:${context.random.hex(64)}`,
        ready: true,
        started: true,
      });
      set(pod, {
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
        containerStatuses: pod.spec.containers.map((container) =>
          identified(container, { running: { startedAt: at } }),
        ),
        ...(pod.spec.initContainers === undefined
          ? {}
          : {
              initContainerStatuses: pod.spec.initContainers.map((container) =>
                identified(container, { terminated: finished }),
              ),
            }),
      });
    },
    /** The container's process has ended with an error, and the kubelet waits before it starts it again. */
    crashed(pod: Pod, container: string): void {
      changeContainer(pod, container, (status) => ({
        ...status,
        ready: false,
        started: false,
        state: {
          waiting: {
            reason: "CrashLoopBackOff",
            message: `back-off restarting failed container=${container} pod=${pod.metadata.name}`,
          },
        },
        lastState: {
          terminated: {
            exitCode: 1,
            reason: "Error",
            startedAt: status.state.running?.startedAt ?? kubeTime(context.now()),
            finishedAt: kubeTime(context.now()),
          },
        },
      }));
    },
    restarted(pod: Pod, container: string): void {
      changeContainer(pod, container, (status) => ({
        ...status,
        ready: true,
        started: true,
        restartCount: status.restartCount + 1,
        state: { running: { startedAt: kubeTime(context.now()) } },
      }));
    },
  };

  function changeContainer(
    pod: Pod,
    name: string,
    change: (status: ContainerStatus) => ContainerStatus,
  ): void {
    const statuses = (pod.status.containerStatuses ?? []).map((status) =>
      status.name === name ? change(status) : status,
    );
    const ready = statuses.every((status) => status.ready) ? "True" : "False";
    set(pod, {
      containerStatuses: statuses,
      conditions: (pod.status.conditions ?? []).map((present) =>
        ["Ready", "ContainersReady"].includes(present.type) && present.status !== ready
          ? condition(present.type, ready)
          : present,
      ),
    });
  }
}

function containerStatus(container: Container, state: ContainerState): ContainerStatus {
  return {
    name: container.name,
    image: container.image,
    imageID: "",
    ready: false,
    started: false,
    restartCount: 0,
    state,
    lastState: {},
  };
}
