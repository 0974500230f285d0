import { canonical } from "../../../core/json.ts";

export interface SettleOptions {
  /** AWS is eventually consistent: how long until STS, the webhook and the agent surely know what was written. */
  readonly settleMs: number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

type Read<C> = (change: C, signal: AbortSignal) => Promise<unknown>;

/** Waits until AWS tells the state that the change wanted, and then as long as that takes to be known everywhere. */
export function settling<C extends { readonly after: unknown }>(
  read: Read<C>,
  { settleMs, sleep }: SettleOptions,
): (change: C, signal: AbortSignal) => Promise<void> {
  return async (change, signal) => {
    while (canonical(await read(change, signal)) !== canonical(change.after)) await sleep(1_000, signal);
    await sleep(settleMs, signal);
  };
}

/** Puts the earlier state back, unless it is back already. @throws where somebody has changed `what` since. */
export function reverting<S, C extends { readonly before: S; readonly after: unknown }>(
  what: string,
  read: Read<C>,
  write: (change: C, state: S, signal: AbortSignal) => Promise<void>,
): (change: C, signal: AbortSignal) => Promise<void> {
  return async (change, signal) => {
    const present = canonical(await read(change, signal));
    if (present === canonical(change.before)) return;
    if (present !== canonical(change.after)) {
      throw new Error(`${what} was changed by somebody else since, so it is left as it is`);
    }
    await write(change, change.before, signal);
  };
}
