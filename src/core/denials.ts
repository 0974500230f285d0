import type { Denial } from "./diagnosis.ts";
import type { Evidence, LogErrorGroup, PodFacts, Question, TrailEvent } from "./evidence.ts";
import { isExpectedRole, known } from "./identity.ts";
import { type Stage, stages } from "./rule.ts";

/**
 * What went wrong for this workload, from the pods' logs and CloudTrail, most frequent first. CloudTrail events are
 * taken only where the event itself names this workload: calls of the node role are everybody's on that node.
 */
export function denialsOf(evidence: Evidence, question: Question): readonly Denial[] {
  const logs = known(evidence["logs.errors"])?.errors ?? [];
  const events = known(evidence["cloudtrail.events"])?.events ?? [];
  const fromLogs = logs.map((error) => fromLog(error, evidence));
  const fromTrail = groupEvents(
    events.filter((event) => isOfWorkload(event, evidence, question)),
    evidence,
  );
  return [...fromLogs, ...fromTrail].sort(
    (a, b) => Number(a.history) - Number(b.history) || b.count - a.count || compare(a.action, b.action),
  );
}

function fromLog(error: LogErrorGroup, evidence: Evidence): Denial {
  return {
    kind: error.kind,
    principalArn: error.principalArn,
    principalKind: error.principalKind,
    action: error.action,
    missingAction: error.missingAction,
    resource: error.resource,
    denyLayer: error.denyLayer,
    source: "pod-log",
    count: error.count,
    firstSeen: error.firstSeen,
    lastSeen: error.lastSeen,
    history: isHistory(error, evidence),
    excerpt: error.excerpt,
  };
}

/**
 * A line is history when it was written before every container that runs now (the log of a previous one), or before
 * the association was last changed while the pods that run now were made after it. While a container still crashes
 * again and again, what its last runs wrote is the present.
 */
export function isHistory(
  error: Pick<LogErrorGroup, "lastSeen" | "pods" | "containers">,
  evidence: Evidence,
): boolean {
  if (error.lastSeen === null) return false;
  const lastSeen = Date.parse(error.lastSeen);
  const seen = evidence["k8s.pods"];
  if (seen?.status !== "found") return false;
  const pods = seen.value.pods.filter((pod) => error.pods.includes(pod.name));
  if (pods.length === 0) return false;
  if (pods.every((pod) => startOf(pod, error.containers, seen.at) > lastSeen)) return true;
  const changedAt = known(evidence["eks.association"])?.modifiedAt;
  if (changedAt === undefined) return false;
  return (
    Date.parse(changedAt) > lastSeen && pods.every((pod) => Date.parse(pod.createdAt) > Date.parse(changedAt))
  );
}

function startOf(pod: PodFacts, containers: readonly string[], now: string): number {
  const created = Date.parse(pod.createdAt);
  const starts = pod.statuses
    .filter((status) => containers.includes(status.container) && status.startedAt !== null)
    .map((status) => (crashes(status, now) ? created : Date.parse(status.startedAt ?? pod.createdAt)));
  return starts.length === 0 ? created : Math.min(...starts);
}

/** It waits after a crash, or has not yet lived as long as the run that crashed: nothing shows that it will. */
function crashes(
  { restartCount, startedAt, waitingReason, lastRun }: PodFacts["statuses"][number],
  now: string,
): boolean {
  if (restartCount === 0) return false;
  if (waitingReason !== null) return true;
  if (lastRun == null || lastRun.exitCode === 0 || startedAt === null) return false;
  const lived = Date.parse(now) - Date.parse(startedAt);
  return lived <= Date.parse(lastRun.finishedAt) - Date.parse(lastRun.startedAt);
}

function isOfWorkload(event: TrailEvent, evidence: Evidence, question: Question): boolean {
  if (event.errorCode === null) return false;
  const serviceAccount = known(evidence["k8s.workload"])?.template.serviceAccountName;
  if (event.eventName === "AssumeRoleWithWebIdentity") {
    return event.userName === `system:serviceaccount:${question.namespace}:${serviceAccount}`;
  }
  if (event.eventName === "AssumeRoleForPodIdentity") {
    // The event names no pod, but its request id is the one that the agent hands to the application.
    const requestIds = (known(evidence["logs.errors"])?.errors ?? []).map((error) => error.requestId);
    return event.requestId !== null && requestIds.includes(event.requestId);
  }
  return event.principalArn !== null && isExpectedRole(evidence, event.principalArn);
}

function groupEvents(events: readonly TrailEvent[], evidence: Evidence): readonly Denial[] {
  const groups = new Map<string, TrailEvent[]>();
  for (const event of events) {
    const key = [
      event.eventSource,
      event.eventName,
      event.errorCode,
      event.principalArn,
      event.requestedRoleArn,
    ].join(" ");
    groups.set(key, [...(groups.get(key) ?? []), event]);
  }
  return [...groups.values()].flatMap((group) => {
    const times = group.map((event) => event.at).sort();
    const first = group[0];
    return first === undefined ? [] : [fromTrailEvents(first, group.length, times, evidence)];
  });
}

function fromTrailEvents(
  event: TrailEvent,
  count: number,
  times: readonly string[],
  evidence: Evidence,
): Denial {
  const webIdentity = event.eventName === "AssumeRoleWithWebIdentity";
  const lastSeen = times.at(-1) ?? event.at;
  const pods = known(evidence["k8s.pods"])?.pods ?? [];
  return {
    kind: webIdentity ? "assume-role-web-identity-denied" : "access-denied",
    principalArn: webIdentity ? null : event.principalArn,
    principalKind: "unknown",
    action: `${event.eventSource.replace(/\.amazonaws\.com$/, "")}:${event.eventName}`,
    missingAction: null,
    resource: event.requestedRoleArn ?? event.resources[0] ?? null,
    denyLayer: null,
    source: "cloudtrail",
    count,
    firstSeen: times[0] ?? event.at,
    lastSeen,
    history: pods.length > 0 && pods.every((pod) => Date.parse(pod.createdAt) > Date.parse(lastSeen)),
    excerpt: event.errorMessage,
  };
}

/**
 * How far the calls got that fail now: a denial whose principal is the expected role proves every stage before
 * authorization, for those pods. The least advanced call counts. Null: nothing fails now.
 */
export function stageReached(denials: readonly Denial[], evidence: Evidence): Stage | null {
  const reached = denials
    .filter((denial) => !denial.history)
    .map((denial) => stages.indexOf(stageOf(denial, evidence)));
  return reached.length === 0 ? null : (stages[Math.min(...reached)] ?? null);
}

function stageOf(denial: Denial, evidence: Evidence): Stage {
  switch (denial.kind) {
    case "assume-role-web-identity-denied":
    case "invalid-identity-token":
      return "role-assumption";
    case "pod-identity-agent-error":
    case "token-file":
      return "token-and-agent";
    default:
      return denial.principalArn !== null && isExpectedRole(evidence, denial.principalArn)
        ? "authorization"
        : "identity-configuration";
  }
}

function compare(a: string | null, b: string | null): number {
  return (a ?? "") < (b ?? "") ? -1 : (a ?? "") > (b ?? "") ? 1 : 0;
}
