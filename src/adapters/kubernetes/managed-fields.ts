import { z } from "zod";
import type { ManagedFieldsEntry } from "./schemas.ts";

const tree = z.record(z.string(), z.unknown());

/**
 * Who last wrote a field, and when. An entry's time is that of the manager's last write to any of its fields, so it
 * is the latest time at which this field can have been written. Null: nobody is recorded for it.
 * https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
 */
export function lastWrite(
  entries: readonly ManagedFieldsEntry[],
  path: readonly string[],
): { readonly manager: string; readonly at: string } | null {
  const writes = entries
    .filter((entry) => holds(entry.fieldsV1, path))
    .flatMap(({ manager, time }) => (manager === null || time === null ? [] : [{ manager, at: time }]))
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return writes.at(-1) ?? null;
}

function holds(fields: unknown, path: readonly string[]): boolean {
  let current: unknown = fields;
  for (const step of path) {
    const parsed = tree.safeParse(current);
    if (!parsed.success || !(step in parsed.data)) return false;
    current = parsed.data[step];
  }
  return true;
}
