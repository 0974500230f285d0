import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLogBytes } from "../../../src/adapters/file/log-bytes.ts";
import { recognise } from "../../../src/core/logs/recognise.ts";
import { createLogScanner, type ScannedError } from "../../../src/core/logs/stream.ts";

const folder = join(import.meta.dirname, "../../fixtures/logs");
const entries = ["corpus.jsonl", "wild.jsonl"]
  .flatMap((file) => readFileSync(join(folder, file), "utf8").trim().split("\n"))
  .map((line) => JSON.parse(line) as { id: string; log: string });
const logs = entries.map(({ log }) => log);

const healthy = "2026-01-01T00:00:00Z INFO GET /healthz 200 1ms";
const denial =
  "User: arn:aws:sts::111122223333:assumed-role/node/i-0123456789abcdef0 is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::data/key because no identity-based policy allows the s3:GetObject action";

function scanned(...texts: readonly string[]): readonly ScannedError[] {
  const scanner = createLogScanner({ timestamps: false });
  for (const text of texts) scanner.push(text);
  return scanner.end().errors;
}

function searched(bytes: Uint8Array, cuts: readonly number[] = []): readonly ScannedError[] {
  const scanner = createLogScanner({ timestamps: false });
  const log = createLogBytes(scanner);
  let from = 0;
  for (const end of [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    log.push(bytes.slice(from, end));
    from = end;
  }
  log.end();
  return scanner.end().errors;
}

/** What is told of the errors, in any order. */
function told(errors: readonly Omit<ScannedError, "excerpt" | "firstSeen" | "lastSeen" | "count">[]) {
  return errors
    .map(({ kind, principalArn, action, resource, denyLayer }) =>
      JSON.stringify({ kind, principalArn, action, resource, denyLayer }),
    )
    .sort();
}

const wrapped = (width: number) => (log: string) =>
  log.replaceAll(new RegExp(`([^\\n]{${width},}?) (?=\\S)`, "g"), "$1\n");
const eachLine = (write: (line: string) => string) => (log: string) =>
  log
    .split("\n")
    .map((line) => write(line))
    .join("\n");

const shapes: Readonly<Record<string, (log: string) => string>> = {
  "as it is": (log) => log,
  "as JSON": (log) => JSON.stringify({ level: "error", msg: log, err: log }),
  "with Windows line ends": (log) => log.replaceAll("\n", "\r\n"),
  "in a box": (log) => `╷\n${eachLine((line) => `│ ${line}`)(log)}\n╵`,
  "wrapped in a box": (log) => `╷\n${eachLine((line) => `│ ${line}`)(wrapped(60)(log))}\n╵`,
  wrapped: wrapped(100),
  "behind a container runtime": eachLine((line) => `2024-05-05T10:00:00.123456789Z stderr F ${line}`),
  "behind Compose": eachLine((line) => `carts-api-1  | ${line}`),
  "behind kubectl": eachLine((line) => `[pod/carts-5d7f/carts] ${line}`),
  "in Docker's files": eachLine((line) =>
    JSON.stringify({ log: `${line}\n`, stream: "stderr", time: "2026-01-01T00:00:00.5Z" }),
  ),
};

describe("an error is found with all that its lines tell, among others", () => {
  // One sentence or one chain of causes: what several events tell may well be told as several errors.
  const single = logs.filter(
    (log) => new Set(told(recognise(log))).size === 1 && /User: \S+ is not/.test(log),
  );

  test.each(Object.entries(shapes))("%s", (_, write) => {
    expect(single.length).toBeGreaterThan(20);
    for (const log of single) {
      const text = `${healthy}\n${write(log)}\n${healthy}\n${healthy}`;
      expect(told(scanned(text)), text).toEqual(told(recognise(log)));
    }
  });

  test("wrapped anywhere, with the beginning of its sentence in the line before", () => {
    const words = denial.split(" ");
    for (let at = 1; at < words.length; at++) {
      const text = `${healthy}\nERROR ${words.slice(0, at).join(" ")}\n${words.slice(at).join(" ")}\n${healthy}`;
      expect(told(scanned(text)), text).toEqual(told(recognise(denial)));
      expect(scanned(text)).toMatchObject([{ count: 1 }]);
    }
  });
});

describe("one failure is counted once", () => {
  test.each([
    ["a cause that says it again", `ERROR it failed: ${denial}\n\tat a.b.C(C.java:1)\nCaused by: ${denial}`],
    ["the status in a line of its own", `ERROR AccessDenied: ${denial}\n\tstatus code: 403, request id: 1`],
    ["two fields of an event", JSON.stringify({ msg: denial, error: denial })],
    ["an object over several lines", JSON.stringify({ level: "error", err: { message: denial } }, null, 2)],
    [
      ".NET's inner exception",
      `Amazon.S3Exception: ${denial}\n ---> Amazon.HttpErrorResponseException: 403\n   at X`,
    ],
  ])("%s", (_, text) => {
    expect(scanned(`${healthy}\n${text}\n${healthy}`)).toMatchObject([{ count: 1 }]);
  });
});

describe("two failures are counted twice", () => {
  test.each([
    ["one after the other", `${denial}\n${denial}`],
    ["with small letters", `failed to read: ${denial}\nfailed to read: ${denial}`],
    ["both indented", `   ERROR ${denial}\n   ERROR ${denial}`],
    ["both of several lines", `x: ${denial}\n\tstatus code: 403\nx: ${denial}\n\tstatus code: 403`],
    ["with something between them", `${denial}\n${healthy}\n${denial}`],
  ])("%s", (_, text) => {
    expect(scanned(text)).toMatchObject([{ count: 2 }]);
  });
});

describe("a log that streams by and the same log read at once", () => {
  const counted = (errors: readonly { readonly kind: string; readonly count: number }[]) =>
    errors.map(({ kind, count }) => `${kind} ${count}`).sort();
  /** Only all lines of an event together show what these tell; a failure is looked for in the lines around its sign. */
  const neededWhole = [
    "imds-unreachable--pulumi-pulumi-issues-10303",
    "sdk-js-3348",
    "sdk-rust-227",
    "aws.jl-598",
  ];

  test("tell the same errors, as often", () => {
    const otherwise = entries.filter(({ log }) => {
      const [streamed, whole] = [scanned(log), recognise(log)];
      return (
        JSON.stringify([told(streamed), counted(streamed)]) !== JSON.stringify([told(whole), counted(whole)])
      );
    });
    expect(otherwise.map(({ id }) => id)).toEqual(neededWhole);
  });

  test("so does a line that holds events with their line ends escaped", () => {
    const log = `${denial}\n\tat a.b.C(C.java:1)\nERROR ${denial}\nINFO fine`;
    const line = JSON.stringify({ log: `ERROR ${log}` });
    expect(counted(scanned(line))).toEqual(counted(recognise(log)));
    expect(counted(recognise(log))).toEqual(["access-denied 2"]);
  });
});

test("a line that a runtime has cut is put together", () => {
  const [at, end] = ["2024-05-05T10:00:00.1Z", denial.length / 2];
  const cri = `${at} stderr P ${denial.slice(0, end)}\n${at} stderr F ${denial.slice(end)}\n`;
  const docker = [denial.slice(0, end), `${denial.slice(end)}\n`]
    .map((log) => JSON.stringify({ log, stream: "stderr", time: at }))
    .join("\n");
  for (const text of [cri, docker]) {
    expect(scanned(text)).toMatchObject([
      { resource: "arn:aws:s3:::data/key", firstSeen: "2024-05-05T10:00:00.100Z" },
    ]);
    expect(searched(new TextEncoder().encode(text))).toEqual(scanned(text));
  }
});

test("the frames of a stack show whose SDK it is", () => {
  const frame = "    at Request.extractError (/app/node_modules/aws-sdk/lib/protocol/query.js:40:29)";
  expect(scanned(`ExpiredToken: The provided token has expired\n${frame}`)).toMatchObject([{ sdk: "js2" }]);
});

test("bytes and text tell the same, wherever they are cut", () => {
  const piece = fc.oneof(
    fc
      .tuple(fc.constantFrom(...Object.values(shapes)), fc.constantFrom(...logs))
      .map(([write, log]) => write(log)),
    fc.constantFrom(healthy, "", "and so on", "   indented", "ends with a colon:", "x".repeat(5_000)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 6 }), (pieces, cuts) => {
      const text = pieces.join("\n");
      const bytes = new TextEncoder().encode(text);
      const whole = searched(bytes);
      expect(searched(bytes, cuts)).toEqual(whole);
      expect(whole).toEqual(scanned(text));
      expect(scanned(...(text.match(/[\s\S]{1,97}/g) ?? []))).toEqual(whole);
    }),
    { numRuns: 150 },
  );
});
