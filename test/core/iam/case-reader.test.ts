import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCaseReader, readCase } from "../../../src/core/iam/case-reader.ts";
import { evaluate } from "../../../src/core/iam/evaluate.ts";

const document = fc.record({
  Version: fc.constant("2012-10-17"),
  Statement: fc.array(
    fc.record({
      Effect: fc.constantFrom("Allow", "Deny", "Allow", "Deny", "Allow", "allow"),
      Action: fc.constantFrom("s3:Get*", ["dynamodb:Query", "s3:*"], "*"),
      Resource: fc.constantFrom("*", "arn:aws:s3:::data/*", ["arn:aws:s3:::data/]}", 'arn:aws:s3:::"\\']),
    }),
    { minLength: 1, maxLength: 2 },
  ),
});
const policy = fc.oneof(
  { weight: 6, arbitrary: document },
  { weight: 6, arbitrary: fc.record({ name: fc.constantFrom("a", "b"), document }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>("x", 7, null, [], {}) },
);
const list = fc.oneof({ weight: 6, arbitrary: fc.array(policy, { maxLength: 3 }) }, fc.constant(null));
const levels = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.array(policy, { maxLength: 2 }), { maxLength: 2 }) },
  fc.constant(null),
);
const one = fc.record(
  {
    id: fc.nat(9),
    request: fc.record({
      principal: fc.constant("arn:aws:iam::111122223333:role/carts"),
      action: fc.constantFrom("s3:GetObject", "dynamodb:Query"),
      resource: fc.constantFrom("arn:aws:s3:::data/key", "*"),
    }),
    identityPolicies: list,
    permissionsBoundary: list,
    serviceControlPolicies: levels,
    resourcePolicy: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, policy),
  },
  { requiredKeys: ["request"] },
);

/** Another text of the same value, or a text that something was done to. */
const text = fc
  .tuple(
    one,
    fc.constantFrom(0, 2, "\t"),
    fc.option(fc.tuple(fc.nat(), fc.constantFrom("", ",", "]", '"', "}"))),
  )
  .map(([value, indent, damage]) => {
    const json = JSON.stringify(value, null, indent);
    if (damage === null) return json;
    const at = damage[0] % json.length;
    return `${json.slice(0, at)}${damage[1]}${json.slice(at + 1)}`;
  });

function answer(read: typeof readCase, json: string) {
  const { id, ...rest } = read(json, "it");
  return rest.ok ? { id, ...evaluate(rest.value.request, rest.value.layers) } : { id, error: rest.error };
}

describe("a reader that has seen other cases", () => {
  test("answers every case as a new one does", () => {
    const reader = createCaseReader();
    let wellFormed = 0;
    fc.assert(
      fc.property(text, (json) => {
        const expected = answer(readCase, json);
        if (!("error" in expected)) wellFormed++;
        expect(answer(reader, json)).toEqual(expected);
        expect(answer(reader, json)).toEqual(expected);
      }),
      { numRuns: 1_500, seed: 7 },
    );
    expect(wellFormed).toBeGreaterThan(100);
  });

  const request = `"request":{"principal":"arn:aws:iam::111122223333:role/r","action":"s3:GetObject"}`;
  const allow = `{"name":"p","document":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}}`;

  test.each([
    ["a list that stands twice", `{${request},"identityPolicies":[${allow}],"identityPolicies":[]}`, /twice/],
    [
      "the same, spelt with an escape",
      `{${request},"identityPolicies":[${allow}],"\\u0069dentityPolicies":[]}`,
      /twice/,
    ],
    [
      "a key that stands twice in a policy",
      `{${request},"identityPolicies":[${allow.replace('"name"', '"name":"q","name"')}]}`,
      /identityPolicies\[0\]\.name/,
    ],
    ["a comma too many", `{${request},"identityPolicies":[${allow},]}`, /not JSON/],
    ["more behind the case", `{${request},"identityPolicies":[${allow}]} {}`, /not JSON/],
    [
      "levels where a list belongs",
      `{${request},"identityPolicies":[[${allow}]]}`,
      /identityPolicies\[0\]: an object/,
    ],
    [
      "a list where levels belong",
      `{${request},"serviceControlPolicies":[${allow}]}`,
      /serviceControlPolicies\[0\]: a list/,
    ],
  ])("%s is an error, though the policy was seen before", (_, json, message) => {
    const reader = createCaseReader();
    expect(reader(`{${request},"identityPolicies":[${allow}]}`, "it").ok).toBe(true);
    const read = reader(json, "it");
    expect(read.ok ? "" : read.error).toMatch(message);
  });

  test("the same text is another policy in another layer", () => {
    const reader = createCaseReader();
    const bare = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`;
    expect(reader(`{${request},"vpcEndpointPolicies":[${bare}]}`, "it").ok).toBe(true);
    expect(reader(`{${request},"identityPolicies":[${bare}]}`, "it").ok).toBe(false);
  });
});
