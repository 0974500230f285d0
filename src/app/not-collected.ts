import type { EvidenceKind } from "../core/evidence.ts";
import type { Collector } from "./ports.ts";

/** The collector of a kind that is not gathered here: it says so, and never that there is none. */
export function notCollected<K extends EvidenceKind>(kind: K, detail: string): Collector<K> {
  return {
    kind,
    group: "config",
    after: [],
    collect: async () => ({ status: "unavailable", reason: "not-collected", source: "eksiam", detail }),
  };
}
