import { afterAll, beforeAll, expect, test } from "vitest";
import { stories } from "../../sandbox/stories/index.ts";
import type { Story } from "../../sandbox/stories/story.ts";
import { type CallCounts, createCallBudget, totalCalls } from "../../src/app/call-budget.ts";
import { answer } from "../../src/app/judge.ts";
import { openOneCluster } from "../../src/main/clusters.ts";
import { rules } from "../../src/rules/index.ts";
import { eksiam, type Served, serve } from "./support.ts";

/** Requests that the answer to each story takes, by service. A number that grows is a question that got dearer. */
const budgets: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  carts: { cloudtrail: 1, eks: 4, iam: 1, kubernetes: 21 },
  orders: { cloudtrail: 1, eks: 3, iam: 1, kubernetes: 20 },
  reports: { cloudtrail: 2, eks: 2, iam: 3, kubernetes: 11 },
  catalog: { cloudtrail: 2, eks: 2, iam: 3, kubernetes: 13 },
  checkout: { cloudtrail: 1, eks: 3, iam: 1, kubernetes: 17 },
  ui: { cloudtrail: 1, eks: 1, kubernetes: 11 },
  payments: { cloudtrail: 3, eks: 2, iam: 3, kubernetes: 16 },
  ledger: { cloudtrail: 2, eks: 2, iam: 3, kubernetes: 12 },
};

/** What a story without a line of its own may take. */
const ordinary = { cloudtrail: 5, eks: 6, iam: 12, kubernetes: 30, other: 5 };

let served: Served;
beforeAll(async () => {
  served = await serve();
}, 30_000);
afterAll(() => served?.close());

async function callsOf({ cluster, namespace, name }: Story, limits?: Parameters<typeof createCallBudget>[0]) {
  const budget = createCallBudget(limits);
  const question = { cluster, namespace, name, kind: null, container: null, sinceSeconds: 3_600 };
  const clock = () => new Date().toISOString();
  const access = openOneCluster({ cluster }, null, process.env);
  const answered = await answer({ rules, clock, deadlineMs: 20_000 }, access, question, { budget });
  return { answered, counts: budget.counts() };
}

const byService = (counts: CallCounts) =>
  Object.fromEntries(Object.keys(counts).map((service) => [service, totalCalls(counts, service)]));

test.each(stories.map((story) => [story.name, story] as const))("the calls of %s", async (name, story) => {
  const { sandbox, asked } = served;
  const from = sandbox.account.events().length;
  asked.length = 0;
  const { counts } = await callsOf(story);

  const own = budgets[name];
  if (own === undefined) {
    for (const [service, count] of Object.entries(byService(counts))) {
      const bound = (ordinary as Readonly<Record<string, number>>)[service] ?? ordinary.other;
      expect(count, service).toBeLessThanOrEqual(bound);
    }
  } else expect(byService(counts)).toEqual(own);

  // What was counted is what arrived at the other side.
  const key = sandbox.awsEnv("investigator")["AWS_ACCESS_KEY_ID"];
  const arrived = sandbox.account.events().slice(from);
  const ofAws = arrived
    .filter((event) => event.accessKeyId === key)
    .map((event) => `${event.eventSource.split(".")[0]}:${event.eventName}`);
  const { kubernetes = {}, ...aws } = counts;
  const spelled = Object.values(aws).flatMap((operations) =>
    Object.entries(operations).flatMap(([operation, count]) => Array(count).fill(operation)),
  );
  expect(ofAws.sort()).toEqual(spelled.sort());
  expect(asked.length).toBe(totalCalls({ kubernetes }));
  // And nothing was asked twice.
  const plain = asked.filter((request) => !request.includes("/log?"));
  expect(plain.filter((request, index) => plain.indexOf(request) !== index)).toEqual([]);
});

test.each(["carts", "checkout"])(
  "what the calls of %s did not suffice for is not seen",
  async (name) => {
    const story = stories.find((one) => one.name === name);
    if (story === undefined) throw new Error(name);
    const full = await callsOf(story);
    for (const [service, needed] of Object.entries(byService(full.counts))) {
      for (let limit = 0; limit < needed; limit++) {
        const { answered, counts } = await callsOf(story, { other: 1_000, [service]: limit });
        const when = `${limit} of ${needed} calls to ${service}`;
        expect(totalCalls(counts, service), when).toBe(limit);
        if (!answered.ok) {
          expect(answered.error, when).toMatchObject({
            type: "unavailable",
            reason: expect.stringContaining("call budget"),
          });
          continue;
        }
        const { diagnosis, bundle } = answered.value;
        const unseen = Object.values(bundle.evidence).filter((seen) => seen.status === "unavailable");
        expect(new Set(unseen.map((seen) => seen.reason)), when).toEqual(new Set(["call-budget"]));
        if (story.expect.ruleId === null) expect(diagnosis.conclusion, when).toBe("inconclusive");
        else expect(diagnosis.conclusion, when).not.toBe("no-fault-found");
        expect([story.expect.ruleId, null], when).toContain(diagnosis.cause?.ruleId ?? null);
      }
    }
  },
  30_000,
);

test("--verbose says on standard error what was asked, and nothing else changes", async () => {
  const argv = ["why", "carts/carts", "--cluster", "eks-workshop", "--output", "json"];
  const quiet = await eksiam(argv);
  const verbose = await eksiam([...argv, "--verbose"]);
  expect(quiet.err).toBe("");
  expect(verbose.code).toBe(quiet.code);
  expect(JSON.parse(verbose.out).cause).toEqual(JSON.parse(quiet.out).cause);
  expect(verbose.err).toMatch(/^calls: 27\n {2}cloudtrail 1: cloudtrail:LookupEvents 1\n {2}eks 4: eks:/);
  expect(verbose.err).toMatch(/\n {2}kubernetes 21: .*get pods\/log 2/);

  const audit = await eksiam(["audit", "--namespace", "carts", "--cluster", "eks-workshop", "--verbose"]);
  expect(audit.err).toMatch(/^carts\/carts: \d+ calls \(cloudtrail 1, eks 4, iam 1, kubernetes \d+\)\n$/);

  await eksiam(["collect", "carts/carts", "--cluster", "eks-workshop", "--out", `${served.folder}/b.json`]);
  const offline = await eksiam(["why", "--bundle", `${served.folder}/b.json`, "--verbose"]);
  expect(offline.err).toBe("calls: 0\n");
});
