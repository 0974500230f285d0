import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { CandidateRole, ClusterFacts, EvidenceBundle, WorkloadFacts } from "../../src/core/evidence.ts";
import { chooseRole } from "../../src/core/role-choice.ts";

const path = join(import.meta.dirname, "../fixtures/rules/_bases/node-role-denial.json");
const { evidence } = JSON.parse(readFileSync(path, "utf8")) as EvidenceBundle;
const observed = (kind: "eks.cluster" | "k8s.workload" | "logs.errors") =>
  (evidence[kind] as { readonly value: unknown }).value;
const cluster = observed("eks.cluster") as ClusterFacts;
const workload = observed("k8s.workload") as WorkloadFacts;
const { errors } = observed("logs.errors") as { readonly errors: Parameters<typeof chooseRole>[3] };
const denied = errors.filter(({ action }) => action !== null);

function role(name: string, ...statements: readonly object[]): CandidateRole {
  const trusted = {
    Effect: "Allow",
    Principal: { Service: "pods.eks.amazonaws.com" },
    Action: ["sts:AssumeRole", "sts:TagSession"],
  };
  const document = (list: readonly object[]) => ({ Version: "2012-10-17", Statement: list }) as never;
  return {
    arn: `arn:aws:iam::111122223333:role/${name}`,
    name,
    tags: {},
    trustPolicy: document([trusted]),
    policies: [{ name: "p", arn: null, document: document(statements) }],
  };
}

const table = "arn:aws:dynamodb:us-west-2:111122223333:table/Items";
const narrow = role("narrow", {
  Effect: "Allow",
  Action: ["dynamodb:Query", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"],
  Resource: [table, `${table}/index/*`],
});
const wide = role("a-wide", { Effect: "Allow", Action: "dynamodb:*", Resource: "*" });
const everyTable = role("b-every-table", {
  Effect: "Allow",
  Action: "dynamodb:Query",
  Resource: "arn:aws:dynamodb:*:*:table/*",
});

test("a role with more actions on the one table comes before one that may do everything everywhere", () => {
  const { chosen, candidates } = chooseRole([wide, narrow, everyTable], cluster, workload, denied);

  expect(candidates.at(-1)?.name).toBe("a-wide");
  expect(chosen?.name).not.toBe("a-wide");
});

test.each([
  ["the workload's Region", "us-west-2", "narrow-region"],
  ["another one", "eu-west-1", undefined],
])("a condition on the Region is met by the resource's: %s", (_what, region, chosen) => {
  const conditional = role("narrow-region", {
    Effect: "Allow",
    Action: "dynamodb:Query",
    Resource: "*",
    Condition: { StringEquals: { "aws:RequestedRegion": region } },
  });

  expect(chooseRole([conditional], cluster, workload, denied).chosen?.name).toBe(chosen);
});

test("without a denied action only a name decides, and many roles of others are counted, not offered", () => {
  const others = ["a", "b", "c", "d"].map((name) => role(name));
  const few = chooseRole(others.slice(0, 3), cluster, workload, []);
  expect([few.chosen, few.candidates.length, few.others]).toEqual([null, 3, 0]);

  const many = chooseRole(others, cluster, workload, []);
  expect([many.chosen, many.candidates, many.others]).toEqual([null, [], 4]);

  const named = chooseRole([...others, role("shop-carts")], cluster, workload, []);
  expect([named.chosen?.name, named.candidates.length, named.others]).toEqual(["shop-carts", 1, 0]);
});
