import type { WantedCalls } from "./wanted.ts";

/** Ids of instances as EC2 and Systems Manager give them: the session names of nodes. */
const instanceId = /^m?i-[0-9a-f]{8,17}$/;

/** At most so many rows: the newest of them. */
export const maxRows = 500;

/**
 * A text of SQL. Trino knows one escape, the doubled quote, and no backslash:
 * https://trino.io/docs/current/language/types.html#varchar
 */
export function sqlText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/**
 * The failed calls around a workload, and the sessions given out for its roles, newest first, as a query of CloudTrail
 * Lake. Bounded in time, because a query is paid by what it scans, and in rows. Null: there is nothing to look for.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-limitations.html
 * @throws Error for an id that is none: it stands unquoted in the statement.
 */
export function lakeStatement(
  eventDataStoreId: string,
  wanted: WantedCalls,
  from: Date,
  to: Date,
): string | null {
  if (!/^[0-9a-zA-Z-]{36}$/.test(eventDataStoreId)) throw new Error("not the id of an event data store");
  const roles = rolesOf(wanted).map(sqlText).join(", ");
  const any = [
    ...(roles === ""
      ? []
      : [
          `userIdentity.sessionContext.sessionIssuer.arn IN (${roles})`,
          `element_at(requestParameters, 'roleArn') IN (${roles})`,
        ]),
    ...(wanted.subject === null ? [] : [`userIdentity.userName = ${sqlText(wanted.subject)}`]),
    ...(wanted.cluster === null
      ? []
      : [
          `(eventSource = 'eks-auth.amazonaws.com' AND element_at(requestParameters, 'clusterName') = ${sqlText(wanted.cluster)})`,
        ]),
    ...nodesOf(wanted).map((id) => `userIdentity.principalId LIKE '%:${id}'`),
  ];
  if (any.length === 0) return null;
  return [
    `SELECT eventJson FROM ${eventDataStoreId}`,
    `WHERE eventTime >= '${sqlTime(from)}' AND eventTime <= '${sqlTime(to)}'`,
    "AND (errorCode IS NOT NULL OR (eventSource = 'sts.amazonaws.com' AND eventName IN ('AssumeRole', 'AssumeRoleWithWebIdentity')))",
    `AND (${any.join(" OR ")})`,
    `ORDER BY eventTime DESC LIMIT ${maxRows}`,
  ].join(" ");
}

/** What a filter pattern can hold: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html */
const maxPattern = 1_024;

/** Everything that names of AWS and Kubernetes may hold; a quote, a backslash or a wildcard has no sure escape. */
const plain = /^[\w+=,.@:/-]{1,600}$/;

export interface FilterPatterns {
  /** Each no longer than a pattern may be; empty: there is nothing to look for. */
  readonly patterns: readonly string[];
  /** False where a name cannot be looked for, because it could not stand in a pattern. */
  readonly complete: boolean;
}

/**
 * The same as filter patterns over a trail's log group.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/matching-terms-json-log-events.html
 */
export function filterPatterns(wanted: WantedCalls): FilterPatterns {
  const roles = rolesOf(wanted);
  const named = [...roles, ...[wanted.subject, wanted.cluster].filter((value) => value !== null)];
  const equals = (selector: string, value: string) =>
    plain.test(value) ? [`($.${selector} = "${value}")`] : [];
  const conditions = [
    ...roles.flatMap((role) => [
      ...equals("userIdentity.sessionContext.sessionIssuer.arn", role),
      ...equals("requestParameters.roleArn", role),
    ]),
    ...(wanted.subject === null ? [] : equals("userIdentity.userName", wanted.subject)),
    ...(wanted.cluster === null
      ? []
      : equals("requestParameters.clusterName", wanted.cluster).map(
          (same) => `(($.eventSource = "eks-auth.amazonaws.com") && ${same})`,
        )),
    ...nodesOf(wanted).map((id) => `($.userIdentity.principalId = "*:${id}")`),
  ];
  const patterns: string[] = [];
  let open: string[] = [];
  for (const condition of conditions) {
    if (open.length > 0 && patternOf([...open, condition]).length > maxPattern) {
      patterns.push(patternOf(open));
      open = [];
    }
    open.push(condition);
  }
  if (open.length > 0) patterns.push(patternOf(open));
  return { patterns, complete: named.every((value) => plain.test(value)) };
}

function patternOf(conditions: readonly string[]): string {
  const sessions =
    '(($.eventSource = "sts.amazonaws.com") && (($.eventName = "AssumeRole") || ($.eventName = "AssumeRoleWithWebIdentity")))';
  return `{ (($.errorCode = *) || ${sessions}) && (${conditions.join(" || ")}) }`;
}

/** All roles whose sessions and assumptions count, each once. */
export function rolesOf(wanted: WantedCalls): readonly string[] {
  const { annotatedRole, carriedRoles, associatedRoles, targetRole } = wanted;
  const all = [annotatedRole, ...carriedRoles, ...associatedRoles, targetRole];
  return [...new Set(all.flatMap((role) => role ?? []))];
}

const maxNodes = 3;

function nodesOf({ instanceIds }: WantedCalls): readonly string[] {
  return instanceIds.filter((id) => instanceId.test(id)).slice(0, maxNodes);
}

/** `2026-01-31 11:00:00`, UTC: as the documentation compares `eventTime`. */
function sqlTime(time: Date): string {
  return time.toISOString().slice(0, 19).replace("T", " ");
}
