import { describe, expect, test } from "vitest";
import { eksiam } from "../e2e/support.ts";

const allow = (Action: string, Resource: string, more: object = {}) => ({
  Version: "2012-10-17",
  Statement: [{ Sid: "S1", Effect: "Allow", Action, Resource, ...more }],
});
const table = "arn:aws:dynamodb:us-west-2:111122223333:table/Items";
const request = {
  principal: "arn:aws:iam::111122223333:role/carts",
  action: "dynamodb:Query",
  resource: table,
};
const identityPolicies = [{ name: "p1", document: allow("dynamodb:Query", table) }];

async function simulate(...cases: readonly unknown[]) {
  const stdin = cases.map((one) => `${typeof one === "string" ? one : JSON.stringify(one)}\n`);
  const ran = await eksiam(["simulate", "--jsonl"], { stdin });
  const answers = ran.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return { ...ran, answers };
}

describe("eksiam simulate", () => {
  test("answers one case as the contract says", async () => {
    const one = { id: "c1", request, identityPolicies, permissionsBoundary: null, sessionPolicies: null };
    const { code, out } = await eksiam(["simulate"], { stdin: [JSON.stringify(one, null, 2)] });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      id: "c1",
      decision: "allowed",
      decidedBy: ["identity-based"],
      matchedStatements: [{ policy: "p1", sid: "S1", index: 0, effect: "Allow" }],
      missingContext: [],
    });
  });

  test("answers a case a line, in order", async () => {
    const { code, answers } = await simulate(
      { id: 1, request, identityPolicies },
      "",
      {
        id: 2,
        request,
        identityPolicies,
        permissionsBoundary: [{ name: "b", document: allow("s3:*", "*") }],
      },
      { id: 3, request, identityPolicies, serviceControlPolicies: [[{ name: "s", document: deny }]] },
    );
    expect(code).toBe(0);
    expect(answers).toMatchObject([
      { id: 1, decision: "allowed" },
      { id: 2, decision: "implicitDeny", decidedBy: ["permissions-boundary"] },
      { id: 3, decision: "explicitDeny", decidedBy: ["scp"] },
    ]);
  });

  test("reports the context that is missing, and what came nearest", async () => {
    const conditional = allow("dynamodb:Query", table, {
      Condition: { StringEquals: { "aws:SourceVpce": "vpce-1" } },
    });
    const index = { ...request, resource: `${table}/index/x` };
    const { answers } = await simulate(
      { id: 1, request, identityPolicies: [{ name: "p", document: conditional }] },
      { id: 2, request: index, identityPolicies },
    );
    expect(answers).toMatchObject([
      { decision: "implicitDeny", missingContext: ["aws:SourceVpce"] },
      { decision: "implicitDeny", nearestMiss: { policy: "p1", differs: ["resource"] } },
    ]);
  });

  test("answers what is not valid with an error in its place, and never guesses", async () => {
    const named = (document: unknown) => [{ name: "p1", document }];
    const { code, answers } = await simulate(
      "{",
      "[]",
      { id: "misspelt", request, identityPolicy: [] },
      { id: "spelt otherwise", request, session_policies: [] },
      { id: "no account", request: { ...request, resourceAccount: "shop" } },
      `{ "id": "twice", "request": ${JSON.stringify(request)}, "identityPolicies": [{ "name": "p", "document": { "Statement": [{ "Effect": "Allow", "Action": "a:b", "Action": "*", "Resource": "*" }] } }] }`,
      { id: "noted", request, identityPolicies, description: "fields of other names are notes" },
      { id: "effect", request, identityPolicies: named({ Statement: [{ Effect: "allow" }] }) },
      { id: "both", request, identityPolicies: named(allow("a:b", "*", { NotAction: "c:d" })) },
      { id: "level", request, serviceControlPolicies: identityPolicies },
      { id: "action", request: { ...request, action: "Query" }, identityPolicies },
      { id: "fine", request, identityPolicies },
    );
    expect(code).toBe(0);
    expect(answers.map(({ id, error }) => [id, error ?? "none"])).toEqual([
      [null, "line 1 is not JSON"],
      [null, expect.stringMatching(/an object is expected/)],
      ["misspelt", expect.stringMatching(/identityPolicy: there is no such field/)],
      ["spelt otherwise", expect.stringMatching(/session_policies: .*sessionPolicies meant/)],
      ["no account", expect.stringMatching(/request\.resourceAccount: an account id/)],
      ["twice", expect.stringMatching(/^identityPolicies\[0\]\.document\.Statement\[0\]\.Action: .*twice/)],
      ["noted", "none"],
      ["effect", expect.stringMatching(/identityPolicies\[0\] \(p1\): Statement\[0\]\.Effect: /)],
      ["both", expect.stringMatching(/NotAction/)],
      ["level", expect.stringMatching(/serviceControlPolicies\[0\]: a list is expected/)],
      ["action", expect.stringMatching(/request\.action.*service:Name/)],
      ["fine", "none"],
    ]);
  });

  test("exits with 2 where the only case is not valid", async () => {
    const { code, out } = await eksiam(["simulate"], { stdin: ["{}"] });
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ id: null, error: expect.stringMatching(/^request/) });
  });

  test("says how to give it something", async () => {
    const { code, err } = await eksiam(["simulate", "/none/case.json"]);
    expect(code).toBe(2);
    expect(err).toMatch(/case\.json is not there/);
  });
});

const deny = {
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Action: "*", Resource: "*" },
    { Effect: "Deny", Action: "dynamodb:*", Resource: "*" },
  ],
};
