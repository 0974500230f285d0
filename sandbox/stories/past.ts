import type { Cluster } from "../cluster/cluster.ts";

/** The clock of a sandbox: real time, except while its past is made. */
export interface SandboxClock {
  readonly now: () => Date;
  set(date: Date | null): void;
}

export function createClock(): SandboxClock {
  let fixed: Date | null = null;
  return {
    now: () => fixed ?? new Date(),
    set(date) {
      fixed = date;
    },
  };
}

interface Happening {
  readonly atMs: number;
  readonly order: number;
  /** Whether controllers have something to do afterwards. */
  readonly changes: boolean;
  readonly run: () => void;
}

const minuteMs = 60_000;

/**
 * Makes the past of the clusters: what stories say happened, in the order of its time, and the rounds of work of
 * every program between its start and now. Rounds are few at first and closer in the last hour, so that a log is
 * plausible and bounded; fewer still where programs are slow.
 */
export function createPast(
  clock: SandboxClock,
  clusters: readonly Cluster[],
  isSlow: (cluster: string) => boolean,
) {
  const startMs = Date.now();
  const happenings: Happening[] = [];
  let added = 0;
  let sorted = true;

  function add(atMs: number, changes: boolean, run: () => void): void {
    happenings.push({ atMs, order: added, changes, run });
    added += 1;
    sorted = false;
  }

  /** The next one, last in the list. Pods that start add their rounds while others happen, never earlier than these. */
  function upcoming(): Happening | undefined {
    if (!sorted) happenings.sort((a, b) => b.atMs - a.atMs || b.order - a.order);
    sorted = true;
    return happenings.at(-1);
  }

  for (const cluster of clusters) {
    cluster.kubelet.onStart((pod) => {
      if (clock.now().getTime() >= startMs) return;
      // Pods do not work in step with each other.
      const offsetMs = (Number.parseInt(pod.metadata.uid.slice(0, 6), 16) % 150) * 1_313;
      for (const atMs of roundsAfter(clock.now().getTime(), startMs, offsetMs, isSlow(cluster.name))) {
        add(atMs, false, () => cluster.kubelet.tickPod(pod.metadata.uid));
      }
    });
  }

  return {
    at(minutesAgo: number, change: () => void): void {
      add(startMs - minutesAgo * minuteMs, true, change);
    },
    /** Lets everything happen; the clock is real again afterwards. */
    happen(): void {
      let changed = false;
      for (;;) {
        const next = upcoming();
        // What happens in the same moment is settled at once.
        if (changed && next?.atMs !== clock.now().getTime()) {
          for (const cluster of clusters) cluster.settle();
          changed = false;
          continue;
        }
        if (next === undefined) break;
        happenings.pop();
        clock.set(new Date(next.atMs));
        next.run();
        changed ||= next.changes;
      }
      clock.set(null);
    },
  };
}

function roundsAfter(podStartMs: number, startMs: number, offsetMs: number, slow: boolean): number[] {
  const lastHour = startMs - 60 * minuteMs;
  const early = [podStartMs + 15_000];
  const spread = Math.max(0, lastHour - podStartMs);
  const { before, minutes } = slow ? { before: 3, minutes: 10 } : { before: 8, minutes: 4 };
  for (let round = 1; round <= before; round++)
    early.push(podStartMs + (spread * round) / (before + 1) + offsetMs);
  const recent = Array.from(
    { length: 60 / minutes },
    (_, round) => lastHour + round * minutes * minuteMs + offsetMs,
  );
  return [...early, ...recent].filter((atMs) => atMs > podStartMs && atMs < startMs);
}
