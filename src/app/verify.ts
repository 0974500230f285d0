import { runRule } from "../core/diagnose.ts";
import type { Diagnosis, Plan } from "../core/diagnosis.ts";
import type { EvidenceBundle } from "../core/evidence.ts";
import type { Rule } from "../core/rule.ts";
import { type AskDeps, answer, explainResolveError } from "./judge.ts";
import type { ApprovalStore, Clusters, InvestigationStore, JobQueue } from "./ports.ts";

export interface VerifyDeps extends AskDeps {
  readonly approvals: ApprovalStore;
  readonly investigations: InvestigationStore;
  readonly queue: JobQueue;
  readonly clusters: Clusters;
  readonly sleep: (ms: number) => Promise<void>;
  /** New pods get this long to make calls before their logs count. */
  readonly settleMs: number;
  /** IAM is eventually consistent: how often to look again before saying `not-fixed`. */
  readonly attempts: number;
  readonly retryMs: number;
}

export type Verification = {
  readonly outcome: "fixed" | "not-fixed" | "cannot-tell";
  readonly detail: string;
};

/** Gathers again and runs the same rules: a fix is believed only when its own findings are gone. */
export function createVerify(deps: VerifyDeps) {
  const { approvals, investigations, queue, clusters, rules } = deps;
  return async function verify(approvalId: string): Promise<void> {
    const approval = await approvals.get(approvalId);
    const investigation = approval === null ? null : await investigations.get(approval.investigationId);
    const before =
      investigation === null ? null : await investigations.getDiagnosis(investigation.id, "answer");
    if (investigation === null || before === null || before.plan === null) return;
    const access = clusters.get(investigation.question.cluster);
    if (access === undefined) throw new Error(`Cluster ${investigation.question.cluster} is not configured.`);

    let verification: Verification = { outcome: "cannot-tell", detail: "Nothing could be looked at." };
    for (let attempt = 0; attempt < deps.attempts; attempt++) {
      await deps.sleep(attempt === 0 ? deps.settleMs : deps.retryMs);
      const answered = await answer(deps, access, investigation.question);
      if (!answered.ok) {
        verification = {
          outcome: "cannot-tell",
          detail: explainResolveError(answered.error, investigation.question),
        };
        continue;
      }
      const { bundle, diagnosis } = answered.value;
      await investigations.putDiagnosis(investigation.id, "verification", diagnosis);
      verification = judgeFix(rules, before.plan, bundle, diagnosis);
      if (verification.outcome === "fixed") break;
    }
    const changed = await investigations.update(investigation.id, (current) => ({
      ...current,
      verification: verification.outcome,
      verificationDetail: verification.detail,
    }));
    if (changed !== null) await queue.notifyInvestigation(changed.id, changed.version);
  };
}

/** `fixed` only where every finding that the plan closes was looked for and is gone, and nothing else is broken now. */
export function judgeFix(
  rules: readonly Rule[],
  plan: Plan,
  bundle: EvidenceBundle,
  diagnosis: Diagnosis,
): Verification {
  const results = rules.filter((rule) => plan.closes.includes(rule.id)).map((rule) => runRule(rule, bundle));
  const still = results.filter((result) => result.outcome === "fail").map((result) => result.rule.id);
  if (still.length > 0) return { outcome: "not-fixed", detail: `Still wrong: ${still.join(", ")}.` };
  const unknown = results.filter((result) => result.outcome === "unknown").map((result) => result.rule.id);
  if (unknown.length > 0)
    return { outcome: "cannot-tell", detail: `Could not be checked again: ${unknown.join(", ")}.` };
  if (diagnosis.conclusion === "cause-found") {
    return { outcome: "not-fixed", detail: `What was wrong is gone, but now: ${diagnosis.cause.message}` };
  }
  if (diagnosis.conclusion === "inconclusive") {
    return { outcome: "cannot-tell", detail: "What was wrong is gone, but not everything could be seen." };
  }
  return { outcome: "fixed", detail: describeProof(diagnosis) };
}

function describeProof({ identity }: Diagnosis): string {
  const carried =
    identity.injected?.mechanism === "pod-identity"
      ? "The new pods carry AWS_CONTAINER_CREDENTIALS_FULL_URI"
      : "The new pods carry the expected identity";
  return `${carried}, and their logs show no denial since they started.`;
}
