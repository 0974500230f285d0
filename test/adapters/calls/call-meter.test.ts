import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as later } from "node:timers/promises";
import {
  CloudTrailClient,
  GetEventDataStoreCommand,
  GetQueryResultsCommand,
} from "@aws-sdk/client-cloudtrail";
import { expect, test } from "vitest";
import { metered } from "../../../src/adapters/aws/metered.ts";
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

test("what is polled until it is done is asked each time, what is read is read once", async () => {
  const answers = ["RUNNING", "FINISHED", "FINISHED"].map((QueryStatus) => JSON.stringify({ QueryStatus }));
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1" }).end(answers.shift());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const meter = createCallMeter();
  const client = metered(
    new CloudTrailClient({
      region: "us-west-2",
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: { accessKeyId: "none", secretAccessKey: "none" },
    }),
    meter,
  );
  const budget = createCallBudget();
  const seen = await meter.spending(budget, async () => {
    const poll = () => client.send(new GetQueryResultsCommand({ QueryId: "1" }));
    const read = () => client.send(new GetEventDataStoreCommand({ EventDataStore: "1" }));
    const polled = [(await poll()).QueryStatus, (await poll()).QueryStatus];
    await Promise.all([read(), read()]);
    return polled;
  });
  client.destroy();
  server.close();

  expect(seen).toEqual(["RUNNING", "FINISHED"]);
  expect(budget.counts()).toEqual({
    cloudtrail: { "cloudtrail:GetEventDataStore": 1, "cloudtrail:GetQueryResults": 2 },
  });
});

test("the documentation tells the limits as they are", async () => {
  const page = await readFile(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
  const { kubernetes, iam, eks, cloudtrail, other } = callLimits;
  expect(page).toContain(
    `${kubernetes} calls to the Kubernetes API, ${iam} to IAM, ${eks} to EKS, ${cloudtrail} to CloudTrail and ${other} to any other service`,
  );
});
