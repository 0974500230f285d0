import { z } from "zod";
import type { JsonValue } from "../../../core/json.ts";

/** A policy document as text, as every service but IAM gives it. */
export const jsonText = z.string().transform((text, context): JsonValue => {
  const document = jsonOf(text);
  // A proxy in between answers JSON too, but no policy.
  if (document !== null && typeof document === "object" && "Statement" in document) return document;
  context.addIssue({ code: "custom", message: "no policy document" });
  return z.NEVER;
});

function jsonOf(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return null;
  }
}
