import { describe, expect, it } from "vitest";
import { holds, parseConditions } from "../../../src/core/iam/conditions.ts";
import { requestContext } from "../../../src/core/iam/context.ts";
import { guide } from "./support.ts";

type Values = string | number | boolean | readonly (string | number | boolean)[];
type Context = Readonly<Record<string, readonly string[]>>;
type Row = readonly [operator: string, key: string, values: Values, context: Context, holds: boolean];

function test(operator: string, key: string, values: Values, context: Context, variables = true) {
  const parsed = parseConditions({ [operator]: { [key]: values } }, "Condition", variables);
  if (!parsed.ok) throw new Error(parsed.error.message);
  const missing: string[] = [];
  const all = parsed.value.map((condition) => holds(condition, requestContext(context), missing));
  return { holds: all.every((one) => one), missing };
}

const operatorsPage = `${guide}reference_policies_elements_condition_operators.html`;
const setsPage = `${guide}reference_policies_condition-single-vs-multi-valued-context-keys.html`;
const manyPage = `${guide}reference_policies_condition-logic-multiple-context-keys-or-values.html`;
const variablesPage = `${guide}reference_policies_variables.html`;
const name = (value: string): Context => ({ "aws:username": [value] });
const none: Context = {};

const tables: Readonly<Record<string, readonly Row[]>> = {
  [`${operatorsPage}#Conditions_String`]: [
    ["StringEquals", "aws:username", "johndoe", name("johndoe"), true],
    ["StringEquals", "aws:username", "johndoe", name("JohnDoe"), false],
    ["StringEquals", "AWS:UserName", "johndoe", name("johndoe"), true],
    ["StringEquals", "aws:username", "john*", name("johndoe"), false],
    ["StringEquals", "aws:username", "john*", name("john*"), true],
    ["StringEquals", "aws:username", ["jane", "johndoe"], name("johndoe"), true],
    ["StringNotEquals", "aws:username", ["jane", "johndoe"], name("johndoe"), false],
    ["StringNotEquals", "aws:username", ["jane", "johndoe"], name("max"), true],
    ["StringEqualsIgnoreCase", "aws:username", "johndoe", name("JohnDoe"), true],
    ["StringNotEqualsIgnoreCase", "aws:username", "johndoe", name("JohnDoe"), false],
    ["StringLike", "aws:username", "john*", name("johndoe"), true],
    ["StringLike", "aws:username", "john?oe", name("johndoe"), true],
    ["StringLike", "aws:username", "JOHN*", name("johndoe"), false],
    ["StringNotLike", "aws:username", "john*", name("johndoe"), false],
    ["stringlike", "aws:username", "john*", name("johndoe"), true],
  ],
  [`${operatorsPage}#Conditions_Numeric`]: [
    ["NumericEquals", "s3:max-keys", 10, { "s3:max-keys": ["10"] }, true],
    ["NumericEquals", "s3:max-keys", "10.0", { "s3:max-keys": ["10"] }, true],
    ["NumericNotEquals", "s3:max-keys", "10", { "s3:max-keys": ["10"] }, false],
    ["NumericLessThan", "s3:max-keys", "10", { "s3:max-keys": ["9"] }, true],
    ["NumericLessThan", "s3:max-keys", "10", { "s3:max-keys": ["10"] }, false],
    ["NumericLessThanEquals", "s3:max-keys", "10", { "s3:max-keys": ["10"] }, true],
    ["NumericGreaterThan", "s3:max-keys", "10", { "s3:max-keys": ["11"] }, true],
    ["NumericGreaterThanEquals", "s3:max-keys", "10", { "s3:max-keys": ["9.9"] }, false],
    ["NumericEquals", "s3:max-keys", "10", { "s3:max-keys": ["ten"] }, false],
  ],
  [`${operatorsPage}#Conditions_Date`]: [
    ["DateEquals", "aws:CurrentTime", "2026-11-21", { "aws:CurrentTime": ["2026-11-21T00:00:00Z"] }, true],
    ["DateNotEquals", "aws:CurrentTime", "2026-11-21", { "aws:CurrentTime": ["2026-11-21T00:00:01Z"] }, true],
    [
      "DateLessThan",
      "aws:CurrentTime",
      "2026-11-21T10:00:00Z",
      { "aws:CurrentTime": ["2026-11-21T11:30:00+02:00"] },
      true,
    ],
    [
      "DateLessThanEquals",
      "aws:CurrentTime",
      "2026-11-21T10:00:00",
      { "aws:CurrentTime": ["2026-11-21T10:00:00Z"] },
      true,
    ],
    [
      "DateGreaterThan",
      "aws:TokenIssueTime",
      "2020-01-01T00:00:01Z",
      { "aws:TokenIssueTime": ["2019-12-31T00:00:00Z"] },
      false,
    ],
    [
      "DateGreaterThanEquals",
      "aws:EpochTime",
      "1763719200",
      { "aws:EpochTime": ["2025-11-21T10:00:00Z"] },
      true,
    ],
    ["DateGreaterThan", "aws:CurrentTime", "2026-11-21", { "aws:CurrentTime": ["yesterday"] }, false],
  ],
  [`${operatorsPage}#Conditions_Boolean`]: [
    ["Bool", "aws:SecureTransport", "true", { "aws:SecureTransport": ["true"] }, true],
    ["Bool", "aws:SecureTransport", true, { "aws:SecureTransport": ["True"] }, true],
    ["Bool", "aws:SecureTransport", "false", { "aws:SecureTransport": ["true"] }, false],
    ["Bool", "aws:SecureTransport", "false", none, false],
    ["BoolIfExists", "aws:MultiFactorAuthPresent", "false", none, true],
    ["Bool", "s3:x", "${s3:y}", { "s3:x": ["true"], "s3:y": ["true"] }, true],
  ],
  [`${operatorsPage}#Conditions_Binary`]: [
    [
      "BinaryEquals",
      "svc:key",
      "QmluYXJ5VmFsdWVJbkJhc2U2NA==",
      { "svc:key": ["QmluYXJ5VmFsdWVJbkJhc2U2NA=="] },
      true,
    ],
    ["BinaryEquals", "svc:key", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", { "svc:key": ["QmluYXJ5"] }, false],
  ],
  [`${operatorsPage}#Conditions_IPAddress`]: [
    ["IpAddress", "aws:SourceIp", "203.0.113.0/24", { "aws:SourceIp": ["203.0.113.7"] }, true],
    ["IpAddress", "aws:SourceIp", "203.0.113.0/24", { "aws:SourceIp": ["203.0.114.7"] }, false],
    ["IpAddress", "aws:SourceIp", "203.0.113.7", { "aws:SourceIp": ["203.0.113.7"] }, true],
    ["IpAddress", "aws:SourceIp", "0.0.0.0/0", { "aws:SourceIp": ["198.51.100.1"] }, true],
    [
      "IpAddress",
      "aws:SourceIp",
      ["203.0.113.0/24", "2001:DB8:1234:5678::/64"],
      { "aws:SourceIp": ["2001:db8:1234:5678::1"] },
      true,
    ],
    [
      "IpAddress",
      "aws:SourceIp",
      "2001:DB8:1234:5678::/64",
      { "aws:SourceIp": ["2001:db8:1234:5679::1"] },
      false,
    ],
    ["IpAddress", "aws:SourceIp", "0.0.0.0/0", { "aws:SourceIp": ["2001:db8::1"] }, false],
    ["NotIpAddress", "aws:SourceIp", "203.0.113.0/24", { "aws:SourceIp": ["203.0.113.7"] }, false],
    ["NotIpAddress", "aws:SourceIp", "203.0.113.0/24", none, true],
    ["IpAddress", "aws:SourceIp", "203.0.113.0/24", { "aws:SourceIp": ["dynamodb.amazonaws.com"] }, false],
  ],
  [`${operatorsPage}#Conditions_ARN`]: [
    [
      "ArnEquals",
      "aws:SourceArn",
      "arn:aws:sns:eu-west-1:123456789012:t*",
      { "aws:SourceArn": ["arn:aws:sns:eu-west-1:123456789012:topic"] },
      true,
    ],
    [
      "ArnLike",
      "aws:SourceArn",
      "arn:aws:sns:*:123456789012:topic",
      { "aws:SourceArn": ["arn:aws:sns:eu-west-1:123456789012:topic"] },
      true,
    ],
    // A star of an ARN operator stays between its colons, a star of a string operator does not.
    [
      "ArnLike",
      "aws:PrincipalTag/arn",
      "arn:aws:ec2:*:store/abc:123",
      { "aws:PrincipalTag/arn": ["arn:aws:ec2:us-east-2:999999999999:store/abc:123"] },
      false,
    ],
    [
      "StringLike",
      "aws:PrincipalTag/arn",
      "arn:aws:ec2:*:store/abc:123",
      { "aws:PrincipalTag/arn": ["arn:aws:ec2:us-east-2:999999999999:store/abc:123"] },
      true,
    ],
    [
      "ArnLike",
      "aws:SourceArn",
      "arn:aws:lambda:*:*:function:*",
      { "aws:SourceArn": ["arn:aws:lambda:eu-west-1:123456789012:function:f:1"] },
      true,
    ],
    [
      "ArnEquals",
      "aws:SourceArn",
      "arn:aws:sns:eu-west-1:123456789012:Topic",
      { "aws:SourceArn": ["arn:aws:sns:eu-west-1:123456789012:topic"] },
      false,
    ],
    [
      "ArnNotLike",
      "aws:PrincipalArn",
      "arn:aws:iam::*:role/admin",
      { "aws:PrincipalArn": ["arn:aws:iam::123456789012:role/admin"] },
      false,
    ],
    ["ArnNotEquals", "aws:PrincipalArn", "arn:aws:iam::*:role/admin", none, true],
    [
      "ArnLike",
      "aws:SourceArn",
      "arn:aws:sns:*",
      { "aws:SourceArn": ["arn:aws:sns:eu-west-1:123456789012:topic"] },
      false,
    ],
    [
      "ArnLike",
      "aws:SourceArn",
      "*",
      { "aws:SourceArn": ["arn:aws:sns:eu-west-1:123456789012:topic"] },
      true,
    ],
    ["ArnLike", "aws:SourceArn", "arn:aws:sns:*:*:*", { "aws:SourceArn": ["topic"] }, false],
  ],
  [`${operatorsPage}#Conditions_IfExists`]: [
    ["StringEqualsIfExists", "aws:username", "johndoe", none, true],
    ["StringEqualsIfExists", "aws:username", "johndoe", name("jane"), false],
    ["StringNotEqualsIfExists", "aws:username", "johndoe", none, true],
    ["StringLikeIfExists", "ec2:InstanceType", ["t1.*", "t2.*"], none, true],
    ["StringLike", "ec2:InstanceType", ["t1.*", "t2.*"], none, false],
    ["NumericLessThanIfExists", "s3:max-keys", "10", none, true],
    // https://repost.aws/questions/QU9HFmDzP0QGuU-fd7rS6B7w/foranyvalue-stringequalsifexists-behaving-unexpectedly
    ["ForAnyValue:StringEqualsIfExists", "aws:TagKeys", "a", none, false],
    ["ForAnyValue:StringNotEqualsIfExists", "aws:TagKeys", "a", none, false],
    ["ForAllValues:StringEqualsIfExists", "aws:TagKeys", "a", none, true],
  ],
  [`${operatorsPage}#Conditions_Null`]: [
    ["Null", "aws:TokenIssueTime", "true", none, true],
    ["Null", "aws:TokenIssueTime", "true", { "aws:TokenIssueTime": ["2026-11-21T00:00:00Z"] }, false],
    ["Null", "aws:TokenIssueTime", "false", { "aws:tokenissuetime": ["2026-11-21T00:00:00Z"] }, true],
    ["Null", "aws:TokenIssueTime", false, none, false],
    ["Null", "aws:TokenIssueTime", "true", { "aws:TokenIssueTime": [] }, true],
  ],
  [`${guide}access-analyzer-reference-policy-checks.html`]: [
    ["ForAllValues:Null", "aws:TagKeys", "true", { "aws:TagKeys": ["a"] }, true],
    ["ForAllValues:Null", "aws:TagKeys", "true", none, true],
    ["ForAnyValue:Null", "aws:TagKeys", "true", none, false],
    ["StringEquals", "aws:username", [], name("a"), false],
    ["StringEqualsIfExists", "aws:username", [], none, true],
    ["ForAnyValue:StringEquals", "aws:TagKeys", [], { "aws:TagKeys": ["a"] }, false],
  ],
  [setsPage]: [
    [
      "ForAllValues:StringEquals",
      "aws:TagKeys",
      ["environment", "cost-center"],
      { "aws:TagKeys": ["environment", "cost-center"] },
      true,
    ],
    [
      "ForAllValues:StringEquals",
      "aws:TagKeys",
      ["environment", "cost-center"],
      { "aws:TagKeys": ["environment"] },
      true,
    ],
    [
      "ForAllValues:StringEquals",
      "aws:TagKeys",
      ["environment"],
      { "aws:TagKeys": ["environment", "owner"] },
      false,
    ],
    ["ForAllValues:StringEquals", "aws:TagKeys", ["environment"], none, true],
    ["ForAllValues:StringEquals", "aws:TagKeys", ["environment"], { "aws:TagKeys": [""] }, true],
    [
      "ForAnyValue:StringEquals",
      "aws:TagKeys",
      ["environment"],
      { "aws:TagKeys": ["owner", "environment"] },
      true,
    ],
    ["ForAnyValue:StringEquals", "aws:TagKeys", ["environment"], { "aws:TagKeys": ["owner"] }, false],
    ["ForAnyValue:StringEquals", "aws:TagKeys", ["environment"], none, false],
    ["ForAnyValue:StringNotEquals", "aws:TagKeys", ["environment"], none, false],
    [
      "ForAnyValue:StringNotEquals",
      "aws:TagKeys",
      ["environment"],
      { "aws:TagKeys": ["environment", "owner"] },
      true,
    ],
    [
      "ForAllValues:StringNotEquals",
      "aws:TagKeys",
      ["environment"],
      { "aws:TagKeys": ["environment", "owner"] },
      false,
    ],
    [
      "ForAnyValue:StringLike",
      "aws:PrincipalOrgPaths",
      "o-a1b2c3d4e5/*",
      { "aws:PrincipalOrgPaths": ["o-a1b2c3d4e5/r-ab12/ou-ab12/"] },
      true,
    ],
    ["ForAllValues:StringLikeIfExists", "aws:TagKeys", "env*", { "aws:TagKeys": ["environment"] }, true],
  ],
  [`${manyPage}#reference_policies_multiple-conditions-negated-matching-eval`]: [
    [
      "StringNotEquals",
      "aws:PrincipalTag/role",
      ["audit", "security"],
      { "aws:PrincipalTag/role": ["audit"] },
      false,
    ],
    ["StringNotEquals", "aws:PrincipalTag/role", ["audit", "security"], none, true],
  ],
  [variablesPage]: [
    [
      "StringEquals",
      "aws:ResourceTag/owner",
      "${aws:username}",
      { ...name("jane"), "aws:ResourceTag/owner": ["jane"] },
      true,
    ],
    [
      "StringEquals",
      "aws:ResourceTag/owner",
      "${AWS:USERNAME}",
      { ...name("jane"), "aws:ResourceTag/owner": ["jane"] },
      true,
    ],
    [
      "StringEquals",
      "aws:ResourceTag/owner",
      "${aws:username}",
      { "aws:ResourceTag/owner": ["jane"] },
      false,
    ],
    [
      "StringNotEquals",
      "aws:ResourceTag/owner",
      "${aws:username}",
      { "aws:ResourceTag/owner": ["jane"] },
      true,
    ],
    [
      "StringLike",
      "s3:prefix",
      "home/${aws:username}/*",
      { ...name("jane"), "s3:prefix": ["home/jane/photos"] },
      true,
    ],
    [
      "StringLike",
      "s3:prefix",
      "home/${aws:username}/*",
      { ...name("*"), "s3:prefix": ["home/jane/photos"] },
      false,
    ],
    ["StringLike", "s3:prefix", "a${*}b", { "s3:prefix": ["axb"] }, false],
    ["StringLike", "s3:prefix", "a${*}b", { "s3:prefix": ["a*b"] }, true],
    ["StringLike", "s3:prefix", "${$}{x}", { "s3:prefix": ["${x}"] }, true],
    [
      "StringEquals",
      "s3:prefix",
      "${aws:PrincipalTag/team, 'company-wide'}",
      { "s3:prefix": ["company-wide"] },
      true,
    ],
    [
      "StringEquals",
      "s3:prefix",
      "${aws:PrincipalTag/team, 'company-wide'}",
      { "s3:prefix": ["red"], "aws:PrincipalTag/Team": ["red"] },
      true,
    ],
    ["StringEquals", "s3:prefix", "${aws:TagKeys}", { "s3:prefix": ["a"], "aws:TagKeys": ["a", "b"] }, false],
    [
      "ArnLike",
      "aws:SourceArn",
      "arn:aws:iam::*:role/${aws:username}",
      { ...name("jane"), "aws:SourceArn": ["arn:aws:iam::123456789012:role/jane"] },
      true,
    ],
  ],
};

describe.each(Object.entries(tables))("%s", (_page, rows) => {
  it.each(rows)("%s %s %j with %j: %s", (operator, key, values, context, expected) => {
    expect(test(operator, key, values, context).holds).toBe(expected);
  });
});

describe("conditions", () => {
  it("tell which keys the request lacks, as the policy spells them", () => {
    expect(test("StringEquals", "aws:SourceVpce", "vpce-1", none).missing).toEqual(["aws:SourceVpce"]);
    expect(test("StringLike", "s3:prefix", "${aws:username}/*", { "s3:prefix": ["a/b"] }).missing).toEqual([
      "aws:username",
    ]);
    expect(
      test("StringEquals", "s3:prefix", "${aws:username}", { "s3:prefix": ["a"], ...name("b") }).missing,
    ).toEqual([]);
  });

  it("take variables for text before version 2012-10-17", () => {
    expect(
      test("StringEquals", "s3:prefix", "${aws:username}", { "s3:prefix": ["${aws:username}"] }, false).holds,
    ).toBe(true);
  });

  it.each([
    [{ StringEqualz: { "aws:username": "a" } }, "Condition.StringEqualz"],
    [{ "ForSomeValues:StringEquals": { "aws:username": "a" } }, "Condition.ForSomeValues:StringEquals"],
    [{ NullIfExists: { "aws:username": "true" } }, "Condition.NullIfExists"],
    [{ Null: { "aws:username": "yes" } }, "Condition.Null.aws:username"],
    [{ StringEquals: "a" }, "Condition.StringEquals"],
    [{ StringEquals: { username: "a" } }, "Condition.StringEquals.username"],
    [{ StringEquals: { "aws:username": null } }, "Condition.StringEquals.aws:username"],
    [{ StringEquals: { "aws:username": [{}] } }, "Condition.StringEquals.aws:username"],
    [{ StringEquals: { "aws:username": "${aws:userid" } }, "Condition.StringEquals.aws:username"],
    [{ StringEquals: { "aws:username": "${}" } }, "Condition.StringEquals.aws:username"],
    [{ StringEquals: { "aws:username": "${aws:userid, x}" } }, "Condition.StringEquals.aws:username"],
    [{ NumericEquals: { "s3:max-keys": "ten" } }, "Condition.NumericEquals.s3:max-keys"],
    [{ DateEquals: { "aws:CurrentTime": "today" } }, "Condition.DateEquals.aws:CurrentTime"],
    [{ DateEquals: { "aws:CurrentTime": "2026-13-45" } }, "Condition.DateEquals.aws:CurrentTime"],
    [{ IpAddress: { "aws:SourceIp": "203.0.113.0/33" } }, "Condition.IpAddress.aws:SourceIp"],
    [{ IpAddress: { "aws:SourceIp": "203.0.113.256" } }, "Condition.IpAddress.aws:SourceIp"],
    [{ IpAddress: { "aws:SourceIp": "2001:db8::1::2" } }, "Condition.IpAddress.aws:SourceIp"],
    [{ Bool: { "aws:SecureTransport": "maybe" } }, "Condition.Bool.aws:SecureTransport"],
    [{ BinaryEquals: { "svc:key": "&" } }, "Condition.BinaryEquals.svc:key"],
    ["StringEquals", "Condition"],
    [[], "Condition"],
  ])("refuse %j at %s", (block, place) => {
    const parsed = parseConditions(block, "Condition", true);
    expect(parsed.ok ? null : parsed.error.place).toBe(place);
  });
});
