import type { Evidence } from "./evidence.ts";
import type { LogSign, LogSignId } from "./logs/signs.ts";
import type { Condition } from "./rule.ts";
import { currentSigns, listed } from "./subject.ts";

const symptom = ["k8s.pods", "eks.association", "logs.errors"] as const;

/** The condition of a rule that begins with a sentence in the logs: one of these signs is there now. */
export function whenSign(...ids: readonly LogSignId[]): Condition<(typeof symptom)[number]> {
  return {
    needs: symptom,
    holds: (evidence) => signOf(evidence, ...ids) !== null || "the logs say nothing of the kind",
  };
}

/** The most frequent of these signs that is there now; null: none is. */
export function signOf(evidence: Evidence, ...ids: readonly LogSignId[]): LogSign | null {
  return currentSigns(evidence).find(({ sign }) => ids.includes(sign)) ?? null;
}

/** Where the sign was seen and in which words: the data that messages about signs share. */
export function signData({ containers, excerpt }: LogSign) {
  return { containers: listed(containers), excerpt };
}
