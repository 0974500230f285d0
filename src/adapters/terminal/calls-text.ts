import { type CallCounts, totalCalls } from "../../app/call-budget.ts";
import { printable } from "./style.ts";

/** What a question asked of each service, one line a service, the most asked operations first. */
export function callsText(counts: CallCounts): string {
  const total = totalCalls(counts);
  const services = Object.entries(counts).map(([service, operations]) => {
    const most = Object.entries(operations).sort(([, a], [, b]) => b - a);
    const told = most.map(([operation, count]) => `${operation} ${count}`).join(", ");
    return `  ${service} ${totalCalls(counts, service)}: ${printable(told)}\n`;
  });
  return [`calls: ${total}\n`, ...services].join("");
}

/** The same in one line, for one of many workloads: `carts/carts: 31 calls (eks 4, kubernetes 27)`. */
export function callsLine(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  counts: CallCounts,
): string {
  const services = Object.keys(counts).map((service) => `${service} ${totalCalls(counts, service)}`);
  const by = services.length === 0 ? "" : ` (${services.join(", ")})`;
  return `${printable(`${namespace}/${name}`)}: ${totalCalls(counts)} calls${by}\n`;
}
