import type { PermissionCheck, TrailSight } from "./ports.ts";

/** One thing that was looked at. */
export interface Check {
  /** Where it belongs: `configuration`, `Slack`, `Redis`, a cluster's name. */
  readonly area: string;
  readonly name: string;
  /**
   * `unknown`: it could not be looked at, which is not the same as wrong. `optional`: it is not there, or that could not
   * be told, and need not be.
   */
  readonly outcome: "ok" | "failed" | "unknown" | "optional";
  readonly detail: string | null;
  /** What to do; null where nothing is to be done. */
  readonly fix: string | null;
}

export interface DoctorReport {
  readonly schema: "eksiam/doctor/v1";
  readonly checks: readonly Check[];
  readonly healthy: boolean;
}

export function reportOf(checks: readonly Check[]): DoctorReport {
  const healthy = checks.every(({ outcome }) => outcome === "ok" || outcome === "optional");
  return { schema: "eksiam/doctor/v1", checks, healthy };
}

/** A permission of a cluster or an account as a check, with where it is granted. */
export function permissionCheck(area: string, check: PermissionCheck): Check {
  const { permission, granted, detail, optionalFor } = check;
  const aws = permission.includes(":");
  const usual = aws ? "deploy/iam/investigator.json" : "deploy/rbac/investigator.yaml";
  const manifest = check.manifest ?? usual;
  if (granted === true) return { area, name: permission, outcome: "ok", detail: null, fix: null };
  if (optionalFor !== undefined) {
    const fix = `To see ${optionalFor}, grant what deploy/iam/investigator-optional.json lists.`;
    return { area, name: permission, outcome: "optional", detail, fix };
  }
  return granted === false
    ? { area, name: permission, outcome: "failed", detail, fix: `Grant ${permission}: it is in ${manifest}.` }
    : {
        area,
        name: permission,
        outcome: "unknown",
        detail,
        fix: aws
          ? "Give this process AWS credentials that work, then run eksiam doctor again."
          : "Make the API server answer, then run eksiam doctor again.",
      };
}

/** What can be seen of recorded calls: nothing that is missing, but worth knowing before it is missed. */
export function trailCheck(area: string, { source, shows }: TrailSight): Check {
  return { area, name: source, outcome: "ok", detail: shows, fix: null };
}
