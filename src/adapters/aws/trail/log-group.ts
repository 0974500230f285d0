import { GetEventSelectorsCommand } from "@aws-sdk/client-cloudtrail";
import { z } from "zod";
import { filterPatterns } from "../../../core/trail/queries.ts";
import type { AwsClients } from "../clients.ts";
import { call, failedCall } from "../outcome.ts";
import { lazily } from "../reading/optional-reads.ts";
import { selectorsOf, selectorsSchema } from "./selectors.ts";
import { createTally, type TrailStore } from "./store.ts";

const pageSchema = z.object({
  events: z.array(z.object({ message: z.string().optional() })).nullish(),
  nextToken: z.string().nullish(),
});

const permission = "logs:FilterLogEvents";
const pageSize = 500;

/** Pages of a busy group come back empty while it is searched, so there may be many. */
const maxPages = 20;

export interface LogGroupDeps {
  readonly clients: AwsClients;
  /** Name or ARN. */
  readonly logGroup: string;
  /** Where the group is. */
  readonly region: string;
  /** ARN of the trail that writes to it; null: what it records is not known. */
  readonly trail: string | null;
  readonly clock: () => string;
}

/**
 * The log group that a trail writes to. FilterLogEvents rather than Logs Insights: it answers at once, is not paid for
 * what it scans, and needs no second permission to be cancelled.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
 * Permissions: logs:FilterLogEvents, cloudtrail:GetEventSelectors.
 */
export function createTrailLogGroup({ clients, logGroup, region, trail, clock }: LogGroupDeps): TrailStore {
  // Few clusters are configured so: the package is loaded only for them.
  const loaded = lazily(async () => {
    const { CloudWatchLogsClient, FilterLogEventsCommand } = await import("@aws-sdk/client-cloudwatch-logs");
    const client = clients.other((settings) => new CloudWatchLogsClient({ ...settings, region }));
    return { client, FilterLogEventsCommand };
  });
  const group = logGroup.startsWith("arn:")
    ? { logGroupIdentifier: logGroup.replace(/:\*$/, "") }
    : { logGroupName: logGroup };

  async function page(
    filterPattern: string,
    from: Date,
    to: Date,
    token: string | undefined,
    signal: AbortSignal,
  ) {
    const { client, FilterLogEventsCommand } = await loaded();
    const command = new FilterLogEventsCommand({
      ...group,
      filterPattern,
      startTime: from.getTime(),
      endTime: to.getTime(),
      limit: pageSize,
      ...(token === undefined ? {} : { nextToken: token }),
    });
    const send = () => client.send(command, { abortSignal: signal });
    const answer = await call(permission, send, pageSchema, signal);
    if (answer === null) throw failedCall(permission, `there is no log group ${logGroup} in ${region}`);
    return answer;
  }

  return {
    region,
    async selectors(signal) {
      if (trail === null) return null;
      const command = new GetEventSelectorsCommand({ TrailName: trail });
      const send = () =>
        clients.cloudtrail(trail.split(":")[3] ?? region).send(command, { abortSignal: signal });
      const answer = await call("cloudtrail:GetEventSelectors", send, selectorsSchema, signal);
      return answer === null ? null : selectorsOf(answer);
    },
    async find(wanted, from, signal) {
      const to = clock();
      const tally = createTally(permission);
      const { patterns, complete: all } = filterPatterns(wanted);
      let complete = all;
      for (const pattern of patterns) {
        let token: string | undefined;
        for (let count = 0; ; count++) {
          if (count === maxPages) {
            complete = false;
            break;
          }
          const answer = await page(pattern, from, new Date(to), token, signal);
          for (const { message } of answer.events ?? []) tally.add(message);
          token = answer.nextToken ?? undefined;
          if (token === undefined) break;
        }
      }
      return tally.answer(to, complete);
    },
  };
}
