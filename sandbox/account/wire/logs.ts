import { parsePattern } from "./filter-pattern.ts";
import { jsonService } from "./json.ts";
import { AwsError, authorize, awsError, type Call, pageOf } from "./service.ts";

const pageLimit = 10_000;

/** CloudWatch Logs in AWS JSON 1.1: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html */
export const logs = jsonService({
  name: "logs",
  codes: {
    serverError: { status: 500, code: "ServiceUnavailableException" },
    badToken: { status: 400, code: "InvalidParameterException" },
  },
  // Reading log events is no event of the trail: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/logging_cw_api_calls_cwl.html
  trailFacts: () => null,
  operations: { FilterLogEvents: filterLogEvents },
});

interface FilterBody {
  readonly logGroupName?: string;
  readonly logGroupIdentifier?: string;
  readonly filterPattern?: string;
  readonly startTime?: number;
  readonly endTime?: number;
  readonly limit?: number;
  readonly nextToken?: string;
}

function filterLogEvents(call: Call, body: FilterBody) {
  const { account, request, service } = call;
  const named = body.logGroupIdentifier ?? body.logGroupName ?? "";
  const name = named.slice(named.lastIndexOf(":") + 1);
  const arn = `arn:aws:logs:${request.region}:${account.accountId}:log-group:${name}`;
  authorize(call, "logs:FilterLogEvents", `${arn}:log-stream:`);
  const trail = request.region === account.region ? account.trailStores.trailOfLogGroup(named) : undefined;
  if (trail === undefined) {
    throw new AwsError(400, "ResourceNotFoundException", "The specified log group does not exist.");
  }
  let matches: ReturnType<typeof parsePattern>;
  try {
    matches = parsePattern(body.filterPattern ?? "{}");
  } catch (error) {
    throw new AwsError(
      400,
      "InvalidParameterException",
      `Invalid filter pattern: ${(error as Error).message}`,
    );
  }
  const { startTime = 0, endTime = Number.POSITIVE_INFINITY } = body;
  const found = account.trailStores
    .delivered(trail)
    .map((event) => ({ event, atMs: Date.parse(event.eventTime) }))
    .filter(({ event, atMs }) => atMs >= startTime && atMs <= endTime && matches(event.record))
    .sort((a, b) => a.atMs - b.atMs);
  const { items, next } = pageOf(found, {
    token: body.nextToken ?? null,
    size: Math.min(body.limit ?? pageLimit, pageLimit),
    asked: JSON.stringify([name, body.filterPattern, startTime, endTime]),
    badToken: awsError(service.codes.badToken, "The specified nextToken is invalid."),
  });
  return {
    events: items.map(({ event, atMs }) => ({
      eventId: event.eventId,
      logStreamName: `${account.accountId}_CloudTrail_${account.region}`,
      timestamp: atMs,
      ingestionTime: atMs,
      message: JSON.stringify(event.record),
    })),
    searchedLogStreams: [],
    ...(next === null ? {} : { nextToken: next }),
  };
}
