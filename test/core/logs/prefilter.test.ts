import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bareDenials } from "../../../src/core/logs/bare-denials.ts";
import { mayMatter } from "../../../src/core/logs/grammar.ts";
import { unexplained } from "../../../src/core/logs/no-credentials.ts";
import { anchors, createPrefilter } from "../../../src/core/logs/prefilter.ts";
import { recognise } from "../../../src/core/logs/recognise.ts";
import { symptoms } from "../../../src/core/logs/symptoms.ts";

const prefilter = createPrefilter(anchors);
const bytesOf = (text: string) => new TextEncoder().encode(text);
const passes = (text: string) => {
  const bytes = bytesOf(text);
  return prefilter.next(bytes, 0, bytes.length) >= 0;
};

const folder = join(import.meta.dirname, "../../fixtures/logs");
const corpus = ["corpus.jsonl", "wild.jsonl", "unseen.jsonl"]
  .flatMap((file) => readFileSync(join(folder, file), "utf8").trim().split("\n"))
  .map((line) => JSON.parse(line) as { id: string; log: string });

/** Every pattern by which the grammar knows an error, without what has to stand around it. */
const patterns = [...[...symptoms, unexplained].flatMap((symptom) => symptom.patterns), ...bareDenials].map(
  ({ source }) =>
    source
      .replace(/\(\?=.*$/, "")
      .replaceAll("\\b", "")
      // The package's name stands in the name of an operation.
      .replace(/^ec2imds/, "error ec2imds: Get"),
);

describe("the prefilter", () => {
  test("passes every log of the corpus in which an error is recognised", () => {
    const lost = corpus.filter(({ log }) => recognise(log).length > 0 && !passes(log)).map(({ id }) => id);
    expect(lost).toEqual([]);
  });

  test.each(patterns)("passes every text of the grammar: %s", (pattern) => {
    fc.assert(
      fc.property(fc.stringMatching(new RegExp(pattern)), (text) => {
        if (!mayMatter(text)) throw new Error(`never read: ${JSON.stringify(text)}`);
        if (!passes(text)) throw new Error(`no anchor in ${JSON.stringify(text)}`);
      }),
      { numRuns: 30 },
    );
  });

  test("passes the words around every denial that is spelled out", () => {
    expect(passes("is not authorized to perform")).toBe(true);
    expect(passes("not authorized to perform sts:AssumeRole")).toBe(true);
    expect(passes("Encoded authorization failure message: abcd")).toBe(true);
  });

  test("finds every anchor in either case, where it begins", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...anchors),
        fc.stringMatching(/^[#$%0]{0,40}$/),
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
