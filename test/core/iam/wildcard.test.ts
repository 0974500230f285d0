import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileWildcard, covers, matchWildcard } from "../../../src/core/iam/wildcard.ts";

const matches = (pattern: string, text: string) => matchWildcard(compileWildcard(pattern), text);

/** The same question put to the platform's regular expressions. */
function oracle(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replaceAll("*", "[^]*")
    .replaceAll("?", "[^]");
  return new RegExp(`^${source}$`).test(text);
}

describe("wildcards", () => {
  it.each([
    ["*", "", true],
    ["", "", true],
    ["", "a", false],
    ["?", "", false],
    ["?", "ab", false],
    ["a*b", "ab", true],
    ["a*b*b", "ab", false],
    ["a*?b", "ab", false],
    ["*aa", "aaa", true],
    ["ab*ba", "aba", false],
    ["table/Items*", "table/Items/index/byName", true],
    ["table/Items", "table/Items/index/byName", false],
    ["secret:db-??????", "secret:db-a1B2c3", true],
    ["secret:db-??????", "secret:db-a1B2c", false],
    ["Get*", "get", false],
  ])("%j takes in %j: %s", (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected);
  });

  const pattern = fc.string({ unit: fc.constantFrom("a", "b", ".", "*", "?"), maxLength: 12 });
  const text = fc.string({ unit: fc.constantFrom("a", "b", ".", "*", "?"), maxLength: 16 });

  it("agrees with regular expressions", () => {
    fc.assert(
      fc.property(pattern, text, (p, t) => {
        expect(matches(p, t)).toBe(oracle(p, t));
      }),
      { numRuns: 5_000 },
    );
  });

  it("never matches less when a character becomes a wildcard", () => {
    fc.assert(
      fc.property(pattern, text, fc.nat(), fc.constantFrom("*", "?"), (p, t, at, wild) => {
        const index = p.length === 0 ? 0 : at % p.length;
        if (p[index] === "*" && wild === "?") return;
        const wider = p.slice(0, index) + wild + p.slice(index + 1);
        if (p !== "" && matches(p, t)) expect(matches(wider, t)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  it("does not go back over a hostile pattern", () => {
    expect(matches(`${"*a".repeat(2_000)}*b`, "a".repeat(20_000))).toBe(false);
  });

  it("compares patterns without regard to case", () => {
    expect(covers("S3:Get*", "s3:getobject")).toBe(true);
    expect(covers("s3:Get*", "s3:PutObject")).toBe(false);
  });
});
