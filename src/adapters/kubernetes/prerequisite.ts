import type { CollectContext } from "../../app/ports.ts";
import type { Absent, EvidenceKind, EvidenceValues, Unavailable } from "../../core/evidence.ts";

export type Prerequisite<K extends EvidenceKind> =
  | { readonly ok: true; readonly value: EvidenceValues[K] }
  | { readonly ok: false; readonly observation: Absent | Unavailable };

/**
 * What must be known before a collector can look. Could the prerequisite not be seen, then neither can this, for
 * want of the same permission; is it not there, then what belongs to it is not there either.
 */
export function prerequisite<K extends EvidenceKind>(context: CollectContext, kind: K): Prerequisite<K> {
  const observation = context.evidence[kind];
  switch (observation?.status) {
    case "found":
      // The bundle's type pairs each kind with its own value; the compiler cannot follow that through an index.
      return { ok: true, value: observation.value as EvidenceValues[K] };
    case "absent":
      return { ok: false, observation };
    case "unavailable":
      return { ok: false, observation: { ...observation, detail: `needs ${kind}` } };
    default:
      return {
        ok: false,
        observation: {
          status: "unavailable",
          reason: "not-collected",
          detail: `needs ${kind}`,
          source: kind,
        },
      };
  }
}
