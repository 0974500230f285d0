import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { recognise } from "../../../src/core/logs/recognise.ts";

interface UnseenEntry {
  readonly id: string;
  readonly log: string;
  readonly errors: readonly { readonly kind: string }[];
  /** Other kinds for the first that are right as well. */
  readonly altKinds?: readonly string[];
}

/**
 * Logs of public issues, labelled before they were read and never changed anything for: whoever teaches the grammar a
 * sentence that only stands here moves the entry to `wild.jsonl`, and puts another one in its place.
 */
const unseen = readFileSync(join(import.meta.dirname, "../../fixtures/logs/unseen.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as UnseenEntry);

function isRight({ log, errors, altKinds = [] }: UnseenEntry): boolean {
  const found = recognise(log);
  return (
    found.length === errors.length &&
    errors.every((error, at) => {
      const { kind, ...fields } = error;
      const read = found[at] as unknown as Record<string, unknown>;
      return (
        [kind, ...(at === 0 ? altKinds : [])].includes(String(read["kind"])) &&
        Object.entries(fields).every(([name, value]) => read[name] === value)
      );
    })
  );
}

test("nothing is found where nothing of AWS's identity is wrong", () => {
  const quiet = unseen.filter(({ errors }) => errors.length === 0);
  expect(quiet.length).toBeGreaterThan(10);
  expect(quiet.filter(({ log }) => recognise(log).length > 0)).toEqual([]);
});

test("nine of ten are right in every field", () => {
  expect(unseen.filter(isRight).length / unseen.length).toBeGreaterThanOrEqual(0.9);
});
