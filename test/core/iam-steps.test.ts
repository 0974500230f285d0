import { describe, expect, test } from "vitest";
import { allowStep, showPolicy, withStatements } from "../../src/core/iam-steps.ts";

const table = "arn:aws:dynamodb:eu-west-1:111122223333:table/Items";
const needed = [{ action: "dynamodb:Query", resource: table }];
const query = { Effect: "Allow", Action: "dynamodb:Query", Resource: table };
const read = { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/a" };
const document = (...Statement: readonly object[]) => ({ Version: "2012-10-17", Statement }) as never;

describe("the step that allows what was denied", () => {
  test("names it, once, and nothing else", () => {
    const step = allowStep("carts", [...needed, ...needed]);

    expect(step.title).toBe("Allow role carts exactly what was denied");
    expect(step.rolePolicy).toEqual({
      roleName: "carts",
      policyName: "carts-denied-calls",
      document: document(query),
    });
    expect(step.command).toContain(JSON.stringify(step.rolePolicy?.document));
  });

  test("keeps what an inline policy of its name allows", () => {
    const policies = [{ name: "carts-denied-calls", arn: null, document: document(read) }];

    expect(allowStep("carts", needed, { policies }).rolePolicy?.document).toEqual(document(read, query));
  });

  test("does not take a managed policy of its name for an inline one", () => {
    const arn = "arn:aws:iam::111122223333:policy/carts-denied-calls";
    const policies = [{ name: "carts-denied-calls", arn, document: document(read) }];

    expect(allowStep("carts", needed, { policies }).rolePolicy?.document).toEqual(document(query));
  });

  test.each([
    [
      "a whole service",
      { Effect: "Allow", Action: "s3:*", Resource: "*" },
      /already allows far more than that: s3:\*$/,
    ],
    ["everything", { Effect: "Allow", Action: "*", Resource: "*" }, /far more than that: \*$/],
    ["another call", read, /denied$/],
  ])("says what the role allows already: %s", (_what, statement, title) => {
    const policies = [{ name: "p", arn: null, document: document(statement) }];

    expect(allowStep("carts", needed, { policies }).title).toMatch(title);
  });

  test("asks for what the log does not tell", () => {
    const step = allowStep("carts", [{ action: "s3:GetObject", resource: null }]);

    expect(step.title).toMatch(/put in what stands in <>/);
    expect(step.command).not.toContain('"Resource":"*"');
  });
});

test.each([
  [undefined, "aws iam list-attached-role-policies --role-name carts"],
  [null, "aws iam get-role-policy --role-name carts --policy-name p"],
  [
    "arn:aws:iam::111122223333:policy/p",
    "aws iam get-policy-version --policy-arn arn:aws:iam::111122223333:policy/p",
  ],
] as const)("the command that shows a policy with the ARN %s", (arn, command) => {
  const policy = arn === undefined ? undefined : { name: "p", arn, document: null };

  expect(showPolicy("carts", policy).startsWith(command)).toBe(true);
});

test.each([
  [document(read), document(read, query)],
  [{ Version: "2012-10-17", Statement: read } as never, document(read, query)],
  [null, document(query)],
  ["text", document(query)],
])("statements beside those of %j", (policy, expected) => {
  expect(withStatements(policy, [query])).toEqual(expected);
});
