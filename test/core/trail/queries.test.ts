import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { filterPatterns, lakeStatement, sqlText } from "../../../src/core/trail/queries.ts";
import type { WantedCalls } from "../../../src/core/trail/wanted.ts";

const nothing: WantedCalls = {
  annotatedRole: null,
  carriedRoles: [],
  associatedRoles: [],
  targetRole: null,
  cluster: null,
  subject: null,
  instanceIds: [],
};
const role = "arn:aws:iam::111122223333:role/apps/carts";
const wanted: WantedCalls = {
  ...nothing,
  annotatedRole: role,
  associatedRoles: [role],
  targetRole: "arn:aws:iam::444455556666:role/target",
  cluster: "eks-workshop",
  subject: "system:serviceaccount:carts:carts",
  instanceIds: ["i-0123456789abcdef0"],
};
const store = "EXAMPLEf-852d-4e8f-8bd1-bcf6cEXAMPLE";
const from = new Date("2026-01-31T11:00:00Z");
const to = new Date("2026-01-31T12:00:30Z");

/** Names as they are not: quotes, comments, wildcards, other scripts. */
const hostile = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom(
    "'; DROP TABLE x --",
    "a' OR '1'='1",
    'x" || ($.eventName = *',
    "%a*",
    "\\'",
    "\u0000",
    "'' /*",
  ),
);

/** The statement with its texts taken out, by the grammar of SQL. */
function withoutTexts(statement: string): string {
  return statement.replace(/'(?:[^']|'')*'/g, "''");
}

describe("a query of CloudTrail Lake", () => {
  test("asks for the failed calls, and the sessions, of whom it is asked for, in its window", () => {
    expect(lakeStatement(store, wanted, from, to)).toBe(
      [
        `SELECT eventJson FROM ${store}`,
        "WHERE eventTime >= '2026-01-31 11:00:00' AND eventTime <= '2026-01-31 12:00:30'",
        "AND (errorCode IS NOT NULL OR (eventSource = 'sts.amazonaws.com' AND eventName IN ('AssumeRole', 'AssumeRoleWithWebIdentity')))",
        `AND (userIdentity.sessionContext.sessionIssuer.arn IN ('${role}', 'arn:aws:iam::444455556666:role/target')`,
        `OR element_at(requestParameters, 'roleArn') IN ('${role}', 'arn:aws:iam::444455556666:role/target')`,
        "OR userIdentity.userName = 'system:serviceaccount:carts:carts'",
        "OR (eventSource = 'eks-auth.amazonaws.com' AND element_at(requestParameters, 'clusterName') = 'eks-workshop')",
        "OR userIdentity.principalId LIKE '%:i-0123456789abcdef0')",
        "ORDER BY eventTime DESC LIMIT 500",
      ].join(" "),
    );
  });

  test("is none where there is nothing to look for, or only what is no instance", () => {
    expect(lakeStatement(store, nothing, from, to)).toBeNull();
    expect(lakeStatement(store, { ...nothing, instanceIds: ["i-0' OR 1=1", "%"] }, from, to)).toBeNull();
  });

  test("takes no id that is none", () => {
    expect(() => lakeStatement("x; SELECT 1", wanted, from, to)).toThrow("not the id");
  });

  test("a text has one escape", () => {
    expect(sqlText("it's\\")).toBe("'it''s\\'");
  });

  test("whatever the names are, they stay texts, and the statement stays the same", () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (one, two, three) => {
        const statement = lakeStatement(
          store,
          { ...wanted, annotatedRole: `${one}a`, targetRole: `${two}b`, cluster: three, subject: three },
          from,
          to,
        );
        const usual = lakeStatement(
          store,
          { ...wanted, annotatedRole: "a", targetRole: "b", cluster: "c", subject: "d" },
          from,
          to,
        );
        // One role may be the same as another, which makes the list shorter, but never something else.
        const shape = (text: string | null) => withoutTexts(text ?? "").replace(/''(?:, '')+/g, "''");
        expect(shape(statement)).toBe(shape(usual));
      }),
    );
  });
});

describe("filter patterns of a log group", () => {
  test("say the same", () => {
    expect(filterPatterns({ ...wanted, targetRole: null })).toEqual({
      complete: true,
      patterns: [
        [
          '{ (($.errorCode = *) || (($.eventSource = "sts.amazonaws.com") && (($.eventName = "AssumeRole") || ($.eventName = "AssumeRoleWithWebIdentity")))) && (',
          [
            `($.userIdentity.sessionContext.sessionIssuer.arn = "${role}")`,
            `($.requestParameters.roleArn = "${role}")`,
            '($.userIdentity.userName = "system:serviceaccount:carts:carts")',
            '(($.eventSource = "eks-auth.amazonaws.com") && ($.requestParameters.clusterName = "eks-workshop"))',
            '($.userIdentity.principalId = "*:i-0123456789abcdef0")',
          ].join(" || "),
          ") }",
        ].join(""),
      ],
    });
  });

  test("are several where one would be too long", () => {
    const carriedRoles = [1, 2, 3].map((one) => `arn:aws:iam::111122223333:role/${"p".repeat(200)}/${one}`);
    const { patterns, complete } = filterPatterns({ ...wanted, carriedRoles });
    expect(complete).toBe(true);
    expect(patterns.length).toBeGreaterThan(1);
    expect(patterns.every((pattern) => pattern.length <= 1_024)).toBe(true);
    for (const one of carriedRoles)
      expect(patterns.some((pattern) => pattern.includes(`"${one}"`))).toBe(true);
  });

  test("a name with what has no sure escape is left out, and that is said", () => {
    const { patterns, complete } = filterPatterns({
      ...nothing,
      annotatedRole: 'x" || ($.a = *',
      cluster: "c",
    });
    expect(complete).toBe(false);
    expect(patterns).toHaveLength(1);
    expect(patterns.join()).not.toContain("$.a");
  });

  test("whatever the names are, no pattern holds more than was meant", () => {
    fc.assert(
      fc.property(hostile, hostile, (one, two) => {
        const { patterns } = filterPatterns({ ...nothing, annotatedRole: one, cluster: two });
        for (const pattern of patterns) {
          expect(pattern.length).toBeLessThanOrEqual(1_024);
          const bare = pattern.replace(/"[\w+=,.@:/-]*"/g, '""');
          expect(bare).not.toMatch(/"[^" )]/);
          expect(bare.replace(/\(\$\.errorCode = \*\)/, "")).not.toContain("*");
        }
      }),
    );
  });
});
