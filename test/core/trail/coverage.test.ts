import { describe, expect, test } from "vitest";
import type { EventSelector, TrailFacts, TrailSource } from "../../../src/core/facts/trail.ts";
import { couldHold, holdsManagementEvents } from "../../../src/core/trail/coverage.ts";
import { dataEventType } from "../../../src/core/trail/data-events.ts";

describe("data events", () => {
  test.each([
    ["dynamodb:Query", "AWS::DynamoDB::Table"],
    ["dynamodb:BatchWriteItem", "AWS::DynamoDB::Table"],
    ["dynamodb:GetRecords", "AWS::DynamoDB::Stream"],
    ["dynamodb:DescribeTable", null],
    ["s3:GetObject", "AWS::S3::Object"],
    ["S3:PutObjectTagging", "AWS::S3::Object"],
    ["s3:ListBucket", "AWS::S3::Object"],
    ["s3:ListAllMyBuckets", null],
    ["s3:GetBucketPolicy", null],
    ["lambda:InvokeFunction", "AWS::Lambda::Function"],
    ["lambda:GetFunction", null],
    ["sqs:SendMessageBatch", "AWS::SQS::Queue"],
    ["sqs:GetQueueUrl", null],
    ["SNS:Publish", "AWS::SNS::Topic"],
    ["kinesis:PutRecords", "AWS::Kinesis::Stream"],
    ["cloudwatch:PutMetricData", "AWS::CloudWatch::Metric"],
    ["kms:Decrypt", null],
    ["secretsmanager:GetSecretValue", null],
    ["ssm:GetParameter", null],
    ["sts:AssumeRoleWithWebIdentity", null],
    ["nonsense", null],
  ])("%s: %s", (action, type) => {
    expect(dataEventType(action)).toBe(type);
  });
});

const lake: TrailSource = {
  kind: "lake",
  eventDataStore: "arn:aws:cloudtrail:us-west-2:111122223333:eventdatastore/x",
};
const of = (given: Partial<TrailFacts>): TrailFacts => ({
  from: "",
  to: "",
  regions: [],
  lookups: [],
  events: [],
  complete: true,
  ...given,
});
const rule = (
  ...conditions: readonly [field: string, operator: string, ...values: string[]][]
): EventSelector => ({
  conditions: conditions.map(([field, operator, ...values]) => ({
    field,
    operator: operator as EventSelector["conditions"][number]["operator"],
    values,
  })),
});

const management = rule(["eventCategory", "equals", "Management"]);
const tables = rule(
  ["eventCategory", "equals", "Data"],
  ["resources.type", "equals", "AWS::DynamoDB::Table"],
);
const carts = "arn:aws:dynamodb:us-west-2:111122223333:table/carts";

describe("could it be there?", () => {
  test.each([
    ["event history: a management event", of({}), "kms:Decrypt", null, "yes"],
    ["event history: never a data event", of({}), "dynamodb:Query", carts, "no"],
    [
      "selectors that could not be read",
      of({ source: lake, selectors: null }),
      "kms:Decrypt",
      null,
      "unknown",
    ],
    [
      "a store of management events",
      of({ source: lake, selectors: [management] }),
      "dynamodb:Query",
      carts,
      "no",
    ],
    ["a store of tables' data", of({ source: lake, selectors: [tables] }), "dynamodb:Query", carts, "yes"],
    ["and not of buckets'", of({ source: lake, selectors: [tables] }), "s3:GetObject", null, "no"],
    ["and not of management", of({ source: lake, selectors: [tables] }), "kms:Decrypt", null, "no"],
    [
      "with event history beside it",
      of({ source: lake, selectors: [tables], historyToo: true }),
      "kms:Decrypt",
      null,
      "yes",
    ],
    ["both kinds", of({ source: lake, selectors: [management, tables] }), "dynamodb:Query", null, "yes"],
    [
      "a rule for one table, this one",
      of({ source: lake, selectors: [rule(...pairs(tables), ["resources.ARN", "equals", carts])] }),
      "dynamodb:Query",
      carts,
      "yes",
    ],
    [
      "a rule for one table, another one",
      of({ source: lake, selectors: [rule(...pairs(tables), ["resources.ARN", "equals", `${carts}-2`])] }),
      "dynamodb:Query",
      carts,
      "no",
    ],
    [
      "a rule for one table, where the denial names none",
      of({ source: lake, selectors: [rule(...pairs(tables), ["resources.ARN", "startsWith", carts])] }),
      "dynamodb:Query",
      null,
      "unknown",
    ],
    [
      "writes only",
      of({ source: lake, selectors: [rule(...pairs(tables), ["readOnly", "equals", "false"])] }),
      "dynamodb:Query",
      carts,
      "no",
    ],
    [
      "one call by name",
      of({ source: lake, selectors: [rule(...pairs(tables), ["eventName", "notEquals", "Query"])] }),
      "dynamodb:Query",
      carts,
      "no",
    ],
    [
      "a call that has another name than its action",
      of({
        source: lake,
        selectors: [
          rule(
            ["eventCategory", "equals", "Data"],
            ["resources.type", "equals", "AWS::S3::Object"],
            ["eventName", "equals", "HeadObject"],
          ),
        ],
      }),
      "s3:GetObject",
      null,
      "unknown",
    ],
    [
      "another type of the same service",
      of({
        source: lake,
        selectors: [
          rule(["eventCategory", "equals", "Data"], ["resources.type", "equals", "AWS::S3::AccessPoint"]),
        ],
      }),
      "s3:GetObject",
      null,
      "unknown",
    ],
    [
      "a rule on who calls",
      of({
        source: lake,
        selectors: [rule(...pairs(management), ["userIdentity.arn", "startsWith", "arn:aws:sts"])],
      }),
      "kms:Decrypt",
      null,
      "unknown",
    ],
    [
      "KMS left out",
      of({
        source: lake,
        selectors: [rule(...pairs(management), ["eventSource", "notEquals", "kms.amazonaws.com"])],
      }),
      "kms:Decrypt",
      null,
      "no",
    ],
    ["a store of nothing", of({ source: lake, selectors: [] }), "kms:Decrypt", null, "no"],
  ])("%s", (_name, given, action, resource, answer) => {
    expect(couldHold(given, { action, resource })).toBe(answer);
  });

  test.each([
    [undefined, undefined, "yes"],
    [lake, null, "unknown"],
    [lake, [tables], "no"],
    [lake, [tables, management], "yes"],
  ] as const)("assumptions of roles are there: %#", (source, selectors, answer) => {
    expect(
      holdsManagementEvents({ ...(source && { source }), ...(selectors !== undefined && { selectors }) }),
    ).toBe(answer);
  });
});

function pairs({ conditions }: EventSelector): [string, string, ...string[]][] {
  return conditions.map(({ field, operator, values }) => [field, operator, ...values]);
}
