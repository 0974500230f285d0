import { UnrecoverableError } from "bullmq";

/** Payloads hold ids, never evidence. One that will never parse is not tried again. */
export function readId(data: unknown, field: string): string {
  const value =
    typeof data === "object" && data !== null ? (data as Record<string, unknown>)[field] : undefined;
  if (typeof value !== "string" || value === "") throw new UnrecoverableError(`The payload has no ${field}.`);
  return value;
}
