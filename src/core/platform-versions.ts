import type { ClusterFacts } from "./evidence.ts";

/** The first platform version with Pod Identity, for the versions that had others before. */
const firstPlatform: Readonly<Record<string, number>> = {
  "1.24": 13,
  "1.25": 10,
  "1.26": 9,
  "1.27": 8,
  "1.28": 4,
  "1.29": 1,
};

/**
 * Does the cluster know EKS Pod Identity? Else what it takes: `platform eks.4`. Null: the version cannot be read.
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html
 */
export function podIdentitySupport({
  version,
  platformVersion,
}: Pick<ClusterFacts, "version" | "platformVersion">):
  | { readonly supported: true }
  | { readonly supported: false; readonly needed: string }
  | null {
  const platform = /^eks\.(\d+)$/.exec(platformVersion)?.[1];
  const minor = /^1\.(\d+)$/.exec(version)?.[1];
  if (platform === undefined || minor === undefined) return null;
  if (Number(minor) < 24) return { supported: false, needed: "version 1.24" };
  const first = firstPlatform[version];
  if (first === undefined || Number(platform) >= first) return { supported: true };
  return { supported: false, needed: `platform eks.${first}` };
}
