import type { CredentialTrace } from "./credentials/trace.ts";
import type { EvidenceKind, Question, UnavailableReason } from "./evidence.ts";
import type { AwsErrorKind, DenyLayer, PrincipalKind } from "./logs/aws-error.ts";
import type { Change, ManualStep } from "./plan.ts";
import type { Severity, Stage } from "./rule.ts";

/** A rule that failed: its message is filled and its evidence named. */
export interface Finding {
  readonly ruleId: string;
  readonly title: string;
  readonly message: string;
  readonly stage: Stage;
  readonly severity: Severity;
  /** Sources of the evidence it rests on. */
  readonly cites: readonly string[];
  /** What would change this verdict, a sentence each. */
  readonly unless: readonly string[];
  readonly fix: readonly Change[];
  readonly manual: readonly ManualStep[];
}

/** What is told beside the cause: other faults, and what is no fault but worth knowing. */
export function toldBeside({ alsoWrong }: Pick<Diagnosis, "alsoWrong">): {
  readonly faults: readonly Finding[];
  readonly information: readonly Finding[];
} {
  return {
    faults: alsoWrong.filter(({ severity }) => severity !== "info"),
    information: alsoWrong.filter(({ severity }) => severity === "info"),
  };
}

/** Evidence that could not be seen and could change the answer. */
export interface BlindSpot {
  readonly evidence: EvidenceKind;
  readonly reason: UnavailableReason;
  /** The permission that would show it; null where no permission is missing. */
  readonly permission: string | null;
  readonly detail: string | null;
  readonly ruleIds: readonly string[];
}

export type Mechanism = "pod-identity" | "irsa" | "none";

export interface IdentityTrace {
  /** Name of the ServiceAccount that the pod template names; null: the workload could not be seen. */
  readonly serviceAccount?: string | null;
  /** What the configuration says now; null: could not be seen. */
  readonly expected: { readonly mechanism: Mechanism; readonly roleArn: string | null } | null;
  /** What the running pods carry (the broken ones, where pods differ); null: could not be seen, or no pod. */
  readonly injected: { readonly mechanism: Mechanism; readonly roleArn: string | null } | null;
  /** What the evidence shows was used; null where nothing shows it. */
  readonly used: {
    readonly mechanism: "pod-identity" | "irsa" | "node-role" | "static-keys" | "other-role";
    readonly principalArn: string | null;
  } | null;
}

export interface Denial {
  readonly kind: AwsErrorKind;
  readonly principalArn: string | null;
  readonly principalKind: PrincipalKind;
  readonly action: string | null;
  readonly missingAction: string | null;
  readonly resource: string | null;
  readonly denyLayer: DenyLayer | null;
  readonly source: "pod-log" | "cloudtrail";
  readonly count: number;
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
  /** True: it happened before the pods' start or the last change of identity. */
  readonly history: boolean;
  readonly excerpt: string | null;
  /** Who made the calls, in words, as CloudTrail recorded it. */
  readonly caller?: string;
}

export interface PlannedChange {
  readonly change: Change;
  /** The target in one line, `eks-workshop/carts/carts`. */
  readonly target: string;
  /** What will be different, in a sentence. */
  readonly preview: string;
  readonly command: string;
  readonly undo: string;
}

export interface Plan {
  /** Hash over the changes: an approval is of this digest. */
  readonly digest: string;
  readonly closes: readonly string[];
  readonly changes: readonly PlannedChange[];
  readonly manual: readonly ManualStep[];
  /** Who else is affected, who owns the object, what the role may do beyond the need. */
  readonly warnings: readonly string[];
}

interface DiagnosisBase {
  readonly schema: "eksiam/diagnosis/v1";
  readonly question: Question;
  readonly collectedAt: string;
  readonly alsoWrong: readonly Finding[];
  readonly ruledOut: readonly string[];
  readonly blindSpots: readonly BlindSpot[];
  /** What could not be read and would change nothing. */
  readonly remarks: readonly string[];
  readonly identity: IdentityTrace;
  /** Where the SDK of each container looks for credentials, in its order. Empty: no pod could be seen. */
  readonly credentials: readonly CredentialTrace[];
  readonly denials: readonly Denial[];
  readonly plan: Plan | null;
}

export type Diagnosis = DiagnosisBase &
  (
    | { readonly conclusion: "cause-found"; readonly cause: Finding }
    | { readonly conclusion: "no-fault-found" | "inconclusive"; readonly cause: null }
  );
