import { isRestorable } from "./describe/kubernetes.ts";
import type { Evidence, WorkloadFacts } from "./evidence.ts";
import { excess } from "./iam/excess.ts";
import { namedPolicies } from "./iam-steps.ts";
import { known } from "./identity.ts";
import { type Change, replacesPods } from "./plan.ts";

/** Who else a plan touches, who may undo it, and what it hands out beyond the need. */
export function warningsOf(changes: readonly Change[], evidence: Evidence): readonly string[] {
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
  const replaces = changes.some(replacesPods);
  if (replicas !== null && replaces)
    warnings.push(`The restart replaces ${replicas} ${replicas === 1 ? "pod" : "pods"}.`);
  for (const budget of sharing?.disruptionBudgets ?? []) {
    if (replaces && budget.disruptionsAllowed === 0) {
      warnings.push(
        `PodDisruptionBudget ${budget.name} allows no disruption now; a rollout ignores it, an eviction does not.`,
      );
    }
  }
  const owner = ownerOf(workload);
  if (workload !== null && owner !== null && replaces) {
    const owned = `${owner} owns ${workload.kind.toLowerCase()} ${workload.name}`;
    warnings.push(
      changes.some(changesTemplate)
        ? `${owned}: it will undo the change unless it is made there too.`
        : `${owned}: it may undo the restart annotation, which is harmless once the pods are replaced.`,
    );
  }
  return [
    ...warnings,
    ...changes.flatMap((change) => [...roleWarning(change, evidence), ...kindWarning(change, evidence)]),
  ];
}

/** The tool that deploys the workload, else the controller that writes it. */
function ownerOf(workload: WorkloadFacts | null): string | null {
  if (workload === null) return null;
  return workload.managedBy === "none" ? (workload.ownedBy ?? null) : workload.managedBy;
}

function changesTemplate(change: Change): boolean {
  return replacesPods(change) && change.kind !== "k8s.rollout.restart" && change.kind !== "k8s.pod.delete";
}

/** What a person should know before this kind of change is approved. */
function kindWarning(change: Change, evidence: Evidence): readonly string[] {
  switch (change.kind) {
    case "k8s.service-account.annotate": {
      const owner = known(evidence["k8s.service-account"])?.managedBy ?? "none";
      if (owner === "none") return [];
      return [
        `${owner} owns service account ${change.target.name}: it will undo the annotation unless it is made there too.`,
      ];
    }
    case "eks.pod-identity-association.update": {
      const association = known(evidence["eks.association"]);
      const owner = association?.associationId === change.target.associationId ? association.ownerArn : null;
      if (owner == null) return [];
      return [
        `Add-on ${owner.split("/")[2] ?? owner} owns association ${change.target.associationId}: its next update undoes the change unless it is made there.`,
      ];
    }
    case "k8s.workload.env":
      return isRestorable(change.before)
        ? []
        : [
            `The values of ${change.target.variables.join(", ")} are not kept: they can be put back only by hand or by a rollout undo. Make sure that nothing else in the container needs these keys.`,
          ];
    case "iam.role.trust-policy": {
      const role = known(evidence["iam.role"]);
      const stack =
        role?.arn === change.target.roleArn ? role.tags["aws:cloudformation:stack-name"] : undefined;
      if (stack === undefined) return [];
      return [
        `CloudFormation stack ${stack} owns role ${change.target.roleName}: it will undo the change unless it is made there too.`,
      ];
    }
    case "iam.role.attach-policy":
      return [
        `Everything that runs as role ${change.target.roleName} gets the policy: on a node role, every node.`,
      ];
    default:
      return [];
  }
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
