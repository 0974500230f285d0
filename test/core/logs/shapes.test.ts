import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { recognise } from "../../../src/core/logs/recognise.ts";
import { cpuMs } from "../../support/cpu-time.ts";

const folder = join(import.meta.dirname, "../../fixtures/logs");
const logs = ["corpus.jsonl", "wild.jsonl"]
  .flatMap((file) => readFileSync(join(folder, file), "utf8").trim().split("\n"))
  .map((line) => (JSON.parse(line) as { log: string }).log);

/** What matters of the errors, whatever they look like around it. */
function seen(text: string) {
  return recognise(text).map(({ kind, principalArn, principalKind, action, resource, denyLayer }) => ({
    kind,
    principalArn,
    principalKind,
    action,
    resource,
    denyLayer,
  }));
}

const anyLog = fc.constantFrom(...logs);

describe("a log tells the same, however it is written", () => {
  test.each<[string, (log: string) => string]>([
    ["escaped as JSON", (log) => JSON.stringify({ level: "error", msg: log })],
    ["escaped twice", (log) => JSON.stringify({ msg: JSON.stringify({ err: log }) })],
    ["with Windows line ends", (log) => log.replaceAll("\n", "\r\n")],
    ["coloured", (log) => `\u001b[31;1m${log.replaceAll(" ", "\u001b[0m \u001b[31m")}\u001b[0m`],
    ["boxed by Terraform", (log) => `╷\n${log.replace(/^/gm, "│ ")}\n╵`],
    ["behind a runtime's prefix", (log) => log.replace(/^/gm, "2024-05-05T10:00:00.123456789Z stderr F ")],
    ["behind Compose's prefix", (log) => log.replace(/^/gm, "carts-api-1  | ")],
    ["behind kubectl's prefix", (log) => log.replace(/^/gm, "[pod/carts-5d7f/carts] ")],
    ["indented", (log) => log.replace(/^/gm, "      ")],
  ])("%s", (_, write) => {
    const otherwise = logs.filter((log) => JSON.stringify(seen(write(log))) !== JSON.stringify(seen(log)));
    expect(otherwise).toEqual([]);
  });

  test("wrapped at any space", () => {
    fc.assert(
      fc.property(anyLog, fc.array(fc.nat(), { maxLength: 5 }), (log, cuts) => {
        const spaces = [...log.matchAll(/ /g)].map(({ index }) => index);
        let wrapped = log;
        for (const cut of cuts) {
          const at = spaces[cut % Math.max(1, spaces.length)];
          if (at !== undefined) wrapped = `${wrapped.slice(0, at)}\n${wrapped.slice(at + 1)}`;
        }
        expect(seen(wrapped)).toEqual(seen(log));
      }),
      { numRuns: 300 },
    );
  });

  test("between lines that say nothing", () => {
    const noise = "2026-01-01T00:00:00Z INFO GET /healthz 200 1ms";
    for (const log of logs) expect(seen(`${noise}\n${log}\n${noise}`)).toEqual(seen(log));
  });
});

describe("hostile text", () => {
  test("is read in time that grows with its length", () => {
    const pieces = [
      "a",
      "(",
      "User: ",
      "arn:",
      '"',
      "\\",
      "\\\\n",
      "is not authorized to perform: ",
      "│",
      "169.254.170.23 ",
      "| ",
    ];
    for (const piece of pieces) {
      const lengths = [100_000, 400_000].map((length) => {
        const text = `credential ${piece.repeat(length / piece.length)}`;
        return cpuMs(() => recognise(text));
      });
      // Four times the text may take eight times as long, and never longer than a blow-up would; small times are noise.
      const [short = 0, long = 0] = lengths;
      expect(long, piece).toBeLessThan(Math.max(short, 50) * 8);
    }
  });
});
