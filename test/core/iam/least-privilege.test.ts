import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate } from "../../../src/core/iam/evaluate.ts";
import { isForm, mayNeedStar, statementFor } from "../../../src/core/iam/least-privilege.ts";
import { named } from "./support.ts";

const table = "arn:aws:dynamodb:eu-west-1:111122223333:table/Items";
const key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const principal = "arn:aws:sts::111122223333:assumed-role/carts/x";

describe("statementFor", () => {
  it.each([
    [{ action: "dynamodb:Query", resource: table }, table],
    [{ action: "dynamodb:Query", resource: `${table}/index/by-owner` }, `${table}/index/by-owner`],
    [{ action: "dynamodb:Query", resource: "Items" }, "arn:*:dynamodb:*:*:table/Items"],
    [{ action: "dynamodb:ListTables", resource: null }, "*"],
    [{ action: "ec2:DescribeInstances", resource: "*" }, "*"],
    [{ action: "ec2:DescribeInstances", resource: null }, "*"],
    [{ action: "ecr:GetAuthorizationToken", resource: null }, "*"],
    [{ action: "cloudwatch:PutMetricData", resource: null }, "*"],
    [{ action: "s3:GetObject", resource: '"arn:aws:s3:::carts-data/a"' }, "arn:aws:s3:::carts-data/a"],
    [{ action: "s3:ListBucket", resource: "arn:aws:s3:::carts-data" }, "arn:aws:s3:::carts-data"],
    [{ action: "s3:ListBucket", resource: "carts-data" }, "arn:*:s3:::carts-data"],
    [
      { action: "secretsmanager:GetSecretValue", resource: "shop/db" },
      "arn:*:secretsmanager:*:*:secret:shop/db-??????",
    ],
    [
      { action: "secretsmanager:GetSecretValue", resource: "shop/db", principalArn: principal },
      "arn:aws:secretsmanager:*:111122223333:secret:shop/db-??????",
    ],
    [{ action: "ssm:GetParameter", resource: "/shop/db" }, "arn:*:ssm:*:*:parameter/shop/db"],
    [{ action: "ssm:GetParameter", resource: "db" }, "arn:*:ssm:*:*:parameter/db"],
    [{ action: "iam:PassRole", resource: "role carts" }, "arn:*:iam::*:role/carts"],
    [{ action: "sqs:SendMessage", resource: "orders" }, "arn:*:sqs:*:*:orders"],
    [
      { action: "sqs:SendMessage", resource: "orders", principalArn: principal },
      "arn:aws:sqs:*:111122223333:orders",
    ],
    [
      { action: "ec2:RunInstances", resource: "arn:aws:ec2:eu-west-1:111122223333:instance/*" },
      "arn:aws:ec2:eu-west-1:111122223333:instance/*",
    ],
    [{ action: "SNS:Publish", resource: "news" }, "arn:*:sns:*:*:news"],
    [{ action: "kms:Decrypt", resource: key }, key],
    [{ action: "kms:Decrypt", resource: "1234abcd" }, "arn:*:kms:*:*:key/1234abcd"],
    [{ action: "lambda:InvokeFunction", resource: "mail" }, "arn:*:lambda:*:*:function:mail"],
    [{ action: "kinesis:PutRecord", resource: "clicks" }, "arn:*:kinesis:*:*:stream/clicks"],
    [{ action: "glue:GetTable", resource: "sales" }, "arn:*:glue:*:*:*sales"],
  ])("of %j names %s", (denied, resource) => {
    expect(statementFor(denied)).toEqual({ Effect: "Allow", Action: denied.action, Resource: resource });
    expect(isForm(statementFor(denied))).toBe(false);
  });

  it.each([
    ["s3:ListBucket", "arn:*:s3:::<bucket>", false],
    ["dynamodb:DescribeTable", "arn:*:dynamodb:<region>:*:table/<table>", false],
    ["glue:GetTable", "arn:*:glue:<region>:*:<resource>", true],
    ["states:StartExecution", "arn:*:states:<region>:*:<resource>", true],
  ])("of %s without a resource is a form, never a star", (action, resource, star) => {
    const statement = statementFor({ action, resource: null });
    expect(statement.Resource).toBe(resource);
    expect([isForm(statement), mayNeedStar(statement)]).toEqual([true, star]);
  });

  // An alias in a Resource does not stand for its key: https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
  it("names a key by its alias in a condition", () => {
    const resource = "arn:aws:kms:eu-west-1:111122223333:alias/shop";

    expect(statementFor({ action: "kms:Decrypt", resource })).toEqual({
      Effect: "Allow",
      Action: "kms:Decrypt",
      Resource: "arn:aws:kms:eu-west-1:111122223333:key/*",
      Condition: { "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/shop" } },
    });
    expect(statementFor({ action: "kms:UpdateAlias", resource }).Resource).toBe(resource);
  });

  it.each([
    ["s3:GetObject", "arn:*:s3:::<bucket>/<key>"],
    ["s3:ListBucket", "arn:*:s3:::<bucket>"],
    ["dynamodb:Query", "arn:*:dynamodb:<region>:*:table/<table>"],
    ["sqs:ReceiveMessage", "arn:*:sqs:<region>:*:<queue>"],
    ["kms:Decrypt", "arn:*:kms:<region>:*:key/<key id>"],
    ["secretsmanager:GetSecretValue", "arn:*:secretsmanager:<region>:*:secret:<name>-??????"],
    ["sts:AssumeRole", "arn:*:iam::*:role/<role>"],
  ])("of %s without a resource is a form, not the star", (action, resource) => {
    const statement = statementFor({ action, resource: null });

    expect(statement.Resource).toBe(resource);
    expect(isForm(statement)).toBe(true);
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

  it("lets a role be passed to the service that the call names, and to no other", () => {
    const denied = { action: "iam:PassRole", resource: "arn:aws:iam::111122223333:role/carts" };

    expect(statementFor({ ...denied, passedTo: "pods.eks.amazonaws.com" })).toEqual({
      Effect: "Allow",
      Action: "iam:PassRole",
      Resource: denied.resource,
      Condition: { StringEquals: { "iam:PassedToService": "pods.eks.amazonaws.com" } },
    });
    expect(statementFor({ ...denied, passedTo: null })).not.toHaveProperty("Condition");
  });
});
