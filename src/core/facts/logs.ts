import type { UnavailableReason } from "../evidence.ts";
import type { AwsError } from "../logs/aws-error.ts";
import type { LogSign } from "../logs/signs.ts";

/** One distinct error in the logs of the workload's pods. */
export interface LogErrorGroup extends AwsError {
  readonly count: number;
  /** ISO times of the log lines; null where the lines carry none. */
  readonly firstSeen: string | null;
  readonly lastSeen: string | null;
  readonly pods: readonly string[];
  readonly containers: readonly string[];
  /** A short redacted excerpt. */
  readonly excerpt: string;
}

export interface LogsFacts {
  readonly sinceSeconds: number;
  /** What was read. */
  readonly read: readonly {
    readonly pod: string;
    readonly container: string;
    readonly previous: boolean;
    readonly lines: number;
    readonly truncated: boolean;
  }[];
  /** What could not be read: a container that never started, a node that did not answer. */
  readonly unread: readonly {
    readonly pod: string;
    readonly container: string;
    readonly reason: string;
    /** A call failed: there may be a log. Without it, there is none. */
    readonly failure?: UnavailableReason;
  }[];
  readonly errors: readonly LogErrorGroup[];
  /** What else the same logs say that narrows a fault down, or that is no fault of IAM's. */
  readonly signs: readonly LogSign[];
}
