import { diagnose } from "../core/diagnose.ts";
import type { Diagnosis } from "../core/diagnosis.ts";
import {
  type Evidence,
  type EvidenceBundle,
  type EvidenceKind,
  isBuiltInKind,
  type Observation,
  type Question,
} from "../core/evidence.ts";
import { known } from "../core/identity.ts";
import type { Result } from "../core/result.ts";
import type { Rule } from "../core/rule.ts";
import { type CallBudget, createCallBudget } from "./call-budget.ts";
import { gather } from "./gather.ts";
import type { Clock, ClusterAccess, ResolveError } from "./ports.ts";

export interface AskDeps {
  readonly rules: readonly Rule[];
  readonly clock: Clock;
  /** How long gathering may take in all. */
  readonly deadlineMs: number;
}

export interface Answer {
  readonly bundle: EvidenceBundle;
  readonly diagnosis: Diagnosis;
}

/** How somebody follows a question while it is answered. */
export interface Watching {
  /** From which its requests are taken; by default a full one of its own. */
  readonly budget?: CallBudget;
  /** Told of each kind of evidence as it arrives, for progress. */
  readonly onObservation?: (kind: EvidenceKind, observation: Observation<unknown>) => void;
}

/** The whole way from a question to its diagnosis in one process: for the command line, audits and verifications. */
export async function answer(
  deps: AskDeps,
  access: ClusterAccess,
  asked: Question,
  { budget = createCallBudget(), ...watching }: Watching = {},
): Promise<Result<Answer, ResolveError>> {
  return access.meter.spending(budget, () => answerWithin(deps, access, asked, watching));
}

async function answerWithin(
  { rules, clock, deadlineMs }: AskDeps,
  access: ClusterAccess,
  asked: Question,
  watching: Pick<Watching, "onObservation">,
): Promise<Result<Answer, ResolveError>> {
  const signal = AbortSignal.timeout(deadlineMs);
  const resolved = await access.resolve(asked, signal);
  if (!resolved.ok) return resolved;
  const question = resolved.value;
  const evidence = await gather({
    rules,
    collectors: access.collectors,
    question,
    evidence: {},
    groups: null,
    signal,
    ...watching,
  });
  const unknown = unknownContainer(question, evidence);
  if (unknown !== null) return { ok: false, error: unknown };
  const bundle = bundleOf(question, evidence, clock());
  return { ok: true, value: { bundle, diagnosis: diagnose(rules, bundle) } };
}

/** A container that the workload does not have would be judged by nothing, and found in order. */
export function unknownContainer(question: Question, evidence: Evidence): ResolveError | null {
  const workload = known(evidence["k8s.workload"]);
  if (question.container === null || workload === null) return null;
  const containers = workload.template.containers.map((container) => container.name);
  return containers.includes(question.container) ? null : { type: "no-container", containers };
}

/** @param at ISO time at which gathering ended. */
export function bundleOf(question: Question, evidence: Evidence, at: string): EvidenceBundle {
  // The order in which answers arrive must not show: equal evidence gives equal bundles.
  const sorted = Object.fromEntries(Object.entries(evidence).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { schema: "eksiam/bundle/v1", question, collectedAt: at, evidence: sorted };
}

/** What a person is told when the question itself cannot be answered. */
export function explainResolveError(error: ResolveError, question: Question): string {
  const name = `${question.namespace}/${question.name}`;
  switch (error.type) {
    case "not-found": {
      const unread = error.unread.map(
        (permission) => `To follow owners of pods further up, grant eksiam: ${permission}.`,
      );
      return [
        `There is no workload ${name} in cluster ${question.cluster}.`,
        ...meant(error.nearest),
        ...unread,
      ].join(" ");
    }
    case "no-namespace":
      return [
        `There is no namespace ${question.namespace} in cluster ${question.cluster}.`,
        ...meant(error.nearest),
      ].join(" ");
    case "ambiguous":
      return `${name} exists as ${error.kinds.join(" and ")}: ${toTellApart(error.kinds)}.`;
    case "no-container":
      return `${name} has no container ${question.container}; it has ${error.containers.join(", ")}.`;
    case "unavailable":
      return error.permission === null
        ? `${name} could not be looked up in cluster ${question.cluster}: ${error.reason}.`
        : `${name} could not be looked up in cluster ${question.cluster}: ${error.reason}. Grant eksiam: ${error.permission}.`;
  }
}

function meant(nearest: readonly string[]): readonly string[] {
  return nearest.length === 0 ? [] : [`Did you mean ${nearest.join(", ")}?`];
}

function toTellApart(kinds: readonly string[]): string {
  const known = kinds.find(isBuiltInKind);
  return known === undefined
    ? "ask about one of their pods with --kind pod"
    : `say which one with --kind ${known.toLowerCase()}`;
}
