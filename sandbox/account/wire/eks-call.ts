import type { Cluster } from "../model.ts";
import { AwsError, authorize, awsError, type Call, pageOf } from "./service.ts";

/** Times of the EKS API are seconds since the epoch. */
export function epoch(iso: string): number {
  return Date.parse(iso) / 1_000;
}

export function arnOf({ account }: Call, resource: string): string {
  return `arn:aws:eks:${account.region}:${account.accountId}:${resource}`;
}

/** The cluster that the request names, after IAM let the caller ask. @throws AwsError */
export function clusterOf(call: Call, name: string): Cluster {
  authorize(call, `eks:${call.operation}`, arnOf(call, `cluster/${name}`));
  const cluster = call.account.cluster(name);
  if (cluster === undefined) throw notFound(`No cluster found for name: ${name}.`, { clusterName: name });
  return cluster;
}

export function notFound(message: string, members: Readonly<Record<string, string>> = {}): AwsError {
  return new AwsError(404, "ResourceNotFoundException", message, members);
}

export function invalidParameter(message: string, members: Readonly<Record<string, string>> = {}): AwsError {
  return new AwsError(400, "InvalidParameterException", message, members);
}

/** One page by `maxResults` and `nextToken`. @throws AwsError for a size or a token that EKS would not take. */
export function pageFor<T>(call: Call, items: readonly T[]) {
  const query = call.request.url.searchParams;
  const size = Number(query.get("maxResults") ?? "100");
  if (!Number.isInteger(size) || size < 1 || size > 100) {
    throw invalidParameter("maxResults must be between 1 and 100");
  }
  const filters = [...query].filter(([key]) => key !== "nextToken" && key !== "maxResults");
  const { items: page, next } = pageOf(items, {
    token: query.get("nextToken"),
    size,
    asked: JSON.stringify([call.request.url.pathname, filters]),
    badToken: awsError(call.service.codes.badToken, "The nextToken is not valid."),
  });
  return { items: page, nextToken: next };
}
