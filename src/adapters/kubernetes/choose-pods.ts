import { isReady } from "./pod-facts.ts";
import type { Pod } from "./schemas.ts";

/**
 * At most `limit` pods that show the most: up to half of them broken (the newest of those), the rest the newest and
 * the oldest in turn. Newest first.
 */
export function choosePods(pods: readonly Pod[], limit: number): readonly Pod[] {
  const newestFirst = [...pods].sort(byAge);
  if (newestFirst.length <= limit) return newestFirst;
  const chosen = new Set(newestFirst.filter(isBroken).slice(0, Math.floor(limit / 2)));
  for (let index = 0; chosen.size < limit; index += 1) {
    for (const pod of [newestFirst[index], newestFirst.at(-1 - index)]) {
      if (pod !== undefined && chosen.size < limit) chosen.add(pod);
    }
  }
  return newestFirst.filter((pod) => chosen.has(pod));
}

function isBroken(pod: Pod): boolean {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const restarted = statuses.some(({ restartCount }) => restartCount > 0);
  return pod.status?.phase !== "Succeeded" && (!isReady(pod) || restarted);
}

function byAge(a: Pod, b: Pod): number {
  const younger = Date.parse(b.metadata.creationTimestamp) - Date.parse(a.metadata.creationTimestamp);
  return younger || (a.metadata.name < b.metadata.name ? -1 : 1);
}
