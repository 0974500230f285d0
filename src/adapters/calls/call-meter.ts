import { AsyncLocalStorage } from "node:async_hooks";
import type { CallBudget } from "../../app/call-budget.ts";
import type { CallMeter } from "../../app/ports.ts";

interface Asking {
  readonly budget: CallBudget;
  /** What this question has read, by what was asked. */
  readonly reads: Map<string, Promise<unknown>>;
}

/**
 * The one place through which every request to a cluster or to AWS goes, whichever client makes it. Which question it
 * is made for follows the flow of calls, so that no collector has to hand it on. What several questions share is
 * counted for the one that began it.
 */
export function createCallMeter(): CallMeter {
  const asking = new AsyncLocalStorage<Asking>();
  return {
    spending: (budget, work) => asking.run({ budget, reads: new Map() }, work),
    take: (service, operation) => asking.getStore()?.budget.take(service, operation),
    once<T>(key: string, read: () => Promise<T>): Promise<T> {
      const reads = asking.getStore()?.reads;
      // The same key is the same request of the same client, and so has an answer of the same type.
      const before = reads?.get(key) as Promise<T> | undefined;
      const answer = before ?? read();
      reads?.set(key, answer);
      return answer;
    },
  };
}
