import { describe, expect, it } from "vitest";
import { excess, excessWeight } from "../../../src/core/iam/excess.ts";
import { allow, deny, type Json, named } from "./support.ts";

const table = "arn:aws:dynamodb:eu-west-1:111122223333:table/Items";
const needed = [{ action: "dynamodb:Query", resource: table }];
const conditional = { StringEquals: { "aws:ResourceTag/team": "carts" } };

describe("excess", () => {
  it.each([
    ["exactly the need", [allow("dynamodb:Query", table)], []],
    ["the need in other letters", [allow("DynamoDB:query", table)], []],
    ["what lies below the denied table", [allow("dynamodb:Query", [table, `${table}/index/*`])], []],
    ["the need on everything", [allow("dynamodb:Query", "*")], ["dynamodb:Query on every resource"]],
    [
      "the need on every table",
      [allow("dynamodb:Query", "arn:aws:dynamodb:*:*:table/*")],
      ["dynamodb:Query on arn:aws:dynamodb:*:*:table/*"],
    ],
    ["tables that begin alike", [allow("dynamodb:Query", `${table}*`)], [`dynamodb:Query on ${table}*`]],
    ["the need on a condition", [{ ...allow("dynamodb:Query", "*"), Condition: conditional }], []],
    ["a whole service on the table", [allow("dynamodb:*", table)], [`dynamodb:* on ${table}`]],
    ["a whole service", [allow("dynamodb:*", "*")], ["dynamodb:*"]],
    [
      "other actions, once and in order",
      [allow(["s3:PutObject", "dynamodb:Query"], table), allow(["s3:PutObject", "s3:*"], table)],
      [`s3:* on ${table}`, `s3:PutObject on ${table}`],
    ],
    ["everything", [allow("*", "*")], ["*"]],
    ["all but some", [{ Effect: "Allow", NotAction: ["iam:*"], Resource: "*" }], ["everything but iam:*"]],
    [
      "the need on all but one table",
      [{ Effect: "Allow", Action: "dynamodb:Query", NotResource: `${table}Old` }],
      ["dynamodb:Query on every resource"],
    ],
    ["what a Deny names", [deny("s3:*")], []],
  ])("of %s", (_what, statements, beyond) => {
    expect(excess([named("identity", statements)], needed)).toEqual(beyond);
  });

  it.each([
    ["arn:aws:s3:::carts-data/a", "arn:aws:s3:::carts-data/*", false],
    ["arn:aws:s3:::carts-data/a", "arn:aws:s3:::carts-*/*", true],
    ["arn:aws:s3:::carts-data", "arn:aws:s3:::*", true],
    ["arn:aws:sqs:eu-west-1:111122223333:orders", "arn:aws:sqs:eu-west-1:111122223333:*", true],
    ["arn:aws:sqs:eu-west-1:111122223333:orders", "arn:aws:sqs:*:*:orders", false],
    [
      "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-a1b2c3",
      "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-??????",
      false,
    ],
    [
      "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/carts:log-stream:x",
      "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/carts:*",
      false,
    ],
  ])("of a need on %s allowed on %s", (resource, allowed, beyond) => {
    const statement = allow("svc:Do", allowed);
    expect(excess([named("identity", statement)], [{ action: "svc:Do", resource }]).length > 0).toBe(beyond);
  });

  it("weighs a wide Allow more than several narrow ones", () => {
    const weight = (...statements: Json[]) => excessWeight([named("identity", statements)], needed);
    const narrow = weight(allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"], table));

    expect(narrow).toBeGreaterThan(weight(allow("dynamodb:Query", table)));
    expect(weight(allow("dynamodb:*", table))).toBeGreaterThan(narrow);
    expect(weight(allow("dynamodb:*", "*"))).toBeGreaterThan(weight(allow("dynamodb:*", table)));
    expect(weight(allow("*", "*"))).toBeGreaterThan(weight(allow("dynamodb:*", "*")));
  });
});
