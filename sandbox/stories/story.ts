import type { Account } from "../account/account.ts";
import type { Cluster } from "../cluster/cluster.ts";

/** What a diagnosis of the story's workload has to say. */
interface Expectation {
  readonly conclusion: "cause-found" | "no-fault-found";
  /** Null where nothing is wrong. */
  readonly ruleId: string | null;
}

/** One workload in one namespace of a simulated cluster, and what is wrong with it. */
export interface Story {
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly kind: "Deployment" | "StatefulSet" | "DaemonSet";
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

export const hours = 60;
export const days = 24 * hours;
