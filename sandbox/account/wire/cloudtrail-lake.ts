import type { JsonOperation } from "./json.ts";
import { type LakeSelect, parseSelect } from "./lake-sql.ts";
import { AwsError, authorize, awsError, type Call, pageOf } from "./service.ts";

/** How many queries an account may have at once. */
const maxQueries = 10;

/** The operations of CloudTrail Lake, and what a trail records, by name. */
export const lakeOperations: Readonly<Record<string, JsonOperation>> = {
  StartQuery: startQuery,
  GetQueryResults: getQueryResults,
  CancelQuery: cancelQuery,
  GetEventDataStore: getEventDataStore,
  GetEventSelectors: getEventSelectors,
};

function startQuery(call: Call, body: { readonly QueryStatement?: string }) {
  const { account } = call;
  const { QueryStatement = "" } = body;
  let select: LakeSelect;
  try {
    select = parseSelect(QueryStatement);
  } catch (error) {
    throw new AwsError(400, "InvalidQueryStatementException", (error as Error).message);
  }
  const store = storeOf(call, select.store, "cloudtrail:StartQuery");
  const running = account.trailStores.queries().filter(({ status }) => status === "RUNNING");
  if (running.length >= maxQueries) {
    throw new AwsError(
      400,
      "MaxConcurrentQueriesException",
      "The maximum number of concurrent queries is 10.",
    );
  }
  const rows = account.trailStores
    .delivered(store)
    .filter(({ record }) => select.matches(record))
    .sort((a, b) => (a.eventTime < b.eventTime ? 1 : -1))
    .slice(0, select.limit)
    .map(({ record }) => JSON.stringify(record));
  return { QueryId: account.trailStores.startQuery(store, rows).id };
}

interface ResultsBody {
  readonly QueryId?: string;
  readonly MaxQueryResults?: number;
  readonly NextToken?: string;
}

/** A query is still running when it is asked about for the first time. */
function getQueryResults(call: Call, body: ResultsBody) {
  const query = queryOf(call, body.QueryId ?? "", "cloudtrail:GetQueryResults");
  if (query.status === "RUNNING") {
    query.status = "FINISHED";
    return { QueryStatus: "RUNNING", QueryResultRows: [] };
  }
  if (query.status === "CANCELLED") return { QueryStatus: "CANCELLED", QueryResultRows: [] };
  const { items, next } = pageOf(query.rows, {
    token: body.NextToken ?? null,
    size: Math.min(body.MaxQueryResults ?? 50, 1_000),
    asked: query.id,
    badToken: awsError(call.service.codes.badToken, "The NextToken is not valid."),
  });
  return {
    QueryStatus: "FINISHED",
    QueryStatistics: { ResultsCount: items.length, TotalResultsCount: query.rows.length, BytesScanned: 1 },
    QueryResultRows: items.map((eventJson) => [{ eventJson }]),
    ...(next === null ? {} : { NextToken: next }),
  };
}

function cancelQuery(call: Call, body: { readonly QueryId?: string }) {
  const { QueryId = "" } = body;
  const query = queryOf(call, QueryId, "cloudtrail:CancelQuery");
  query.status = "CANCELLED";
  return { QueryId, QueryStatus: query.status };
}

function getEventDataStore(call: Call, body: { readonly EventDataStore?: string }) {
  const { EventDataStore = "" } = body;
  const { arn, name, selectors } = storeOf(call, EventDataStore, "cloudtrail:GetEventDataStore");
  return {
    EventDataStoreArn: arn,
    Name: name,
    Status: "ENABLED",
    AdvancedEventSelectors: selectors,
    MultiRegionEnabled: true,
    OrganizationEnabled: false,
  };
}

function getEventSelectors(call: Call, body: { readonly TrailName?: string }) {
  const { account, request } = call;
  const { TrailName = "" } = body;
  const name = TrailName.slice(TrailName.lastIndexOf("/") + 1);
  const arn = `arn:aws:cloudtrail:${request.region}:${account.accountId}:trail/${name}`;
  authorize(call, "cloudtrail:GetEventSelectors", arn, { shown: arn });
  const trail = account.trailStores.recordedTrail(TrailName);
  if (trail === undefined) {
    throw new AwsError(400, "TrailNotFoundException", `Unknown trail: ${TrailName}`);
  }
  return { TrailARN: trail.arn, AdvancedEventSelectors: trail.selectors };
}

function storeOf(call: Call, named: string, action: string) {
  const { account, request } = call;
  const id = named.slice(named.lastIndexOf("/") + 1);
  const arn = `arn:aws:cloudtrail:${request.region}:${account.accountId}:eventdatastore/${id}`;
  authorize(call, action, arn, { shown: arn });
  const store = request.region === account.region ? account.trailStores.eventDataStore(id) : undefined;
  if (store === undefined) {
    throw new AwsError(
      400,
      "EventDataStoreNotFoundException",
      "The specified event data store was not found.",
    );
  }
  return store;
}

function queryOf(call: Call, id: string, action: string) {
  const query = call.account.trailStores.query(id);
  authorize(call, action, query?.store.arn ?? "*");
  if (query === undefined) {
    throw new AwsError(
      400,
      "QueryIdNotFoundException",
      "The query ID does not exist or does not map to a query.",
    );
  }
  return query;
}
