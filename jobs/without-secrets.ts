import type { Processor } from "bullmq";
import { redact } from "../src/core/redact.ts";

/** A job that fails leaves its message and its stack in Redis: no secret may be in them. */
export function withoutSecrets(process: Processor): Processor {
  return async (...call) => {
    try {
      return await process(...call);
    } catch (error) {
      if (error instanceof Error) {
        const { message, stack } = error;
        error.message = redact(message);
        if (stack !== undefined) error.stack = redact(stack);
      }
      throw error;
    }
  };
}
