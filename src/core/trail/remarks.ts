import type { Denial } from "../diagnosis.ts";
import type { Evidence, Question } from "../evidence.ts";
import type { TrailFacts, TrailSource } from "../facts/trail.ts";
import { known } from "../identity.ts";
import { type AskedCall, couldHold } from "./coverage.ts";
import { dataEventType } from "./data-events.ts";
import { actionOf, errorKindOf } from "./error-kind.ts";
import { ownershipOf } from "./ownership.ts";

const named = 5;

/**
 * What an answer of CloudTrail is worth: its source, its window, how late it is, and whether the very calls that were
 * denied could be in it. Empty: it was not read.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
 */
export function trailRemarks(
  evidence: Evidence,
  denials: readonly Denial[],
  question: Question,
): readonly string[] {
  const facts = known(evidence["cloudtrail.events"]);
  if (facts === null) return [];
  const calls = callsOf(denials);
  return [
    `${nameOfSource(facts.source)}${facts.historyToo === true ? ", and event history for management events," : ""} was read from ${facts.from} to ${facts.to}${facts.complete ? "" : ", not to its end"}. Calls arrive there about five minutes late on average and without a guarantee, so the last of them may be missing.`,
    ...coverageOf(facts, calls),
    ...sharedOf(facts, evidence, question),
  ];
}

/** `CloudTrail event history`, or the store's own name. */
export function nameOfSource(source: TrailSource | undefined): string {
  switch (source?.kind) {
    case "lake":
      return `CloudTrail Lake (event data store ${source.eventDataStore.slice(source.eventDataStore.lastIndexOf("/") + 1)})`;
    case "log-group":
      return `CloudTrail's log group ${source.logGroup}`;
    default:
      return "CloudTrail event history";
  }
}

function callsOf(denials: readonly Denial[]): readonly AskedCall[] {
  const calls = new Map<string, AskedCall>();
  for (const { action, resource, kind } of denials) {
    if (action === null || !action.includes(":") || kind === "throttled") continue;
    if (!calls.has(action)) calls.set(action, { action, resource });
  }
  return [...calls.values()];
}

function coverageOf(facts: TrailFacts, calls: readonly AskedCall[]): readonly string[] {
  const history = facts.source === undefined || facts.source.kind === "event-history";
  const of = (wanted: ReturnType<typeof couldHold>) =>
    calls.filter((call) => couldHold(facts, call) === wanted).map(({ action }) => action);
  const never = of("no");
  const unknown = of("unknown");
  const held = of("yes").filter((action) => !history || dataEventType(action) === null);
  const remarks: string[] = [];
  if (history && calls.length === 0) {
    remarks.push(
      "Event history holds management events only: data events such as dynamodb:Query or s3:GetObject are never in it.",
    );
  }
  if (never.length > 0) {
    remarks.push(
      history
        ? `${listOf(never)} ${never.length === 1 ? "is a data event, which" : "are data events, which"} event history never holds: that nothing is found there says nothing about ${never.length === 1 ? "it" : "them"}.`
        : `Its selectors do not record ${listOf(never)}: that nothing is found there says nothing about ${never.length === 1 ? "it" : "them"}.`,
    );
  }
  if (held.length > 0) {
    remarks.push(`${listOf(held)} would be in it${history ? "" : ", by its selectors"}.`);
  }
  if (unknown.length > 0) {
    remarks.push(
      facts.selectors === null
        ? `Whether it records ${listOf(unknown)} is not known, for its selectors could not be read.`
        : `Whether its selectors record ${listOf(unknown)} cannot be told from the denial alone.`,
    );
  }
  return remarks;
}

/** Denied calls of the workload's role that may be somebody else's are told, and not counted as its own. */
function sharedOf(facts: TrailFacts, evidence: Evidence, question: Question): readonly string[] {
  const shared = facts.events.filter(
    (event) => errorKindOf(event) !== null && ownershipOf(event, evidence, question) === "same-role",
  );
  if (shared.length === 0) return [];
  const actions = [...new Set(shared.map(actionOf))];
  return [
    `CloudTrail also shows ${shared.length} failed ${shared.length === 1 ? "call" : "calls"} with the same role (${listOf(actions)}) of which nothing shows that this workload made ${shared.length === 1 ? "it" : "them"}.`,
  ];
}

function listOf(actions: readonly string[]): string {
  const shown = actions.slice(0, named).join(", ");
  return actions.length > named ? `${shown} and ${actions.length - named} more` : shown;
}
