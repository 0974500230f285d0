import {
  CancelQueryCommand,
  GetEventDataStoreCommand,
  GetQueryResultsCommand,
  StartQueryCommand,
} from "@aws-sdk/client-cloudtrail";
import { z } from "zod";
import { lakeStatement, maxRows } from "../../../core/trail/queries.ts";
import type { AwsClients } from "../clients.ts";
import { CallFailure, call, failedCall, timedOut } from "../outcome.ts";
import { selectorsOf, selectorsSchema } from "./selectors.ts";
import { createTally, type TrailAnswer, type TrailStore } from "./store.ts";

const resultsSchema = z.object({
  QueryStatus: z.enum(["QUEUED", "RUNNING", "FINISHED", "FAILED", "CANCELLED", "TIMED_OUT"]),
  QueryResultRows: z.array(z.array(z.record(z.string(), z.string()))).nullish(),
  NextToken: z.string().nullish(),
  ErrorMessage: z.string().nullish(),
});

const start = "cloudtrail:StartQuery";
const results = "cloudtrail:GetQueryResults";
const firstPollMs = 250;
const slowestPollMs = 4_000;

export interface LakeDeps {
  readonly clients: AwsClients;
  /** ARN of the event data store; its Region is where it is asked. */
  readonly eventDataStore: string;
  readonly clock: () => string;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * An event data store of CloudTrail Lake. One query a question, given up with the question's deadline: it is paid for
 * what it scans. Ten queries at once are all that an account may have.
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartQuery.html
 * Permissions: cloudtrail:StartQuery, cloudtrail:GetQueryResults, cloudtrail:CancelQuery, cloudtrail:GetEventDataStore.
 */
export function createTrailLake({ clients, eventDataStore, clock, sleep }: LakeDeps): TrailStore {
  const region = eventDataStore.split(":")[3] ?? clients.region;
  const client = clients.cloudtrail(region);

  async function run(QueryStatement: string, signal: AbortSignal): Promise<string> {
    const command = new StartQueryCommand({ QueryStatement });
    const send = () => client.send(command, { abortSignal: signal });
    const answer = await call(start, send, z.object({ QueryId: z.string() }), signal);
    if (answer === null) throw missing(eventDataStore);
    return answer.QueryId;
  }

  async function page(QueryId: string, token: string | undefined, signal: AbortSignal) {
    const command = new GetQueryResultsCommand({
      QueryId,
      MaxQueryResults: maxRows,
      ...(token === undefined ? {} : { NextToken: token }),
    });
    const send = () => client.send(command, { abortSignal: signal });
    const answer = await call(results, send, resultsSchema, signal);
    if (answer === null) throw missing(eventDataStore);
    return answer;
  }

  async function finished(QueryId: string, signal: AbortSignal) {
    for (let waitMs = firstPollMs; ; waitMs = Math.min(waitMs * 2, slowestPollMs)) {
      const answer = await page(QueryId, undefined, signal);
      switch (answer.QueryStatus) {
        case "FINISHED":
          return answer;
        case "QUEUED":
        case "RUNNING":
          await sleep(waitMs, signal).catch(() => {
            throw timedOut(start, "the query of CloudTrail Lake did not finish before the deadline");
          });
          break;
        default:
          throw failedCall(
            start,
            `the query ended as ${answer.QueryStatus}: ${answer.ErrorMessage ?? "no reason given"}`,
          );
      }
    }
  }

  /** Nobody waits for its answer any more, and it is not worth a message where it cannot be cancelled. */
  function cancel(QueryId: string): void {
    client.send(new CancelQueryCommand({ QueryId })).catch(() => {});
  }

  return {
    region,
    async selectors(signal) {
      const command = new GetEventDataStoreCommand({ EventDataStore: eventDataStore });
      const send = () => client.send(command, { abortSignal: signal });
      const answer = await call("cloudtrail:GetEventDataStore", send, selectorsSchema, signal);
      return answer === null ? null : selectorsOf(answer);
    },
    async find(wanted, from, signal): Promise<TrailAnswer> {
      const to = clock();
      const tally = createTally(results);
      const id = eventDataStore.slice(eventDataStore.lastIndexOf("/") + 1);
      const statement = lakeStatement(id, wanted, from, new Date(to));
      if (statement === null) return tally.answer(to, true);
      const queryId = await run(statement, signal);
      try {
        let rows = 0;
        let answer = await finished(queryId, signal);
        for (;;) {
          for (const row of answer.QueryResultRows ?? []) tally.add(eventOf(row));
          rows += answer.QueryResultRows?.length ?? 0;
          if (answer.NextToken == null || rows >= maxRows) return tally.answer(to, rows < maxRows);
          answer = await page(queryId, answer.NextToken, signal);
        }
      } catch (error) {
        if (error instanceof CallFailure && error.unavailable.reason === "timeout") cancel(queryId);
        throw error;
      }
    },
  };
}

/** A row is a list of columns, each an object with one field; how the name is spelled is Lake's business. */
function eventOf(row: readonly Readonly<Record<string, string>>[]): string | undefined {
  return row
    .flatMap((column) => Object.entries(column))
    .find(([name]) => name.toLowerCase() === "eventjson")?.[1];
}

function missing(eventDataStore: string): CallFailure {
  return failedCall(start, `there is no event data store ${eventDataStore}`);
}
