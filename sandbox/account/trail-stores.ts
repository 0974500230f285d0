import type { AccountOptions } from "./account.ts";
import type { Ids } from "./ids.ts";
import type { TrailEvent } from "./model.ts";

/** One condition of a rule, as the API spells it. */
export interface FieldSelector {
  readonly Field: string;
  readonly Equals?: readonly string[];
  readonly StartsWith?: readonly string[];
  readonly EndsWith?: readonly string[];
  readonly NotEquals?: readonly string[];
  readonly NotStartsWith?: readonly string[];
  readonly NotEndsWith?: readonly string[];
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedEventSelector.html */
export interface AdvancedSelector {
  readonly Name?: string;
  readonly FieldSelectors: readonly FieldSelector[];
}

interface Recorder {
  readonly arn: string;
  readonly selectors: readonly AdvancedSelector[];
  readonly events: TrailEvent[];
}

export interface EventDataStore extends Recorder {
  readonly id: string;
  readonly name: string;
}

export interface RecordedTrail extends Recorder {
  readonly name: string;
  readonly logGroup: string;
}

/** A query of CloudTrail Lake, as the account remembers it. */
export interface LakeQuery {
  readonly id: string;
  readonly store: EventDataStore;
  readonly rows: readonly string[];
  status: "RUNNING" | "FINISHED" | "CANCELLED";
}

/** Where data events can be seen: event data stores, and the log groups of trails. */
export interface TrailStores {
  /** Returns its ARN. */
  addEventDataStore(store: {
    readonly name: string;
    readonly selectors: readonly AdvancedSelector[];
  }): string;
  /** Returns the trail's ARN. */
  addTrail(trail: {
    readonly name: string;
    readonly logGroup: string;
    readonly selectors: readonly AdvancedSelector[];
  }): string;
  eventDataStore(arnOrId: string): EventDataStore | undefined;
  recordedTrail(arnOrName: string): RecordedTrail | undefined;
  trailOfLogGroup(nameOrArn: string): RecordedTrail | undefined;
  recorders(): readonly { readonly arn: string }[];
  /** Every event that happens is offered: each store keeps what its rules name. */
  offer(event: TrailEvent, resourceTypes: readonly string[]): void;
  /** What has been delivered by now. */
  delivered(recorder: { readonly events: readonly TrailEvent[] }): readonly TrailEvent[];
  startQuery(store: EventDataStore, rows: readonly string[]): LakeQuery;
  query(id: string): LakeQuery | undefined;
  queries(): readonly LakeQuery[];
}

export function createTrailStores(options: AccountOptions, ids: Ids): TrailStores {
  const { accountId, region } = options;
  const stores: EventDataStore[] = [];
  const trails: RecordedTrail[] = [];
  const queries = new Map<string, LakeQuery>();
  const arnPrefix = `arn:aws:cloudtrail:${region}:${accountId}`;

  return {
    addEventDataStore({ name, selectors }) {
      const id = ids.uuid();
      const arn = `${arnPrefix}:eventdatastore/${id}`;
      stores.push({ id, arn, name, selectors, events: [] });
      return arn;
    },
    addTrail({ name, logGroup, selectors }) {
      const arn = `${arnPrefix}:trail/${name}`;
      trails.push({ arn, name, logGroup, selectors, events: [] });
      return arn;
    },
    eventDataStore: (arnOrId) => stores.find(({ arn, id }) => arn === arnOrId || id === arnOrId),
    recordedTrail: (arnOrName) => trails.find(({ arn, name }) => arn === arnOrName || name === arnOrName),
    trailOfLogGroup: (nameOrArn) =>
      trails.find(
        ({ logGroup }) =>
          logGroup === nameOrArn || `arn:aws:logs:${region}:${accountId}:log-group:${logGroup}` === nameOrArn,
      ),
    recorders: () => [...stores, ...trails],
    offer(event, resourceTypes) {
      for (const recorder of [...stores, ...trails]) {
        if (recorder.selectors.some((selector) => selects(selector, event, resourceTypes))) {
          recorder.events.push(event);
        }
      }
    },
    delivered({ events }) {
      const visibleUntil = options.now().getTime() - (options.trailDelayMs ?? 0);
      return events.filter(({ eventTime }) => Date.parse(eventTime) <= visibleUntil);
    },
    startQuery(store, rows) {
      const query: LakeQuery = { id: ids.uuid(), store, rows, status: "RUNNING" };
      queries.set(query.id, query);
      return query;
    },
    query: (id) => queries.get(id),
    queries: () => [...queries.values()],
  };
}

function selects(
  { FieldSelectors }: AdvancedSelector,
  event: TrailEvent,
  resourceTypes: readonly string[],
): boolean {
  const values: Readonly<Record<string, readonly string[]>> = {
    eventCategory: [String(event.record["eventCategory"])],
    "resources.type": resourceTypes,
    "resources.ARN": event.resources.map(({ name }) => name),
    eventName: [event.eventName],
    eventSource: [event.eventSource],
    readOnly: [String(event.readOnly)],
  };
  return FieldSelectors.every((selector) => {
    const actual = values[selector.Field] ?? [];
    const any = (wanted: readonly string[] | undefined, test: (one: string, of: string) => boolean) =>
      wanted === undefined ? null : actual.some((one) => wanted.some((of) => test(one, of)));
    const equal = (one: string, of: string) => one === of;
    const starts = (one: string, of: string) => one.startsWith(of);
    const ends = (one: string, of: string) => one.endsWith(of);
    const positive = [
      any(selector.Equals, equal),
      any(selector.StartsWith, starts),
      any(selector.EndsWith, ends),
    ].filter((answer) => answer !== null);
    const negative = [
      any(selector.NotEquals, equal),
      any(selector.NotStartsWith, starts),
      any(selector.NotEndsWith, ends),
    ];
    return (positive.length === 0 || positive.some(Boolean)) && !negative.includes(true);
  });
}
