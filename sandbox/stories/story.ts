import type { Account } from "../account/account.ts";
import type { Cluster } from "../cluster/cluster.ts";

/** What a diagnosis of the story's workload has to say. */
interface Expectation {
  /** `inconclusive` where AWS itself says too little. */
  readonly conclusion: "cause-found" | "no-fault-found" | "inconclusive";
  /** Null where nothing is wrong. */
  readonly ruleId: string | null;
  /** Rules that have to be told beside the cause; others may be. */
  readonly alsoWrong?: readonly string[];
}

/** One workload in one namespace of a simulated cluster, and what is wrong with it. */
export interface Story {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly kind: "Deployment" | "StatefulSet" | "DaemonSet";
  /** What is the matter, in one line for somebody who chooses among stories. */
  readonly about?: string;
  readonly expect: Expectation;
  install(world: World): void;
}

/** What stories set up: the account, the clusters, and the order of what happened before now. */
export interface World {
  readonly account: Account;
  cluster(name: string): Cluster;
  /** Makes `change` happen so many minutes before the start; pods start and work from then on. */
  at(minutesAgo: number, change: () => void): void;
}

/** Stories that belong together. */
export interface Theme {
  readonly title: string;
  readonly stories: readonly Story[];
}

export const hours = 60;
export const days = 24 * hours;
