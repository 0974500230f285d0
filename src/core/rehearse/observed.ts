import type { Evidence, EvidenceBundle, Found } from "../evidence.ts";

/** What the rehearsal puts in the place of an observation. */
export function found<T>(value: T, at: string): Found<T> {
  return { status: "found", value, source: "rehearsal", at };
}

export function withEvidence(bundle: EvidenceBundle, changed: Evidence): EvidenceBundle {
  return { ...bundle, evidence: { ...bundle.evidence, ...changed } };
}

/** A change happens after the one before it is in effect: a minute is more than associations need. */
export function later(bundle: EvidenceBundle): EvidenceBundle {
  return { ...bundle, collectedAt: new Date(Date.parse(bundle.collectedAt) + 60_000).toISOString() };
}
