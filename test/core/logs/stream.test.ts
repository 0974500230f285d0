import fc from "fast-check";
import { expect, test } from "vitest";
import { createLogScanner } from "../../../src/core/logs/stream.ts";

const denial =
  "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/node/i-0a1b2c3d4e5f60718 is not authorized to perform: dynamodb:Query on resource: arn:aws:dynamodb:us-west-2:111122223333:table/Items because no identity-based policy allows the dynamodb:Query action";
const log = [
  "2026-01-01T10:00:00.000000001Z INFO started",
  `2026-01-01T10:00:05.5Z ERROR ${denial}`,
  `2026-01-01T10:00:05.6Z Caused by: ${denial}`,
  "2026-01-01T10:00:06Z INFO GET /health 200",
  `2026-01-01T10:00:09Z ERROR ${denial}`,
  "2026-01-01T10:00:10Z ERROR botocore.exceptions.NoCredentialsError: Unable to locate credentials",
  "",
].join("\n");

function scan(chunks: readonly string[]) {
  const scanner = createLogScanner({ timestamps: true });
  for (const chunk of chunks) scanner.push(chunk);
  return scanner.end();
}

test("counts distinct errors, with the times of the lines and a short excerpt", () => {
  const { lines, errors } = scan([log]);
  expect(lines).toBe(6);
  expect(
    errors.map(({ kind, count, firstSeen, lastSeen }) => ({ kind, count, firstSeen, lastSeen })),
  ).toEqual([
    {
      kind: "access-denied",
      count: 2,
      firstSeen: "2026-01-01T10:00:05.500Z",
      lastSeen: "2026-01-01T10:00:09.000Z",
    },
    {
      kind: "no-credentials",
      count: 1,
      firstSeen: "2026-01-01T10:00:10.000Z",
      lastSeen: "2026-01-01T10:00:10.000Z",
    },
  ]);
  for (const { excerpt } of errors) expect(excerpt.length).toBeLessThanOrEqual(302);
});

test("cut anywhere, a log gives the same answer", () => {
  const whole = scan([log]);
  fc.assert(
    fc.property(fc.array(fc.nat(log.length), { maxLength: 12 }), (cuts) => {
      const sorted = [0, ...cuts.toSorted((a, b) => a - b), log.length];
      expect(scan(sorted.slice(1).map((end, i) => log.slice(sorted[i], end)))).toEqual(whole);
    }),
  );
});

test("any number of distinct errors is told in bounded space, and none is lost", () => {
  const scanner = createLogScanner({ timestamps: false });
  for (let at = 0; at < 3_000; at++) scanner.line(denial.replace("table/Items", `table/Items${at}`));
  for (let at = 0; at < 3_000; at++) scanner.line(denial.replaceAll("dynamodb:Query", `s3:Get${at}`));
  const { errors } = scanner.end();
  expect(errors.length).toBeLessThan(2_100);
  expect(errors.reduce((sum, { count }) => sum + count, 0)).toBe(6_000);
  expect(errors.find(({ resource, action }) => resource === null && action !== null)).toMatchObject({
    action: "dynamodb:Query",
    count: 2_000,
  });
});

test("a line without an end costs no more than its bound", () => {
  const scanner = createLogScanner({ timestamps: false });
  for (let i = 0; i < 200; i++) scanner.push(`${"x".repeat(50_000)} denied `);
  expect(scanner.end().lines).toBe(1);
});
