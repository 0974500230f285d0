import { readFile } from "node:fs/promises";
import { setImmediate as later } from "node:timers/promises";
import { expect, test } from "vitest";
import { createCallMeter } from "../../../src/adapters/calls/call-meter.ts";
import { CallBudgetSpent, callLimits, createCallBudget, totalCalls } from "../../../src/app/call-budget.ts";

test("two questions at once are counted and read for themselves", async () => {
  const meter = createCallMeter();
  let reads = 0;
  const read = () =>
    meter.once("same", async () => {
      await later();
      meter.take("iam", "iam:GetRole");
      reads += 1;
      return reads;
    });
  const budgets = [createCallBudget(), createCallBudget()];
  const answers = await Promise.all(
    budgets.map((budget) => meter.spending(budget, () => Promise.all([read(), read()]))),
  );

  expect(answers).toEqual([
    [1, 1],
    [2, 2],
  ]);
  for (const budget of budgets) expect(budget.counts()).toEqual({ iam: { "iam:GetRole": 1 } });
});

test("what no question asks is neither counted nor remembered", async () => {
  const meter = createCallMeter();
  meter.take("iam", "iam:GetRole");
  let reads = 0;
  const read = () => meter.once("same", async () => ++reads);
  expect([await read(), await read()]).toEqual([1, 2]);
});

test("a service's share says nothing of another's", () => {
  const budget = createCallBudget({ iam: 1, other: 2 });
  budget.take("iam", "iam:GetRole");
  expect(() => budget.take("iam", "iam:GetPolicy")).toThrow(CallBudgetSpent);
  for (const operation of ["sts:GetCallerIdentity", "sts:DecodeAuthorizationMessage"]) {
    budget.take("sts", operation);
  }
  expect(() => budget.take("sts", "sts:GetCallerIdentity")).toThrow(/2 requests to sts/);
  expect(totalCalls(budget.counts())).toBe(3);
});

test("the documentation tells the limits as they are", async () => {
  const page = await readFile(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
  const { kubernetes, iam, eks, cloudtrail, other } = callLimits;
  expect(page).toContain(
    `${kubernetes} calls to the Kubernetes API, ${iam} to IAM, ${eks} to EKS, ${cloudtrail} to CloudTrail and ${other} to any other service`,
  );
});
