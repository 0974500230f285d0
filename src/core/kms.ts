import type { LogErrorGroup } from "./evidence.ts";

/** Is it a call to KMS, made by the application or by a service on its behalf? */
export function isKmsCall({
  action,
  missingAction,
}: Pick<LogErrorGroup, "action" | "missingAction">): boolean {
  return (missingAction ?? action ?? "").toLowerCase().startsWith("kms:");
}
