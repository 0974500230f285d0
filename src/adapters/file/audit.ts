import { z } from "zod";
import type { AuditResult } from "../../core/digest.ts";
import { kind } from "./kind.ts";

/** Made of the characters of a rule's name, so that it can be shown as it is. */
const ruleId = z.string().regex(/^[a-z0-9-]+$/);
const entry = z.object({
  namespace: z.string(),
  name: z.string(),
  kind,
  conclusion: z.enum(["cause-found", "no-fault-found", "inconclusive"]),
  ruleId: ruleId.nullable(),
  message: z.string().nullable(),
  // Audits of before do not tell it.
  alsoWrong: z.array(ruleId).default([]),
  missingPermissions: z.array(z.string()),
});
const auditSchema = z.object({
  schema: z.literal("eksiam/audit/v1"),
  cluster: z.string(),
  at: z.iso.datetime(),
  workloads: z.array(entry),
  totals: z.record(z.string(), z.number()),
  new: z.array(entry),
  resolved: z.array(entry),
});

/** An audit as `eksiam audit --output json` wrote it. @throws ZodError for anything else. */
export function parseAudit(value: unknown): AuditResult {
  return auditSchema.parse(value);
}
