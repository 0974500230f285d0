import { z } from "zod";
import type { JsonValue } from "../../core/json.ts";

/** A policy document as text, as every service but IAM gives it. */
export const jsonText = z.string().transform((text, context): JsonValue => {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    context.addIssue({ code: "custom", message: "a policy document that is not JSON" });
    return z.NEVER;
  }
});
