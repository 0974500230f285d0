import { credentialTraces } from "./credentials/trace.ts";
import { denialsOf, stageReached } from "./denials.ts";
import type { BlindSpot, Diagnosis, Finding } from "./diagnosis.ts";
import type {
  Evidence,
  EvidenceBundle,
  EvidenceKind,
  Observation,
  Question,
  Unavailable,
} from "./evidence.ts";
import { expectedIdentity, injectedIdentity, known, usedIdentity } from "./identity.ts";
import { type ChangeKind, changeKinds } from "./plan.ts";
import { planOf } from "./remedy.ts";
import { type Fail, type Known, type Rule, stages } from "./rule.ts";
import { isAgentsCall } from "./subject.ts";
import { trailRemarks } from "./trail/remarks.ts";

/** What one rule says of a bundle. `unknown` is the engine's word, never a rule's. */
export type RuleResult =
  | { readonly rule: Rule; readonly outcome: "pass" }
  | { readonly rule: Rule; readonly outcome: "not-applicable"; readonly because: string }
  | {
      readonly rule: Rule;
      readonly outcome: "fail";
      readonly verdict: Fail<string>;
      readonly finding: Finding;
    }
  | { readonly rule: Rule; readonly outcome: "unknown"; readonly missing: readonly EvidenceKind[] };

/** What is gathered for every question, because every answer shows it. */
const alwaysWanted: readonly EvidenceKind[] = [
  "k8s.workload",
  "k8s.pods",
  "k8s.service-account",
  "logs.errors",
  "eks.association",
  "cloudtrail.events",
];

/**
 * The kinds that the rules need and that have not been asked for: a rule's own needs count only once its condition
 * holds, so that costly evidence is gathered only where a symptom makes it relevant. Empty: gathering is complete.
 */
export function wantedKinds(
  rules: readonly Rule[],
  evidence: Evidence,
  question: Question,
): readonly EvidenceKind[] {
  const wanted = new Set<EvidenceKind>(alwaysWanted);
  for (const rule of rules) {
    if (!holds(rule.when, evidence, question, wanted)) continue;
    for (const kind of rule.needs) wanted.add(kind);
    if (rule.wants.length === 0 || missingOf(rule.needs, evidence).length > 0) continue;
    // What only improves a remedy is asked for only where there is something to remedy.
    const seen = [...neededToApply(rule), ...rule.needs, ...rule.wants];
    if (rule.check(view(seen, evidence), question).outcome !== "fail") continue;
    for (const kind of rule.wants) wanted.add(kind);
  }
  return [...wanted].filter((kind) => evidence[kind] === undefined);
}

/** Do all conditions hold? Adds what they need, of each only once those before it hold. */
function holds(
  conditions: Rule["when"],
  evidence: Evidence,
  question: Question,
  wanted: Set<EvidenceKind>,
): boolean {
  return conditions.every(({ needs, holds: held }) => {
    for (const kind of needs) wanted.add(kind);
    return missingOf(needs, evidence).length === 0 && held(view(needs, evidence), question) === true;
  });
}

function neededToApply({ when }: Rule): readonly EvidenceKind[] {
  return when.flatMap(({ needs }) => needs);
}

/** Runs one rule: answers for it wherever something that it needs could not be seen. */
export function runRule(rule: Rule, bundle: EvidenceBundle): RuleResult {
  const { evidence, question } = bundle;
  for (const condition of rule.when) {
    const missing = missingOf(condition.needs, evidence);
    if (missing.length > 0) return { rule, outcome: "unknown", missing };
    const held = condition.holds(view(condition.needs, evidence), question);
    if (held !== true) return { rule, outcome: "not-applicable", because: held };
  }
  const missing = missingOf(rule.needs, evidence);
  if (missing.length > 0) return { rule, outcome: "unknown", missing };
  const seen = [...neededToApply(rule), ...rule.needs];
  const verdict = rule.check(view([...seen, ...rule.wants], evidence), question);
  switch (verdict.outcome) {
    case "pass":
      return { rule, outcome: "pass" };
    case "not-applicable":
      return { rule, outcome: "not-applicable", because: verdict.because };
    case "fail":
      return { rule, outcome: "fail", verdict, finding: findingOf(rule, verdict, sourcesOf(seen, evidence)) };
  }
}

/**
 * Judges a bundle. The cause is the first stage that fails and fits what was seen to happen; other true faults are
 * told in the order in which the call meets them. Deterministic: the same bundle gives the same diagnosis.
 * @param allowed the kinds of change that may be offered; a fix of another kind becomes steps for a person.
 */
export function diagnose(
  rules: readonly Rule[],
  bundle: EvidenceBundle,
  allowed: readonly ChangeKind[] = changeKinds,
): Diagnosis {
  const { evidence, question } = bundle;
  const results = rules.map((rule) => runRule(rule, bundle));
  const denials = denialsOf(evidence, question);
  const findings = rank(results.flatMap((result) => (result.outcome === "fail" ? [result.finding] : [])));
  const cause = causeOf(findings, denials, evidence);
  const alsoWrong = findings.filter((finding) => finding !== cause);
  // A log that was not read may hold the cause that no other log shows.
  const blindSpots = [...blindSpotsOf(results, evidence), ...(cause === null ? unreadLogs(evidence) : [])];
  const now = denials.filter((denial) => !denial.history);
  const unexplained = cause === null ? now : [];
  const base = {
    schema: "eksiam/diagnosis/v1",
    question,
    collectedAt: bundle.collectedAt,
    alsoWrong,
    ruledOut: results.flatMap((result) => (result.outcome === "pass" ? [result.rule.id] : [])),
    blindSpots,
    remarks: [
      ...unexplained.map((denial) => `No rule explains this error: ${describe(denial)}.`),
      ...trailRemarks(evidence, denials, question),
      ...remarksOf(evidence, blindSpots),
    ],
    identity: {
      serviceAccount: known(evidence["k8s.workload"])?.template.serviceAccountName ?? null,
      expected: expectedIdentity(evidence),
      injected: injectedIdentity(evidence, question.container),
      used: usedIdentity(
        evidence,
        now
          .filter((denial) => {
            if (denial.kind !== "access-denied" || isAgentsCall(denial)) return false;
            return denial.source === "pod-log" || denial.action !== "sts:AssumeRole";
          })
          // The log is the workload's own; CloudTrail tells where the log is silent.
          .sort((a, b) => Number(a.source === "cloudtrail") - Number(b.source === "cloudtrail"))
          .map((denial) => ({ arn: denial.principalArn, kind: denial.principalKind })),
      ),
    },
    credentials: credentialTraces(evidence, question),
    denials,
    plan: planOf(cause === null ? alsoWrong : [cause, ...alsoWrong], evidence, allowed),
  } as const;
  if (cause !== null) return { ...base, conclusion: "cause-found", cause };
  const clear = blindSpots.length === 0 && unexplained.length === 0;
  return { ...base, conclusion: clear ? "no-fault-found" : "inconclusive", cause: null };
}

/** By stage, then severity, then id: explainable in one sentence. */
function rank(findings: readonly Finding[]): readonly Finding[] {
  const severities = ["error", "warning", "info"];
  return [...findings].sort(
    (a, b) =>
      stages.indexOf(a.stage) - stages.indexOf(b.stage) ||
      severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
      (a.ruleId < b.ruleId ? -1 : 1),
  );
}

function causeOf(
  ranked: readonly Finding[],
  denials: ReturnType<typeof denialsOf>,
  evidence: Evidence,
): Finding | null {
  const faults = ranked.filter((finding) => finding.severity !== "info");
  const reached = stageReached(denials, evidence);
  const fits = (finding: Finding) =>
    reached === null || stages.indexOf(finding.stage) >= stages.indexOf(reached);
  return faults.find(fits) ?? faults[0] ?? null;
}

function findingOf(rule: Rule, verdict: Fail<string>, cites: readonly string[]): Finding {
  const { title, stage, severity, messages, unless } = rule.meta;
  const message = (messages[verdict.messageId] ?? "").replace(
    /\{\{(\w+)\}\}/g,
    (placeholder, name: string) => verdict.data[name] ?? placeholder,
  );
  return {
    ruleId: rule.id,
    title,
    message,
    stage,
    severity,
    cites,
    unless,
    fix: verdict.fix ?? [],
    manual: verdict.manual ?? [],
  };
}

/** What could not be seen, once a kind, with the rules that would have looked at it. */
function blindSpotsOf(results: readonly RuleResult[], evidence: Evidence): readonly BlindSpot[] {
  const ruleIds = new Map<EvidenceKind, string[]>();
  for (const result of results) {
    for (const kind of missingFor(result, evidence)) {
      ruleIds.set(kind, [...(ruleIds.get(kind) ?? []), result.rule.id]);
    }
  }
  for (const kind of alwaysWanted) {
    if (evidence[kind]?.status === "unavailable" && !ruleIds.has(kind)) ruleIds.set(kind, []);
  }
  return [...ruleIds].map(([kind, ids]) => {
    const seen = unavailable(evidence[kind]);
    return {
      evidence: kind,
      reason: seen.reason,
      permission: seen.permission ?? null,
      detail: seen.detail ?? null,
      ruleIds: ids,
    };
  });
}

/** Logs of which the others were read, one spot for all of them. */
function unreadLogs(evidence: Evidence): readonly BlindSpot[] {
  const failed = (known(evidence["logs.errors"])?.unread ?? []).filter(
    ({ failure }) => failure !== undefined,
  );
  const [first] = failed;
  if (first?.failure === undefined) return [];
  const detail = `${failed.length} of the logs, among them ${first.pod}/${first.container}: ${first.reason}`;
  return [{ evidence: "logs.errors", reason: first.failure, permission: null, detail, ruleIds: [] }];
}

function missingFor(result: RuleResult, evidence: Evidence): readonly EvidenceKind[] {
  // Information is never the cause: what only it looks at could not change the answer.
  if (result.rule.meta.severity === "info") return [];
  if (result.outcome === "unknown") return result.missing;
  // What a remedy wanted matters only where there is something to remedy.
  return result.outcome === "fail" ? missingOf(result.rule.wants, evidence) : [];
}

function remarksOf(evidence: Evidence, blindSpots: readonly BlindSpot[]): readonly string[] {
  const logs = evidence["logs.errors"];
  const remarks: string[] = [];
  if (logs?.status === "found") {
    for (const unread of logs.value.unread) {
      remarks.push(
        `The log of container ${unread.container} in pod ${unread.pod} was not read: ${unread.reason}.`,
      );
    }
  }
  for (const [kind, observation] of Object.entries(evidence)) {
    if (observation.status !== "unavailable" || blindSpots.some((spot) => spot.evidence === kind)) continue;
    const grant = observation.permission === undefined ? "" : ` Grant eksiam: ${observation.permission}.`;
    remarks.push(`${kind} was not read (${observation.reason}), which changes nothing here.${grant}`);
  }
  return remarks;
}

function describe(denial: { kind: string; action: string | null; principalArn: string | null }): string {
  const action = denial.action === null ? "" : ` for ${denial.action}`;
  return `${denial.kind}${action}${denial.principalArn === null ? "" : ` as ${denial.principalArn}`}`;
}

function missingOf(kinds: readonly EvidenceKind[], evidence: Evidence): readonly EvidenceKind[] {
  return kinds.filter((kind) => {
    const observation = evidence[kind];
    return observation === undefined || observation.status === "unavailable";
  });
}

function unavailable(observation: Observation<unknown> | undefined): Unavailable {
  if (observation?.status === "unavailable") return observation;
  return { status: "unavailable", reason: "not-collected", source: "eksiam" };
}

function sourcesOf(kinds: readonly EvidenceKind[], evidence: Evidence): readonly string[] {
  const sources = kinds.flatMap((kind) => evidence[kind]?.source ?? []);
  return [...new Set(sources)];
}

/**
 * The part of the evidence that a rule may see. The type is the widest a rule can declare; that nothing beyond its
 * own declaration is there, and no need is unavailable, is what the callers above have made sure of.
 */
function view(kinds: readonly EvidenceKind[], evidence: Evidence): Known<EvidenceKind> {
  const entries = kinds.map((kind) => [kind, evidence[kind] ?? unavailable(undefined)]);
  return Object.fromEntries(entries) as Known<EvidenceKind>;
}
