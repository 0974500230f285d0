import type { Absent, EvidenceKind, EvidenceValues, Found, Observation, Question } from "./evidence.ts";
import type { Change, ManualStep } from "./plan.ts";

/** The stages of a call, in the order in which the call meets them. The first that breaks is the cause. */
export const stages = [
  "identity-configuration",
  "injection",
  "token-and-agent",
  "role-assumption",
  "credential-selection",
  "authorization",
  "endpoint",
] as const;

export type Stage = (typeof stages)[number];
export type Severity = "error" | "warning" | "info";

/** Evidence that a rule may look at: what it declared, and of that only what was seen or is known to be absent. */
export type Known<K extends EvidenceKind> = { readonly [P in K]: Found<EvidenceValues[P]> | Absent };

/** Evidence that improves the remedy, not the verdict: may be unavailable. */
export type Wanted<K extends EvidenceKind> = { readonly [P in K]: Observation<EvidenceValues[P]> };

export interface Pass {
  readonly outcome: "pass";
}
export interface NotApplicable {
  readonly outcome: "not-applicable";
  readonly because: string;
}
export interface Fail<M extends string> {
  readonly outcome: "fail";
  readonly messageId: M;
  /** Fills the placeholders of the message, and nothing else. */
  readonly data: Readonly<Record<string, string>>;
  /** Changes that close this finding, in the order in which they must run. */
  readonly fix?: readonly [Change, ...Change[]];
  /** What a person does where no automatic change exists or suffices. */
  readonly manual?: readonly ManualStep[];
}

/** What a rule can say. It cannot say `unknown`: the engine does, for every need that could not be seen. */
export type Verdict<M extends string> = Pass | NotApplicable | Fail<M>;

export interface RuleMeta<M extends string> {
  readonly title: string;
  readonly stage: Stage;
  readonly severity: Severity;
  /** Vendor pages that make the rule true. At least one. */
  readonly references: readonly [string, ...string[]];
  /** What would change the verdict: when something else is to blame, a sentence each. The page ends with them. */
  readonly unless: readonly [string, ...string[]];
  /** Texts by id; `{{name}}` is filled from the verdict's data. */
  readonly messages: Readonly<Record<M, string>>;
  /** Former or merged names of this failure mode. */
  readonly aliases?: readonly string[];
}

/** The symptom or circumstance without which a rule has nothing to say, and its `needs` need not be gathered. */
export interface Condition<G extends EvidenceKind> {
  readonly needs: readonly G[];
  /** True, or why the rule does not apply. */
  holds(evidence: Known<G>, question: Question): true | string;
}

export interface Rule {
  readonly id: string;
  readonly meta: RuleMeta<string>;
  /** In order: what one needs is gathered only once those before it hold. */
  readonly when: readonly Condition<EvidenceKind>[];
  readonly needs: readonly EvidenceKind[];
  readonly wants: readonly EvidenceKind[];
  check(evidence: Known<EvidenceKind>, question: Question): Verdict<string>;
}

interface RuleDefinition<
  M extends string,
  N extends EvidenceKind,
  G extends EvidenceKind,
  W extends EvidenceKind,
  H extends EvidenceKind,
> {
  readonly id: string;
  readonly meta: RuleMeta<M>;
  readonly when?: Condition<G>;
  /** A second condition that is looked at, and its evidence gathered, only where the first holds. */
  readonly andWhen?: Condition<H>;
  readonly needs: readonly N[];
  readonly wants?: readonly W[];
  check(evidence: Known<N | G | H> & Wanted<W>, question: Question): Verdict<NoInfer<M>>;
}

/**
 * Declares a failure mode. `when`, `needs` and `wants` drive what is gathered, what `check` can see, and what is
 * `unknown`. `check` is pure: no clock, no I/O, no promise.
 */
export function defineRule<
  M extends string,
  N extends EvidenceKind,
  G extends EvidenceKind = never,
  W extends EvidenceKind = never,
  H extends EvidenceKind = never,
>({ when, andWhen, wants = [], ...rule }: RuleDefinition<M, N, G, W, H>): Rule {
  return { ...rule, wants, when: [...(when ? [when] : []), ...(andWhen ? [andWhen] : [])] };
}

export function pass(): Pass {
  return { outcome: "pass" };
}

export function notApplicable(because: string): NotApplicable {
  return { outcome: "not-applicable", because };
}

export function fail<const M extends string>(
  messageId: M,
  data: Readonly<Record<string, string>>,
  remedy: { readonly fix?: readonly [Change, ...Change[]]; readonly manual?: readonly ManualStep[] } = {},
): Fail<M> {
  return { outcome: "fail", messageId, data, ...remedy };
}
