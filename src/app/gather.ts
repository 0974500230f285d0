import { wantedKinds } from "../core/diagnose.ts";
import type { Evidence, EvidenceKind, Observation, Question } from "../core/evidence.ts";
import { redactAll } from "../core/redact.ts";
import type { Rule } from "../core/rule.ts";
import type { CollectContext, CollectorGroup, Collectors } from "./ports.ts";

export interface GatherRequest {
  readonly rules: readonly Rule[];
  readonly collectors: Collectors;
  readonly question: Question;
  /** What is known already; it is not asked for again. */
  readonly evidence: Evidence;
  /** Gather only kinds of these groups; kinds that wait for another group are left for later. Null: everything. */
  readonly groups: readonly CollectorGroup[] | null;
  /** Aborted at the deadline: what has not answered by then is `unavailable` by timeout. */
  readonly signal: AbortSignal;
  /** Told of each kind as it arrives. */
  readonly onObservation?: (kind: EvidenceKind, observation: Observation<unknown>) => void;
}

/**
 * Gathers what the rules need and no more, each kind as soon as the kinds before it are there. What one answer makes
 * relevant is gathered next. Never rejects: what cannot be seen is evidence marked as such.
 */
export async function gather(request: GatherRequest): Promise<Evidence> {
  let evidence = request.evidence;
  const running = new Map<EvidenceKind, Promise<EvidenceKind>>();
  for (;;) {
    for (const kind of ready(request, evidence)) {
      if (running.has(kind)) continue;
      const context = { question: request.question, evidence, signal: request.signal };
      running.set(
        kind,
        collectOne(request.collectors, kind, context).then((observation) => {
          evidence = { ...evidence, [kind]: observation };
          request.onObservation?.(kind, observation);
          return kind;
        }),
      );
    }
    if (running.size === 0) return evidence;
    running.delete(await Promise.race(running.values()));
  }
}

/** Wanted kinds of the asked groups, with what they wait for, whose turn has come. */
function ready(
  { rules, collectors, question, groups }: GatherRequest,
  evidence: Evidence,
): readonly EvidenceKind[] {
  const kinds = new Set<EvidenceKind>();
  const visit = (kind: EvidenceKind): void => {
    if (kinds.has(kind) || evidence[kind] !== undefined) return;
    kinds.add(kind);
    collectors[kind].after.forEach(visit);
  };
  wantedKinds(rules, evidence, question).forEach(visit);
  return [...kinds].filter((kind) => {
    const { group, after } = collectors[kind];
    return (
      (groups === null || groups.includes(group)) && after.every((before) => evidence[before] !== undefined)
    );
  });
}

async function collectOne(
  collectors: Collectors,
  kind: EvidenceKind,
  context: CollectContext,
): Promise<Observation<unknown>> {
  const aborted = new Promise<Observation<unknown>>((resolve) => {
    const timedOut = () =>
      resolve({
        status: "unavailable",
        reason: "timeout",
        source: kind,
        detail: "no answer before the deadline",
      });
    if (context.signal.aborted) timedOut();
    else context.signal.addEventListener("abort", timedOut, { once: true });
  });
  // Here all evidence comes in: whatever becomes of it, no secret is in it.
  const collected = collectors[kind].collect(context).then(
    redactAll<Observation<unknown>>,
    // A collector answers for what it cannot see; one that throws is a bug, and even that is not evidence.
    (error: unknown): Observation<unknown> => ({
      status: "unavailable",
      reason: "error",
      source: kind,
      detail: error instanceof Error ? error.name : "unknown error",
    }),
  );
  return Promise.race([collected, aborted]);
}
