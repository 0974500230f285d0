import type { Denial } from "./diagnosis.ts";
import type { Evidence, LogErrorGroup, PodFacts, Question, TrailEvent } from "./evidence.ts";
import { sameRole } from "./iam/arn.ts";
import { isExpectedRole, known } from "./identity.ts";
import type { AwsErrorKind } from "./logs/aws-error.ts";
import { recognise } from "./logs/recognise.ts";
import { type Stage, stages } from "./rule.ts";
import { describeCaller, principalKindOfEvent } from "./trail/caller.ts";
import { actionOf, errorKindOf } from "./trail/error-kind.ts";
import { ownershipOf, sessionOf } from "./trail/ownership.ts";

/**
 * What went wrong for this workload, from the pods' logs and CloudTrail, most frequent first. CloudTrail events are
 * taken only where they are this workload's own: calls of the node role are everybody's on that node.
 */
export function denialsOf(evidence: Evidence, question: Question): readonly Denial[] {
  const logs = known(evidence["logs.errors"])?.errors ?? [];
  const events = known(evidence["cloudtrail.events"])?.events ?? [];
  const fromLogs = logs.map((error) => fromLog(error, evidence));
  const recorded = groupEvents(
    events.filter((event) => ownershipOf(event, evidence, question) === "own"),
    evidence,
  );
  return [...fromLogs, ...recorded].sort(
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

function groupEvents(events: readonly TrailEvent[], evidence: Evidence): readonly Denial[] {
  const groups = new Map<string, { readonly kind: AwsErrorKind; readonly events: TrailEvent[] }>();
  for (const event of events) {
    const kind = errorKindOf(event);
    if (kind === null) continue;
    const key = [
      event.eventSource,
      event.eventName,
      event.errorCode,
      event.principalArn,
      event.requestedRoleArn,
    ].join(" ");
    const group = groups.get(key) ?? { kind, events: [] };
    group.events.push(event);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap((group) => fromTrail(group.kind, group.events, evidence));
}

function fromTrail(kind: AwsErrorKind, events: readonly TrailEvent[], evidence: Evidence): readonly Denial[] {
  const [event] = events;
  if (event === undefined) return [];
  const times = events.map(({ at }) => at).sort();
  const lastSeen = times.at(-1) ?? event.at;
  const pods = known(evidence["k8s.pods"])?.pods ?? [];
  // The message is the service's own sentence, which tells more than the event's fields.
  const said = recognise(event.errorMessage ?? "").find((error) => error.principalArn === event.principalArn);
  return [
    {
      kind,
      principalArn: kind === "assume-role-web-identity-denied" ? null : event.principalArn,
      principalKind: principalKindOfEvent(event),
      action: said?.action ?? actionOf(event),
      missingAction: said?.missingAction ?? null,
      resource: event.requestedRoleArn ?? said?.resource ?? event.resources[0] ?? null,
      denyLayer: said?.denyLayer ?? null,
      source: "cloudtrail",
      count: events.length,
      firstSeen: times[0] ?? event.at,
      lastSeen,
      history: pods.length > 0 && pods.every((pod) => Date.parse(pod.createdAt) > Date.parse(lastSeen)),
      excerpt: event.errorMessage,
      caller: describeCaller(event, sessionOf(event, evidence)),
    },
  ];
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
      if (isOnTheWayToTarget(denial, evidence)) return "role-assumption";
      return denial.principalArn !== null && isExpectedRole(evidence, denial.principalArn)
        ? "authorization"
        : "identity-configuration";
  }
}

/** EKS uses the association's own role only to assume its target role. */
function isOnTheWayToTarget({ action, principalArn }: Denial, evidence: Evidence): boolean {
  const association = known(evidence["eks.association"]);
  if (action !== "sts:AssumeRole" || principalArn === null || association?.targetRoleArn == null)
    return false;
  return sameRole(principalArn, association.roleArn) && !sameRole(principalArn, association.targetRoleArn);
}

function compare(a: string | null, b: string | null): number {
  return (a ?? "") < (b ?? "") ? -1 : (a ?? "") > (b ?? "") ? 1 : 0;
}
