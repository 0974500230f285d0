import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deployedRights } from "../../sandbox/deployed.ts";
import type { Diagnosis } from "../../src/core/diagnosis.ts";
import { parseConfig } from "../../src/main/config.ts";
import { eksiam, quickLookups, type Served, serve } from "../e2e/support.ts";

const eventDataStore =
  "arn:aws:cloudtrail:us-west-2:111122223333:eventdatastore/00000000-0000-4000-8000-000000000001";

describe("the configuration", () => {
  const yaml = (cloudtrail: object) =>
    JSON.stringify({ clusters: [{ name: "c", region: "us-west-2", cloudtrail }] });

  test.each([
    { source: "event-history" },
    { source: "lake", eventDataStore },
    { source: "log-group", logGroup: "aws-cloudtrail-logs-111122223333-1a2b3c4d" },
    {
      source: "log-group",
      logGroup: "arn:aws:logs:eu-central-1:111122223333:log-group:CloudTrail/DefaultLogGroup:*",
      trail: "arn:aws:cloudtrail:eu-central-1:111122223333:trail/all",
    },
    { source: "log-group", logGroup: "all", region: "eu-central-1" },
  ])("takes %j", (cloudtrail) => {
    expect(parseConfig(yaml(cloudtrail), "eksiam.yaml").clusters[0]?.cloudtrail).toEqual(cloudtrail);
  });

  test.each([
    [{ source: "athena" }, "cloudtrail.source"],
    [{ source: "lake" }, "cloudtrail.eventDataStore"],
    [{ source: "lake", eventDataStore: "x; SELECT 1" }, "the ARN of an event data store"],
    [{ source: "log-group", logGroup: 'a" }' }, "the name or ARN of a log group"],
    [{ source: "log-group", logGroup: "a", trail: "all" }, "the ARN of the trail"],
    [{ source: "event-history", logGroup: "a" }, "logGroup"],
  ])("refuses %j", (cloudtrail, message) => {
    expect(() => parseConfig(yaml(cloudtrail), "eksiam.yaml")).toThrow(message);
  });
});

describe("a store of the sandbox's account", () => {
  let served: Served;
  let config: string;
  beforeAll(async () => {
    served = await serve();
    const { sandbox, folder } = served;
    const selectors = [
      { FieldSelectors: [{ Field: "eventCategory", Equals: ["Management"] }] },
      {
        FieldSelectors: [
          { Field: "eventCategory", Equals: ["Data"] },
          { Field: "resources.type", Equals: ["AWS::DynamoDB::Table"] },
        ],
      },
    ];
    const store = sandbox.account.trailStores.addEventDataStore({ name: "all", selectors });
    config = join(folder, "lake.yaml");
    const cluster = {
      name: "eks-workshop",
      region: sandbox.region,
      context: "eks-workshop",
      cloudtrail: { source: "lake", eventDataStore: store },
    };
    await writeFile(
      config,
      JSON.stringify({ clusters: [cluster], cloudtrail: { lookupsPerSecond: quickLookups } }),
    );
    const rights = await deployedRights();
    const file = new URL("../../deploy/iam/investigator-optional.json", import.meta.url);
    const optional = JSON.parse(await readFile(file, "utf8"));
    sandbox.applyPolicies("investigator", [
      ...(rights.policies.investigator ?? []),
      { name: "optional", document: optional },
    ]);
    // Only what happens from now on is recorded there.
    sandbox.clusters["eks-workshop"].cluster.kubelet.tick();
  }, 30_000);
  afterAll(() => served?.close());

  const why = async (path: string) => {
    const ran = await eksiam(["why", "carts/carts", "--config", path, "--output", "json"]);
    return JSON.parse(ran.out) as Diagnosis;
  };

  test("shows the very call that event history never does, and who made it", async () => {
    const [lake, history] = await Promise.all([why(config), why(process.env["EKSIAM_CONFIG"] ?? "")]);

    expect(lake.cause?.ruleId).toBe(history.cause?.ruleId);
    const recorded = lake.denials.filter(({ source }) => source === "cloudtrail");
    expect(recorded).toContainEqual(
      expect.objectContaining({
        action: "dynamodb:Query",
        principalKind: "node-role",
        caller: expect.stringMatching(/^node i-[0-9a-f]+ \(its instance profile\)$/),
      }),
    );
    expect(lake.remarks).toContain("dynamodb:Query would be in it, by its selectors.");
    expect(history.denials.filter(({ source }) => source === "cloudtrail")).toEqual([]);
    expect(history.remarks).toContain(
      "dynamodb:Query is a data event, which event history never holds: that nothing is found there says nothing about it.",
    );
  });

  test("is what doctor looks at, beside what every investigator needs", async () => {
    const argv = ["doctor", "--cluster", "eks-workshop", "--config", config];
    const { out } = await eksiam(argv);
    expect(out).toMatch(
      /✓ CloudTrail Lake \(event data store [0-9a-f-]+\): shows management events, and data events of AWS::DynamoDB::Table/,
    );
    expect(out).not.toMatch(/[✗?] (cloudtrail|logs):/);

    const plain = await eksiam(["doctor", "--cluster", "eks-workshop"]);
    expect(plain.out).toMatch(
      /✓ CloudTrail event history: shows management events, .* and never data events/,
    );
  });
});
