import { describeChange } from "./describe-change.ts";
import type { Finding, Plan } from "./diagnosis.ts";
import type { Evidence } from "./evidence.ts";
import { canonical } from "./json.ts";
import { type Change, type ChangeKind, changeKinds, type ManualStep, replacesPods } from "./plan.ts";
import { warningsOf } from "./plan-warnings.ts";
import { sha256 } from "./sha256.ts";

/**
 * One plan from the findings, in their order: each target is changed once, and pods are replaced last. A fix with a
 * kind of change that is not among the allowed ones becomes steps for a person, as a whole. Null: nothing is proposed.
 */
export function planOf(
  findings: readonly Finding[],
  evidence: Evidence,
  allowed: readonly ChangeKind[] = changeKinds,
): Plan | null {
  const isAllowed = ({ fix }: Finding) => fix.every(({ kind }) => allowed.includes(kind));
  const changes = marked(distinct(findings.filter(isAllowed).flatMap((finding) => finding.fix)));
  const manual = distinctSteps(
    findings.flatMap((finding) => [
      ...(isAllowed(finding) ? [] : finding.fix.map(asStep)),
      ...finding.manual,
    ]),
  );
  if (changes.length === 0 && manual.length === 0) return null;
  return {
    digest: digestOf(changes),
    closes: findings
      .filter((finding) => finding.fix.length > 0 && isAllowed(finding))
      .map((finding) => finding.ruleId),
    changes: changes.map(describeChange),
    manual,
    warnings: changes.length === 0 ? [] : warningsOf(changes, evidence),
  };
}

/** Hash over the changes in their order. An approval is of this value. */
export function digestOf(changes: readonly Change[]): string {
  return sha256(canonical(changes));
}

function asStep(change: Change): ManualStep {
  const { preview, command } = describeChange(change);
  return { title: preview.replace(/\.$/, ""), command };
}

function distinct(changes: readonly Change[]): readonly Change[] {
  const byTarget = new Map<string, Change>();
  for (const change of changes) {
    const key = `${change.kind} ${canonical(change.target)}`;
    if (!byTarget.has(key)) byTarget.set(key, change);
  }
  const all = [...byTarget.values()];
  const isRestart = (change: Change) => change.kind === "k8s.rollout.restart";
  const rollouts = all.filter((change) => replacesPods(change) && !isRestart(change));
  return [
    ...all.filter((change) => !replacesPods(change)),
    ...rollouts,
    // A changed template replaces the pods already.
    ...all.filter((change) => isRestart(change) && !rollouts.some((other) => rollsOut(other, change))),
  ];
}

/** Does a change to a pod template replace the pods that a restart would? */
function rollsOut(change: Change, restart: Change): boolean {
  if (change.kind === "k8s.pod.delete" || !("kind" in change.target) || !("kind" in restart.target))
    return false;
  const [one, other] = [change.target, restart.target];
  return one.kind === other.kind && one.namespace === other.namespace && one.name === other.name;
}

/**
 * Restarts with the mark of their plan: of all that it changes and of the state that it starts from. The same plan on
 * the same state is the same text; another plan's restart, or one after this, carries another mark.
 */
function marked(changes: readonly Change[]): readonly Change[] {
  const content = changes.map(({ kind, target, before, after }) =>
    kind === "k8s.rollout.restart" ? { kind, target, before } : { kind, target, before, after },
  );
  const mark = sha256(canonical(content)).slice(0, 16);
  return changes.map((change) =>
    change.kind === "k8s.rollout.restart" ? { ...change, after: { mark } } : change,
  );
}

function distinctSteps(steps: readonly ManualStep[]): readonly ManualStep[] {
  return [...new Map(steps.map((step) => [`${step.title} ${step.command}`, step])).values()];
}
