import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate } from "../../../src/core/iam/evaluate.ts";
import { excess, statementFor } from "../../../src/core/iam/least-privilege.ts";
import { allow, deny, named } from "./support.ts";

const table = "arn:aws:dynamodb:eu-west-1:111122223333:table/Items";
const principal = "arn:aws:sts::111122223333:assumed-role/carts/x";

describe("statementFor", () => {
  it.each([
    [{ action: "dynamodb:Query", resource: table }, table],
    [{ action: "dynamodb:ListTables", resource: null }, "*"],
    [{ action: "s3:GetObject", resource: '"arn:aws:s3:::carts-data/a"' }, "arn:aws:s3:::carts-data/a"],
    [
      { action: "secretsmanager:GetSecretValue", resource: "shop/db" },
      "arn:*:secretsmanager:*:*:secret:shop/db-??????",
    ],
    [{ action: "ssm:GetParameter", resource: "/shop/db" }, "arn:*:ssm:*:*:parameter/shop/db"],
    [{ action: "ssm:GetParameter", resource: "db" }, "arn:*:ssm:*:*:parameter/db"],
    [{ action: "iam:PassRole", resource: "role carts" }, "arn:*:iam::*:role/carts"],
    [{ action: "sqs:SendMessage", resource: "orders" }, "arn:*:sqs:*:*:*orders"],
  ])("of %j names %s", (denied, resource) => {
    expect(statementFor(denied)).toEqual({ Effect: "Allow", Action: denied.action, Resource: resource });
  });

  it("keeps wildcards and variables of a resource literal", () => {
    expect(statementFor({ action: "s3:GetObject", resource: "arn:aws:s3:::b/${a}*?" }).Resource).toBe(
      "arn:aws:s3:::b/${$}{a}${*}${?}",
    );
  });

  it("allows what was denied, and not the same on another resource", () => {
    const part = fc.string({
      unit: fc.constantFrom("a", "/", "-", "*", "?", "$", "{", "}"),
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(part, part, (one, other) => {
        const resource = `arn:aws:s3:::bucket/${one}`;
        const identityPolicies = [
          named("identity", { ...statementFor({ action: "s3:GetObject", resource }) }),
        ];
        const ask = (name: string) =>
          evaluate(
            { principal, action: "s3:GetObject", resource: `arn:aws:s3:::bucket/${name}`, context: {} },
            { identityPolicies },
          ).decision;
        expect(ask(one)).toBe("allowed");
        if (other !== one) expect(ask(other)).toBe("implicitDeny");
      }),
    );
  });
});

describe("excess", () => {
  const needed = [{ action: "dynamodb:Query", resource: table }];

  it.each([
    ["exactly the need", [allow("dynamodb:Query", table)], []],
    ["the need in other letters", [allow("DynamoDB:query", table)], []],
    ["a whole service", [allow("dynamodb:*", table)], ["dynamodb:*"]],
    [
      "other actions, once and in order",
      [allow(["s3:PutObject", "dynamodb:Query"]), allow(["s3:PutObject", "s3:*"])],
      ["s3:*", "s3:PutObject"],
    ],
    ["everything", [allow("*")], ["*"]],
    ["all but some", [{ Effect: "Allow", NotAction: ["iam:*"], Resource: "*" }], ["everything but iam:*"]],
    ["what a Deny names", [deny("s3:*")], []],
  ])("of %s", (_what, statements, beyond) => {
    expect(excess([named("identity", statements)], needed)).toEqual(beyond);
  });
});
