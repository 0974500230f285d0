/** How an operation misbehaves. `hang` answers nothing until the client gives up. */
export type Fault = "throttled" | "server-error" | "hang" | "malformed";

export interface Faults {
  /** Makes `service:Operation` (`eks:ListPodIdentityAssociations`, or `eks:*`) fail the next `times` times; without: always. */
  set(operation: string, fault: Fault, times?: number): void;
  /** Ends the fault of one operation, or all of them. */
  clear(operation?: string): void;
  /** The fault that this request meets; counts it. */
  take(operation: string): Fault | null;
}

/** Faults that tests switch on and off while the account is served. */
export function createFaults(): Faults {
  const active = new Map<string, { readonly fault: Fault; left: number }>();

  return {
    set(operation, fault, times = Number.POSITIVE_INFINITY) {
      active.set(operation, { fault, left: times });
    },
    clear(operation) {
      if (operation === undefined) active.clear();
      else active.delete(operation);
    },
    take(operation) {
      const service = operation.slice(0, operation.indexOf(":"));
      for (const key of [operation, `${service}:*`]) {
        const entry = active.get(key);
        if (entry === undefined || entry.left <= 0) continue;
        entry.left -= 1;
        return entry.fault;
      }
      return null;
    },
  };
}
