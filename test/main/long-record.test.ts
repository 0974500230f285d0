import fc from "fast-check";
import { expect, test } from "vitest";
import { readLongRecord } from "../../src/main/long-record.ts";

function read(line: string) {
  let log = "";
  const record = readLongRecord(Buffer.from(line), (piece) => {
    log += piece;
  });
  return record === null ? null : { ...record, log };
}

const text = fc.string({ unit: "binary", maxLength: 40 });

test("any record is read as JSON reads it, also where a piece ends", () => {
  fc.assert(
    fc.property(
      text,
      fc.nat(20),
      text,
      fc.constantFrom("\\", '"', "\n", "ä", "✓", "🙅🏼", "\u0001", ""),
      (id, shift, rest, what) => {
        const log = `${"x".repeat(65_536 - 10 + shift)}${what.repeat(12)}${rest}`;
        const record = { first: { log: "another", id: 1 }, id, log, "log ": [rest] };
        expect(read(JSON.stringify(record))).toEqual({ id: id.toWellFormed(), log: log.toWellFormed() });
      },
    ),
    { numRuns: 60 },
  );
});

test.each([
  '{"log": 1}',
  '{"logs": "x"}',
  '["log", "x"]',
  '{"id": 1, "log": "x"',
  '{"id": 1, "log": "x',
  '{"log": "x", "log": "y"}',
  '{"log": "\u0001"}',
  '{"log": "\\x"}',
  "log",
  "",
])("is left to be read at once, or refused: %s", (line) => {
  expect(read(line)).toBeNull();
});

test("spaces and other fields are no matter", () => {
  expect(read('{ "more": {"log": "no"}, "id" : [1] , "log"\t: "a\\nb" , "z": "\\"" }')).toEqual({
    id: [1],
    log: "a\nb",
  });
});
