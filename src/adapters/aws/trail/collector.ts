import type { Collectors, RateLimiter } from "../../../app/ports.ts";
import type { EventSelector, TrailFacts, TrailSource } from "../../../core/facts/trail.ts";
import { holdsManagementEvents } from "../../../core/trail/coverage.ts";
import { rolesOf } from "../../../core/trail/queries.ts";
import { lookupsFor, type WantedCalls, wantedCalls } from "../../../core/trail/wanted.ts";
import type { AwsClients } from "../clients.ts";
import { seen } from "../collectors/prerequisite.ts";
import { CallFailure, observing, timedOut } from "../outcome.ts";
import { createSharedCalls } from "../reading/shared-calls.ts";
import { type TrailCache, throughCache } from "./cache.ts";
import { createTrailHistory } from "./history.ts";
import { createTrailLake } from "./lake.ts";
import { createTrailLogGroup } from "./log-group.ts";
import type { TrailAnswer, TrailStore } from "./store.ts";

const maxSessions = 50;

/** What a store records changes seldom. */
const selectorsKeptMs = 5 * 60_000;

export interface TrailOptions {
  /** Where recorded calls are read; event history, where nothing else is configured. */
  readonly source: TrailSource;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** What other processes lately looked up; without, each asks for itself. */
  readonly cache?: TrailCache | null;
}

/** The store that a source names; null: event history, which is none. */
export function openTrailStore(
  clients: AwsClients,
  { source, sleep }: TrailOptions,
  clock: () => string,
): TrailStore | null {
  switch (source.kind) {
    case "event-history":
      return null;
    case "lake":
      return createTrailLake({ clients, eventDataStore: source.eventDataStore, clock, sleep });
    case "log-group":
      return createTrailLogGroup({ clients, ...source, clock });
  }
}

/**
 * Recorded calls around the workload: the failed assumptions of its roles, the agent's failed calls for its cluster, what
 * a node was denied on which its pods run without an identity; from a store also what its roles were denied.
 * Permissions: those of the source; see trail-history.ts, trail-lake.ts and trail-log-group.ts.
 */
export function createTrailCollector(
  clients: AwsClients,
  limiter: RateLimiter,
  clock: () => string,
  options: TrailOptions | null = null,
): Pick<Collectors, "cloudtrail.events"> {
  const cache = options?.cache ?? null;
  const lookUp = createTrailHistory(clients, limiter, clock, cache);
  const store = options === null ? null : openTrailStore(clients, options, clock);
  const sharedFinds = createSharedCalls<TrailAnswer>();
  const sharedSelectors = createSharedCalls<readonly EventSelector[] | null>({
    clock,
    keptForMs: selectorsKeptMs,
  });

  async function fromHistory(wanted: WantedCalls, from: Date, signal: AbortSignal): Promise<Part> {
    const lookups = lookupsFor(wanted, clients.region);
    const answers = await Promise.all(lookups.map((lookup) => lookUp(lookup, from, signal)));
    return {
      answers,
      regions: [...new Set(lookups.map(({ region }) => region))],
      lookups: lookups.map(({ key, value, region }) => `${key}=${value} in ${region}`),
    };
  }

  async function fromStore(
    opened: TrailStore,
    source: TrailSource,
    wanted: WantedCalls,
    from: Date,
    signal: AbortSignal,
  ) {
    const key = JSON.stringify([source, wanted, from]);
    const [selectors, answer] = await Promise.all([
      // What is recorded is worth knowing, but not worth the events.
      sharedSelectors("", signal, (shared) => opened.selectors(shared)).catch(() => null),
      sharedFinds(key, signal, (shared) =>
        throughCache(cache, key, () => opened.find(wanted, from, shared)),
      ).catch((error) => {
        throw error instanceof CallFailure || !signal.aborted ? error : timedOut(source.kind);
      }),
    ]);
    const management = holdsManagementEvents({ source, selectors }) !== "no";
    const more = management ? null : await fromHistory(wanted, from, signal);
    return {
      part: {
        answers: [answer, ...(more?.answers ?? [])],
        regions: [...new Set([opened.region, ...(more?.regions ?? [])])],
        lookups: [...describe(wanted), ...(more?.lookups ?? [])],
      },
      facts: { source, selectors, ...(management ? {} : { historyToo: true }) },
    };
  }

  return {
    "cloudtrail.events": {
      kind: "cloudtrail.events",
      group: "cloudtrail",
      after: ["k8s.pods", "k8s.nodes", "k8s.service-account", "eks.association"],
      collect: (context) =>
        observing(async () => {
          const { question, evidence, signal } = context;
          // What was not looked for is not found: where the configuration is not seen, neither are its calls.
          seen(context, "eks.association");
          seen(context, "k8s.service-account");
          const at = clock();
          const from = windowStart(at, question.sinceSeconds);
          const wanted = wantedCalls(evidence, question);
          const { part, facts } =
            store === null || options === null
              ? { part: await fromHistory(wanted, from, signal), facts: {} }
              : await fromStore(store, options.source, wanted, from, signal);
          return {
            status: "found",
            source: sourceName(options?.source),
            at,
            value: { ...factsOf(part, from, at), ...facts },
          };
        }),
    },
  };
}

/** What one source gave. */
interface Part {
  readonly answers: readonly TrailAnswer[];
  readonly regions: readonly string[];
  readonly lookups: readonly string[];
}

function factsOf({ answers, regions, lookups }: Part, from: Date, at: string): TrailFacts {
  const events = new Map(answers.flatMap((answer) => answer.events).map((event) => [event.eventId, event]));
  const sessions = new Map(
    answers.flatMap((answer) => answer.sessions).map((session) => [session.sessionArn, session]),
  );
  return {
    from: from.toISOString(),
    to: [at, ...answers.map((answer) => answer.to)].sort()[0] ?? at,
    regions,
    lookups,
    events: [...events.values()].sort((a, b) =>
      a.at === b.at ? (a.eventId < b.eventId ? -1 : 1) : a.at < b.at ? 1 : -1,
    ),
    sessions: [...sessions.values()].sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, maxSessions),
    complete: answers.every((answer) => answer.complete),
  };
}

/** What was asked of a store, in the words of event history's lookups. */
function describe(wanted: WantedCalls): readonly string[] {
  return [
    ...rolesOf(wanted).map((role) => `Role=${role}`),
    ...(wanted.subject === null ? [] : [`Username=${wanted.subject}`]),
    ...(wanted.cluster === null ? [] : [`Cluster=${wanted.cluster}`]),
    ...wanted.instanceIds.map((id) => `Username=${id}`),
  ];
}

function sourceName(source: TrailSource | undefined): string {
  const names = {
    "event-history": "cloudtrail:LookupEvents",
    lake: "cloudtrail:StartQuery",
    "log-group": "logs:FilterLogEvents",
  } as const;
  return names[source?.kind ?? "event-history"];
}

/** Whole minutes, so that questions of the same minute look for the same. */
function windowStart(at: string, sinceSeconds: number): Date {
  const minute = 60_000;
  return new Date(Math.floor((Date.parse(at) - sinceSeconds * 1_000) / minute) * minute);
}
