import type { Finding, Plan, PlannedChange } from "./diagnosis.ts";
import type { Evidence, PolicyFacts } from "./evidence.ts";
import { excess } from "./iam/least-privilege.ts";
import { parsePolicy } from "./iam/policy.ts";
import { known } from "./identity.ts";
import { canonical } from "./json.ts";
import type { Change, ManualStep } from "./plan.ts";
import { sha256 } from "./sha256.ts";

/**
 * One plan from the findings, in their order: each target is changed once, and rollouts are restarted last.
 * Null: nothing is proposed.
 */
export function planOf(findings: readonly Finding[], evidence: Evidence): Plan | null {
  const changes = distinct(findings.flatMap((finding) => finding.fix));
  const manual = distinctSteps(findings.flatMap((finding) => finding.manual));
  if (changes.length === 0 && manual.length === 0) return null;
  return {
    digest: digestOf(changes),
    closes: findings.filter((finding) => finding.fix.length > 0).map((finding) => finding.ruleId),
    changes: changes.map(describeChange),
    manual,
    warnings: changes.length === 0 ? [] : warningsOf(changes, evidence),
  };
}

/** Hash over the changes in their order. An approval is of this value. */
export function digestOf(changes: readonly Change[]): string {
  return sha256(canonical(changes));
}

/** What a change will do, for people: target, sentence, the exact command and the command that takes it back. */
export function describeChange(change: Change): PlannedChange {
  switch (change.kind) {
    case "eks.pod-identity-association.create": {
      const { cluster, region, namespace, serviceAccount } = change.target;
      const roleArn = change.after?.roleArn ?? "";
      const where = `--cluster-name ${quote(cluster)} --region ${quote(region)}`;
      const who = `--namespace ${quote(namespace)} --service-account ${quote(serviceAccount)}`;
      const id = `"$(aws eks list-pod-identity-associations ${where} ${who} --query 'associations[0].associationId' --output text)"`;
      return {
        change,
        target: `${cluster}/${namespace}/${serviceAccount}`,
        preview: `Create a Pod Identity association in cluster ${cluster}: service account ${namespace}/${serviceAccount} gets the role ${roleArn}.`,
        command: `aws eks create-pod-identity-association ${where} ${who} --role-arn ${quote(roleArn)}`,
        undo: `aws eks delete-pod-identity-association ${where} --association-id ${id}`,
      };
    }
    case "k8s.rollout.restart": {
      const { cluster, kind, namespace, name } = change.target;
      const object = quote(`${kind.toLowerCase()}/${name}`);
      return {
        change,
        target: `${cluster}/${namespace}/${name}`,
        preview: `Restart the rollout of ${kind.toLowerCase()} ${namespace}/${name}: its pods are replaced one after the other, because a running pod never gets a new identity.`,
        command: `kubectl -n ${quote(namespace)} rollout restart ${object}`,
        undo: `kubectl -n ${quote(namespace)} rollout undo ${object}`,
      };
    }
  }
}

/**
 * The commands that take changes back, in the order in which they must run: last change first, but rollouts after
 * everything else, because pods keep what was true when they were created.
 */
export function undoCommands(changes: readonly Change[]): readonly string[] {
  const isRestart = (change: Change) => change.kind === "k8s.rollout.restart";
  const back = changes.toReversed();
  return [...back.filter((change) => !isRestart(change)), ...back.filter(isRestart)].map(
    (change) => describeChange(change).undo,
  );
}

function warningsOf(changes: readonly Change[], evidence: Evidence): readonly string[] {
  const warnings: string[] = [];
  const sharing = known(evidence["k8s.sharing"]);
  if (evidence["k8s.sharing"]?.status === "unavailable") {
    warnings.push("Who else runs as this service account could not be seen.");
  }
  const others = sharing?.workloads ?? [];
  if (others.length > 0) {
    const names = others.map((other) => `${other.kind.toLowerCase()} ${other.name}`).join(", ");
    warnings.push(`The same service account is used by ${names}: their next pods get the role too.`);
  }
  const workload = known(evidence["k8s.workload"]);
  const replicas = workload?.replicas ?? null;
  if (replicas !== null)
    warnings.push(`The restart replaces ${replicas} ${replicas === 1 ? "pod" : "pods"}.`);
  for (const budget of sharing?.disruptionBudgets ?? []) {
    if (budget.disruptionsAllowed === 0) {
      warnings.push(
        `PodDisruptionBudget ${budget.name} allows no disruption now; a rollout ignores it, an eviction does not.`,
      );
    }
  }
  if (workload !== null && workload.managedBy !== "none") {
    warnings.push(
      `${workload.managedBy} owns ${workload.kind.toLowerCase()} ${workload.name}: it may undo the restart annotation, which is harmless once the pods are replaced.`,
    );
  }
  return [...warnings, ...changes.flatMap((change) => roleWarning(change, evidence))];
}

/** Says so where the role that a change hands out may do far more than what was denied. */
function roleWarning(change: Change, evidence: Evidence): readonly string[] {
  if (change.kind !== "eks.pod-identity-association.create") return [];
  const roleArn = change.after?.roleArn;
  const candidate = known(evidence["iam.candidate-roles"])?.find((role) => role.arn === roleArn);
  if (candidate === undefined) return [];
  const needed = (known(evidence["logs.errors"])?.errors ?? []).flatMap((error) =>
    error.action === null ? [] : [{ action: error.missingAction ?? error.action, resource: error.resource }],
  );
  const beyond = excess(namedPolicies(candidate.policies), needed);
  if (beyond.length === 0) return [];
  return [
    `Beyond what was denied, ${candidate.name} also allows ${beyond.slice(0, 5).join(", ")}${beyond.length > 5 ? ", …" : ""}.`,
  ];
}

function namedPolicies(policies: readonly PolicyFacts[]) {
  return policies.flatMap(({ name, document }) => {
    const policy = parsePolicy(document, "identity");
    return policy.ok ? [{ name, policy: policy.value }] : [];
  });
}

function distinct(changes: readonly Change[]): readonly Change[] {
  const byTarget = new Map<string, Change>();
  for (const change of changes) {
    const key = `${change.kind} ${canonical(change.target)}`;
    if (!byTarget.has(key)) byTarget.set(key, change);
  }
  const all = [...byTarget.values()];
  const isRestart = (change: Change) => change.kind === "k8s.rollout.restart";
  return [...all.filter((change) => !isRestart(change)), ...all.filter(isRestart)];
}

function distinctSteps(steps: readonly ManualStep[]): readonly ManualStep[] {
  return [...new Map(steps.map((step) => [`${step.title} ${step.command}`, step])).values()];
}

/** A word that a POSIX shell takes literally. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
