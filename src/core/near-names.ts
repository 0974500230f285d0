import type { AssociationRef, WorkloadFacts } from "./evidence.ts";

/**
 * Was this association made for that workload, only under a name that is not its service account's? True for the
 * workload's own name, for a name that differs by an affix such as `-sa`, and for one that differs by a slip of the
 * pen. Other associations of a namespace are other workloads' business.
 */
export function isMeantFor(
  association: Pick<AssociationRef, "namespace" | "serviceAccount">,
  workload: WorkloadFacts,
): boolean {
  const own = workload.template.serviceAccountName;
  if (association.namespace !== workload.namespace || association.serviceAccount === own) return false;
  const other = plain(association.serviceAccount);
  if (other === plain(workload.name)) return true;
  return own !== "default" && (other === plain(own) || isSlip(association.serviceAccount, own));
}

function plain(name: string): string {
  return name.replace(/[-.](?:sa|service-?account)$/, "").replace(/^(?:sa|service-?account)[-.]/, "");
}

/** One character more, less or different, in names long enough that this is no coincidence. */
function isSlip(one: string, other: string): boolean {
  const [short, long] = one.length <= other.length ? [one, other] : [other, one];
  if (short.length < 4 || long.length - short.length > 1) return false;
  // Numbered names (worker-1, worker-2) are siblings, not slips.
  if (/\d$/.test(short) || /\d$/.test(long)) return false;
  let same = 0;
  while (same < short.length && short[same] === long[same]) same += 1;
  const rest = short.length === long.length ? same + 1 : same;
  return short.slice(rest) === long.slice(same + 1);
}
