import type { CollectContext } from "../../../app/ports.ts";
import type { EvidenceKind, Observation, Unavailable } from "../../../core/evidence.ts";
import { CallFailure } from "../outcome.ts";

/**
 * Evidence that a collector builds on. What could not be seen there cannot be seen here either, for the same reason.
 * @throws CallFailure with the prerequisite's reason and permission.
 */
export function seen<K extends EvidenceKind>(
  { evidence }: CollectContext,
  kind: K,
): Exclude<NonNullable<CollectContext["evidence"][K]>, Unavailable> {
  const observation: Observation<unknown> | undefined = evidence[kind];
  if (observation === undefined || observation.status === "unavailable") {
    throw new CallFailure(
      observation ?? {
        status: "unavailable",
        reason: "not-collected",
        source: kind,
        detail: `${kind} is not known`,
      },
    );
  }
  return observation as Exclude<NonNullable<CollectContext["evidence"][K]>, Unavailable>;
}
