import { type Job, UnrecoverableError } from "bullmq";
import { expect, test } from "vitest";
import { withoutSecrets } from "../../jobs/without-secrets.ts";

const secret = `AK${"IA"}${"Q7".repeat(8)}`;
const job = {} as Job;

test("what a failed job leaves behind names no secret, and its kind stays", async () => {
  const failing = withoutSecrets(async () => {
    throw new UnrecoverableError(`cannot sign with ${secret}`);
  });
  const error: unknown = await Promise.resolve(failing(job)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UnrecoverableError);
  expect((error as Error).message).toBe("cannot sign with [redacted]");
  expect((error as Error).stack).not.toContain(secret);
});

test("what a job answers is handed on", async () => {
  expect(await withoutSecrets(async () => "done")(job)).toBe("done");
});
