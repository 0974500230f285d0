import type { EvidenceBundle } from "../../src/core/evidence.ts";
import type { JsonValue } from "../../src/core/json.ts";

export interface RuleCase {
  readonly name: string;
  /** A shared base instead of the fixture's own. */
  readonly base?: string;
  /** Whole observations, where a merge patch could not say null. */
  readonly evidence?: Readonly<Record<string, JsonValue>>;
  /** RFC 7396 merge patch, applied after that. */
  readonly patch?: JsonValue;
  readonly expect:
    | { readonly outcome: "pass" | "not-applicable" }
    | {
        readonly outcome: "fail";
        readonly messageId: string;
        /** The values that matter; the others are only checked to be there. */
        readonly data: Readonly<Record<string, string>>;
        /** The kinds of the changes offered, in order. */
        readonly fix: readonly string[];
      };
}

export interface RuleFixture {
  readonly base: string;
  readonly cases: readonly RuleCase[];
}

export type Bases = Readonly<Record<string, EvidenceBundle>>;

/** The bundle that a case judges. */
export function bundleOf(base: EvidenceBundle, { evidence, patch }: RuleCase): EvidenceBundle {
  const observed = { ...base, evidence: { ...base.evidence, ...evidence } };
  return mergePatch(
    structuredClone(observed) as unknown as JsonValue,
    patch ?? {},
  ) as unknown as EvidenceBundle;
}

/** Applies a JSON merge patch: https://www.rfc-editor.org/rfc/rfc7396 */
function mergePatch(target: JsonValue, patch: JsonValue): JsonValue {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const isObject = target !== null && typeof target === "object" && !Array.isArray(target);
  const merged: Record<string, JsonValue> = isObject ? { ...(target as Record<string, JsonValue>) } : {};
  for (const [key, value] of Object.entries(patch as Record<string, JsonValue>)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key] ?? {}, value);
  }
  return merged;
}
