import { expect, test } from "vitest";
import type { Denial } from "../../../src/core/diagnosis.ts";
import type { TrailFacts } from "../../../src/core/facts/trail.ts";
import { trailRemarks } from "../../../src/core/trail/remarks.ts";
import { event, facts, question } from "./event.ts";

const window =
  "was read from 2026-01-02T02:04:00.000Z to 2026-01-02T03:04:05.000Z. Calls arrive there about five minutes late on average and without a guarantee, so the last of them may be missing.";
const denial = (action: string): Denial => ({
  kind: "access-denied",
  principalArn: null,
  principalKind: "unknown",
  action,
  missingAction: null,
  resource: null,
  denyLayer: null,
  source: "pod-log",
  count: 1,
  firstSeen: null,
  lastSeen: null,
  history: false,
  excerpt: null,
});
const store = "arn:aws:cloudtrail:us-west-2:111122223333:eventdatastore/example-1";
const lake = { kind: "lake", eventDataStore: store } as const;
const management = {
  conditions: [{ field: "eventCategory", operator: "equals", values: ["Management"] }],
} as const;

test.each<[string, Partial<TrailFacts>, readonly string[], readonly string[]]>([
  [
    "event history, of nothing in particular",
    {},
    [],
    [
      `CloudTrail event history ${window}`,
      "Event history holds management events only: data events such as dynamodb:Query or s3:GetObject are never in it.",
    ],
  ],
  [
    "event history, of the very calls",
    { complete: false },
    ["dynamodb:Query", "kms:Decrypt"],
    [
      `CloudTrail event history ${window.replace("Z. Calls", "Z, not to its end. Calls")}`,
      "dynamodb:Query is a data event, which event history never holds: that nothing is found there says nothing about it.",
      "kms:Decrypt would be in it.",
    ],
  ],
  [
    "a store that records no data events",
    { source: lake, selectors: [management] },
    ["dynamodb:Query", "kms:Decrypt"],
    [
      `CloudTrail Lake (event data store example-1) ${window}`,
      "Its selectors do not record dynamodb:Query: that nothing is found there says nothing about it.",
      "kms:Decrypt would be in it, by its selectors.",
    ],
  ],
  [
    "a log group whose trail is not known",
    {
      source: { kind: "log-group", logGroup: "trail", region: "us-west-2", trail: null },
      selectors: null,
    },
    ["s3:GetObject"],
    [
      `CloudTrail's log group trail ${window}`,
      "Whether it records s3:GetObject is not known, for its selectors could not be read.",
    ],
  ],
])("%s", (_name, given, actions, remarks) => {
  expect(trailRemarks(facts(given), actions.map(denial), question)).toEqual(remarks);
});

test("calls with the same role that may be somebody else's are told, and not as this workload's", () => {
  const role = "arn:aws:iam::111122223333:role/carts";
  const evidence = {
    ...facts({ events: [event({ principalArn: "arn:aws:sts::111122223333:assumed-role/carts/other" })] }),
    "eks.association": {
      status: "found",
      value: { roleArn: role, targetRoleArn: null },
      source: "t",
      at: "",
    },
  } as unknown as Parameters<typeof trailRemarks>[0];

  expect(trailRemarks(evidence, [], question)).toContain(
    "CloudTrail also shows 1 failed call with the same role (kms:Decrypt) of which nothing shows that this workload made it.",
  );
});

test("nothing is said of what was not read", () => {
  expect(trailRemarks({}, [denial("kms:Decrypt")], question)).toEqual([]);
});
