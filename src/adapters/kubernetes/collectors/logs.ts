import type { CollectContext, Collector } from "../../../app/ports.ts";
import type { LogsFacts, Observation, PodFacts, Question } from "../../../core/evidence.ts";
import { ofAgentItself } from "../../../core/logs/agent-log.ts";
import { createLogScanner } from "../../../core/logs/stream.ts";
import { inTurn } from "../in-turn.ts";
import { mergeLogErrors, mergeLogSigns, type ScannedLog } from "../merge-logs.ts";
import { type Failure, unavailable } from "../outcome.ts";
import { prerequisite } from "../prerequisite.ts";
import { resources, sourceFor } from "../resources.ts";
import type { CollectorDeps } from "./deps.ts";

/** What one log may cost: the newest lines first, then at most this many bytes of them. */
const limitBytes = 16 * 1024 * 1024;
const tailLines = 50_000;

/** Logs come through the kubelet of the pod's node; one that does not answer must not use up everybody's time. */
const logTimeoutMs = 10_000;

const atOnce = 6;

/** One log to be read: a run of one container. */
interface LogRun {
  readonly pod: string;
  readonly container: string;
  readonly previous: boolean;
}

type LogOutcome =
  | { readonly type: "read"; readonly log: ScannedLog; readonly truncated: boolean }
  | {
      readonly type: "unread";
      readonly run: LogRun;
      readonly reason: string;
      readonly failure: Failure | null;
    };

/**
 * The AWS errors in the logs of the workload's pods: every container and init container of the chosen pods, and the
 * run before after a restart. Permission: `get pods/log`. Text is scanned as it streams by and never kept; a
 * container without a log is told as unread. Unavailable only where nothing at all could be read and a call failed.
 */
export function createLogsCollector({ client, clock }: CollectorDeps): Collector<"logs.errors"> {
  async function scan(run: LogRun, tailLines: number, { question, signal }: CollectContext) {
    const scanner = createLogScanner({ timestamps: true, signs: true });
    const log = isAgent(question, run) ? ofAgentItself(scanner.push) : { push: scanner.push, end: () => {} };
    const outcome = await client.streamLog(
      { namespace: question.namespace, name: run.pod },
      {
        container: run.container,
        previous: run.previous,
        sinceSeconds: question.sinceSeconds,
        limitBytes,
        tailLines,
      },
      log.push,
      AbortSignal.any([signal, AbortSignal.timeout(logTimeoutMs)]),
    );
    log.end();
    return { outcome, ...scanner.end() };
  }

  async function read(run: LogRun, context: CollectContext): Promise<LogOutcome> {
    const first = await scan(run, tailLines, context);
    const full = first.outcome.type === "ok" && first.outcome.value.bytes >= limitBytes;
    // The byte limit cuts off the end, and the newest lines matter most: nearly as many, counted from the end.
    const last = full ? await scan(run, Math.max(1, Math.floor(first.lines * 0.9)), context) : first;
    const { outcome, lines, errors, signs } = last;
    switch (outcome.type) {
      case "missing":
        return { type: "unread", run, reason: "the pod is gone", failure: null };
      case "failed":
        return { type: "unread", run, ...readFailure(outcome.failure) };
      case "ok": {
        const truncated = full || lines >= tailLines;
        return { type: "read", log: { ...run, lines, errors, signs }, truncated };
      }
    }
  }

  return {
    kind: "logs.errors",
    group: "logs",
    after: ["k8s.pods"],
    async collect(context): Promise<Observation<LogsFacts>> {
      const { question } = context;
      const pods = prerequisite(context, "k8s.pods");
      if (!pods.ok) return pods.observation;
      const { runs, notStarted } = planReads(pods.value.pods, question.container);
      const outcomes = await inTurn(runs, atOnce, (run) => read(run, context));
      const source = sourceFor(resources.pods, question.namespace, "log");
      const unread = outcomes.flatMap((outcome) => (outcome.type === "unread" ? [outcome] : []));
      const logs = outcomes.flatMap((outcome) => (outcome.type === "read" ? [outcome] : []));
      const denied = unread.find(({ failure }) => failure?.reason === "access-denied")?.failure;
      const failure = denied ?? unread.find((outcome) => outcome.failure !== null)?.failure;
      if (failure != null && (denied != null || logs.length === 0)) return unavailable(failure, source);
      return {
        status: "found",
        value: {
          sinceSeconds: question.sinceSeconds,
          read: logs.map(({ log, truncated }) => ({
            pod: log.pod,
            container: log.container,
            previous: log.previous,
            lines: log.lines,
            truncated,
          })),
          unread: [
            ...notStarted,
            ...unread.map(({ run, reason, failure: failed }) => ({
              pod: run.pod,
              container: run.container,
              reason,
              ...(failed === null ? {} : { failure: failed.reason }),
            })),
          ],
          errors: mergeLogErrors(logs.map(({ log }) => log)),
          signs: mergeLogSigns(logs.map(({ log }) => log)),
        },
        source,
        at: clock(),
      };
    },
  };
}

/** The Pod Identity Agent writes down what goes wrong for the pods that ask it. */
function isAgent({ namespace }: Question, { container }: LogRun): boolean {
  return namespace === "kube-system" && container === "eks-pod-identity-agent";
}

/** A 400 is the kubelet's word that this run has no log (it has not started, or its log is gone): no failure. */
function readFailure(failure: Failure): { readonly reason: string; readonly failure: Failure | null } {
  return { reason: failure.detail, failure: failure.status === 400 ? null : failure };
}

/** Which logs there are to read, and which containers never ran. */
export function planReads(
  pods: readonly PodFacts[],
  container: string | null,
): { readonly runs: readonly LogRun[]; readonly notStarted: LogsFacts["unread"] } {
  const runs: LogRun[] = [];
  const notStarted: { pod: string; container: string; reason: string }[] = [];
  for (const pod of pods) {
    for (const { name } of pod.containers.filter((spec) => container === null || spec.name === container)) {
      const status = pod.statuses.find((candidate) => candidate.container === name);
      const run = { pod: pod.name, container: name };
      if (status === undefined || status.startedAt === null) {
        notStarted.push({ ...run, reason: `not started: ${status?.waitingReason ?? pod.phase}` });
        continue;
      }
      runs.push({ ...run, previous: false });
      // While a container waits to be started again, its current log is that of the run before.
      if (status.restartCount > 0 && status.waitingReason === null) runs.push({ ...run, previous: true });
    }
  }
  return { runs, notStarted };
}
