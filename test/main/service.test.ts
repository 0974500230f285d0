import { expect, test } from "vitest";
import { createLog } from "../../src/main/service.ts";

test("the process's own log names no secret", () => {
  const secret = `AK${"IA"}${"Q7".repeat(8)}`;
  const lines: string[] = [];
  const log = createLog("bot", "info", { write: (line) => lines.push(line) });
  log.error(
    { error: `cannot sign with ${secret}`, headers: { Authorization: `Bearer ${secret}` } },
    "a job failed",
  );
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    role: "bot",
    msg: "a job failed",
    error: "cannot sign with [redacted]",
    headers: { Authorization: "Bearer [redacted]" },
  });
});
