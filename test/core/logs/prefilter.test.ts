import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anchors, createPrefilter } from "../../../src/core/logs/prefilter.ts";
import { recognise } from "../../../src/core/logs/recognise.ts";

const prefilter = createPrefilter(anchors);
const bytesOf = (text: string) => new TextEncoder().encode(text);
const passes = (text: string) => {
  const bytes = bytesOf(text);
  return prefilter.next(bytes, 0, bytes.length) >= 0;
};

const corpus = readFileSync(join(import.meta.dirname, "../../fixtures/logs/corpus.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as { id: string; log: string });

describe("the prefilter", () => {
  test("passes every log of the corpus in which an error is recognised", () => {
    const lost = corpus.filter(({ log }) => recognise(log).length > 0 && !passes(log)).map(({ id }) => id);
    expect(lost).toEqual([]);
  });

  test("finds every anchor in either case, where it begins", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...anchors),
        fc.stringMatching(/^[#$%0 ]{0,40}$/),
        fc.boolean(),
        (anchor, before, capitals) => {
          const text = `${before}${capitals ? anchor.toUpperCase() : anchor}\n`;
          const bytes = bytesOf(text);
          expect(prefilter.next(bytes, 0, bytes.length)).toBe(before.length);
        },
      ),
    );
  });

  test("agrees with a plain search on any text", () => {
    const word = fc.oneof(fc.constantFrom(...anchors), fc.string({ maxLength: 12 }));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const text = words.join("").toLowerCase();
        expect(passes(text)).toBe(anchors.some((anchor) => text.includes(anchor)));
      }),
    );
  });

  test("looks at nothing outside its bounds", () => {
    const bytes = bytesOf("xx credential xx");
    expect(prefilter.next(bytes, 4, bytes.length)).toBe(-1);
    expect(prefilter.next(bytes, 0, 12)).toBe(-1);
    expect(prefilter.next(bytes, 0, 13)).toBe(3);
  });
});
