import type { CollectContext, Collector } from "../../../app/ports.ts";
import type { AgentFacts, Observation, PodFacts } from "../../../core/evidence.ts";
import type { AgentLogsFacts } from "../../../core/facts/agent-logs.ts";
import { createAgentLogScanner, type ScannedAgentError } from "../../../core/logs/agent-log.ts";
import { inTurn } from "../in-turn.ts";
import { type Failure, unavailable } from "../outcome.ts";
import { prerequisite } from "../prerequisite.ts";
import { resources, sourceFor } from "../resources.ts";
import type { CollectorDeps } from "./deps.ts";

const agentNamespace = "kube-system";
const container = "eks-pod-identity-agent";

/** The agent's log is one JSON object a line, written with `-v trace` by the chart: many lines, of which few matter. */
const limitBytes = 16 * 1024 * 1024;
const tailLines = 50_000;
const logTimeoutMs = 10_000;
const atOnce = 4;

interface AgentRun {
  readonly pod: string;
  readonly nodeName: string;
  readonly previous: boolean;
}

type RunOutcome =
  | { readonly type: "read"; readonly run: AgentRun; readonly errors: readonly ScannedAgentError[] }
  | {
      readonly type: "unread";
      readonly run: AgentRun;
      readonly reason: string;
      readonly failure: Failure | null;
    };

/**
 * What the agents on the nodes of the workload's pods say of these pods, found by `client-addr`, and of themselves.
 * Permission: `get pods/log` (in kube-system). Unavailable only where no agent's log could be read and a call failed.
 * https://github.com/aws/eks-pod-identity-agent
 */
export function createAgentLogsCollector({ client, clock }: CollectorDeps): Collector<"k8s.agent-logs"> {
  async function read(
    run: AgentRun,
    context: CollectContext,
    clients: ReadonlySet<string>,
  ): Promise<RunOutcome> {
    const scanner = createAgentLogScanner(clients);
    const outcome = await client.streamLog(
      { namespace: agentNamespace, name: run.pod },
      {
        container,
        previous: run.previous,
        sinceSeconds: context.question.sinceSeconds,
        limitBytes,
        tailLines,
      },
      scanner.push,
      AbortSignal.any([context.signal, AbortSignal.timeout(logTimeoutMs)]),
    );
    switch (outcome.type) {
      case "ok":
        return { type: "read", run, errors: scanner.end() };
      case "missing":
        return { type: "unread", run, reason: "the pod is gone", failure: null };
      case "failed": {
        const { failure } = outcome;
        // A 400 is the kubelet's word that this run has no log.
        return {
          type: "unread",
          run,
          reason: failure.detail,
          failure: failure.status === 400 ? null : failure,
        };
      }
    }
  }

  return {
    kind: "k8s.agent-logs",
    group: "logs",
    after: ["k8s.pods", "k8s.agent"],
    async collect(context): Promise<Observation<AgentLogsFacts>> {
      const pods = prerequisite(context, "k8s.pods");
      if (!pods.ok) return pods.observation;
      const agent = prerequisite(context, "k8s.agent");
      if (!agent.ok) return agent.observation;
      const clients = new Set(pods.value.pods.flatMap(addressOf));
      const outcomes = await inTurn(runsOf(agent.value), atOnce, (run) => read(run, context, clients));
      const source = sourceFor(resources.pods, agentNamespace, "log");
      const readLogs = outcomes.flatMap((outcome) => (outcome.type === "read" ? [outcome] : []));
      const unread = outcomes.flatMap((outcome) => (outcome.type === "unread" ? [outcome] : []));
      const denied = unread.find(({ failure }) => failure?.reason === "access-denied")?.failure;
      const failure = denied ?? unread.find((outcome) => outcome.failure !== null)?.failure;
      if (failure != null && (denied != null || readLogs.length === 0)) return unavailable(failure, source);
      return {
        status: "found",
        value: {
          sinceSeconds: context.question.sinceSeconds,
          read: readLogs.map(({ run }) => run),
          unread: unread.map(({ run, reason }) => ({ pod: run.pod, nodeName: run.nodeName, reason })),
          errors: readLogs
            .flatMap(({ run, errors }) =>
              errors.map((error) => ({ ...error, agentPod: run.pod, nodeName: run.nodeName })),
            )
            .sort((a, b) => b.count - a.count),
        },
        source,
        at: clock(),
      };
    },
  };
}

/** The address that the agent sees of a pod. */
function addressOf({ hostNetwork, hostIp, podIp }: PodFacts): readonly string[] {
  const address = hostNetwork ? hostIp : podIp;
  return address === null ? [] : [address];
}

/** An agent that is not ready may have crashed: then the run before says why. */
function runsOf({ pods }: AgentFacts): readonly AgentRun[] {
  return pods.flatMap(({ name, nodeName, ready }) => [
    { pod: name, nodeName, previous: false },
    ...(ready ? [] : [{ pod: name, nodeName, previous: true }]),
  ]);
}
