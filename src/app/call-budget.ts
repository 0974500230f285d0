import type { CallMeter } from "./ports.ts";

/** Requests that were made: by service, then by operation as its permission is spelled, with how often. */
export type CallCounts = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** What one question may still ask. Every attempt and every page is a request. */
export interface CallBudget {
  /** Counts one request. @throws CallBudgetSpent where this service has had its share: it must not be made. */
  take(service: string, operation: string): void;
  /** What was asked so far; services and operations by name. */
  counts(): CallCounts;
}

/** The question has had all that it may ask of a service. */
export class CallBudgetSpent extends Error {
  override readonly name = "CallBudgetSpent";
  constructor(service: string, limit: number) {
    super(
      `call budget: this question has made the ${limit} requests to ${service} that one question may make`,
    );
  }
}

/**
 * The most requests that one question makes, by service. A question about one workload makes some dozens in all;
 * these are for the odd ones: twenty pods of five containers that all restarted, a namespace of fifty thousand pods,
 * a role with twenty policies. Each service answers everybody in the account from one quota, so what one question
 * may take is a few seconds' worth of it:
 * https://docs.aws.amazon.com/eks/latest/best-practices/scale-control-plane.html
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
 */
export const callLimits = {
  kubernetes: 300,
  eks: 100,
  iam: 150,
  /** Two a second for the whole account: five lookups of four pages, and as many repeated ones. */
  cloudtrail: 40,
  other: 60,
} as const;

export type CallLimits = { readonly other: number; readonly [service: string]: number };

/** A budget for one question, or for one group of its sources where these are gathered by different processes. */
export function createCallBudget(limits: CallLimits = callLimits): CallBudget {
  const made = new Map<string, Map<string, number>>();
  return {
    take(service, operation) {
      const operations = made.get(service) ?? new Map<string, number>();
      const limit = limits[service] ?? limits.other;
      if (sum(operations.values()) >= limit) throw new CallBudgetSpent(service, limit);
      operations.set(operation, (operations.get(operation) ?? 0) + 1);
      made.set(service, operations);
    },
    counts: () => byName([...made].map(([service, operations]) => [service, byName([...operations])])),
  };
}

/** For what no question asks: changes, checks of permissions. */
export const unmetered: CallMeter = {
  spending: (_budget, work) => work(),
  take: () => undefined,
  once: (_key, read) => read(),
};

/** How many requests these are in all, or to one service. */
export function totalCalls(counts: CallCounts, service?: string): number {
  const asked = service === undefined ? Object.values(counts) : [counts[service] ?? {}];
  return sum(asked.flatMap((operations) => Object.values(operations)));
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, one) => total + one, 0);
}

function byName<T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
