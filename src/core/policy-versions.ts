import type { Absent, Evidence, Found, LogErrorGroup, PolicyFacts } from "./evidence.ts";
import type { PolicyVersionsFacts } from "./facts/aws.ts";
import { judgeRefusals } from "./refused-calls.ts";

/** A version beside the default that would have allowed refused calls. */
export interface AllowingVersion {
  readonly policy: PolicyVersionsFacts;
  readonly versionId: string;
  readonly calls: readonly LogErrorGroup[];
}

/**
 * The newest version beside the default that, put in its policy's place, would allow a call that the role's policies
 * refuse today. Null: none would.
 */
export function allowingVersion(
  evidence: Evidence,
  policies: Found<readonly PolicyFacts[]>,
  versions: Found<readonly PolicyVersionsFacts[]> | Absent,
): AllowingVersion | null {
  if (versions.status === "absent") return null;
  const refusedToday = new Set(
    (judgeRefusals(evidence, policies) ?? [])
      .filter(({ verdict }) => verdict !== "allowed")
      .map(({ error }) => error),
  );
  for (const policy of versions.value) {
    const newestFirst = [...policy.others].sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
    for (const { versionId, document } of newestFirst) {
      const instead = policies.value.map((known) =>
        known.arn === policy.arn ? { ...known, document } : known,
      );
      const judged = judgeRefusals(evidence, { ...policies, value: instead }) ?? [];
      const calls = judged
        .filter(({ verdict, error }) => verdict === "allowed" && refusedToday.has(error))
        .map(({ error }) => error);
      if (calls.length > 0) return { policy, versionId, calls };
    }
  }
  return null;
}
