interface Running<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/** How long an answer serves those who ask the same after it, by which clock. */
interface Keeping {
  readonly clock: () => string;
  readonly keptForMs: number;
}

/**
 * Lets those who ask the same at once share one call, and for `keptForMs` its answer; failures are not kept. The call is
 * given up only when everybody who waits for it has given up; each one's promise rejects with its own signal's reason.
 */
export function createSharedCalls<T>(
  keeping: Keeping | null = null,
): (key: string, signal: AbortSignal, start: (signal: AbortSignal) => Promise<T>) => Promise<T> {
  const running = new Map<string, Running<T>>();
  const kept = new Map<string, { readonly value: T; readonly untilMs: number }>();

  function keep(key: string, value: T): void {
    if (keeping === null) return;
    const nowMs = Date.parse(keeping.clock());
    for (const [old, { untilMs }] of kept) if (untilMs <= nowMs) kept.delete(old);
    kept.set(key, { value, untilMs: nowMs + keeping.keptForMs });
  }

  function join(key: string, start: (signal: AbortSignal) => Promise<T>): Running<T> {
    const present = running.get(key);
    if (present !== undefined) return present;
    const controller = new AbortController();
    const result = start(controller.signal);
    const started: Running<T> = { result, controller, waiting: 0 };
    const forget = () => {
      if (running.get(key) === started) running.delete(key);
    };
    result.then((value) => {
      keep(key, value);
      forget();
    }, forget);
    running.set(key, started);
    return started;
  }

  return (key, signal, start) => {
    if (signal.aborted) return Promise.reject(signal.reason);
    const present = kept.get(key);
    if (present !== undefined && keeping !== null && Date.parse(keeping.clock()) < present.untilMs) {
      return Promise.resolve(present.value);
    }
    const call = join(key, start);
    call.waiting += 1;
    return new Promise((resolve, reject) => {
      const leave = () => {
        call.waiting -= 1;
        reject(signal.reason);
        if (call.waiting > 0) return;
        running.delete(key);
        call.controller.abort(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      call.result.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    });
  };
}
