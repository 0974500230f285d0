import { afterAll, beforeAll, expect, test } from "vitest";
import { stories } from "../../sandbox/stories/index.ts";
import type { Story } from "../../sandbox/stories/story.ts";
import { type CallCounts, createCallBudget, totalCalls } from "../../src/app/call-budget.ts";
import { answer } from "../../src/app/judge.ts";
import { openOneCluster } from "../../src/main/clusters.ts";
import { rules } from "../../src/rules/index.ts";
import { eksiam, type Served, serve } from "./support.ts";

/** The most requests that the answer to each story may take, by service: what makes it dearer has to say so here. */
const budgets: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  carts: { cloudtrail: 1, eks: 8, iam: 2, kubernetes: 24 },
  orders: { cloudtrail: 1, eks: 8, iam: 2, kubernetes: 24 },
  reports: { cloudtrail: 2, eks: 3, iam: 4, kubernetes: 14 },
  catalog: { cloudtrail: 2, eks: 3, iam: 4, kubernetes: 14 },
  checkout: { cloudtrail: 1, eks: 4, iam: 2, kubernetes: 18 },
  ui: { cloudtrail: 1, eks: 1, iam: 0, kubernetes: 12 },
  payments: { cloudtrail: 3, eks: 3, iam: 4, kubernetes: 18 },
  ledger: { cloudtrail: 2, eks: 3, iam: 4, kubernetes: 14 },
};

/** What a story without a line of its own may take; and any story, of services that few questions need. */
const ordinary = { cloudtrail: 5, eks: 8, iam: 12, kubernetes: 30 };
const others = 5;

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

  const bounds: Readonly<Record<string, number>> = budgets[name] ?? ordinary;
  for (const [service, count] of Object.entries(byService(counts))) {
    expect(count, service).toBeLessThanOrEqual(bounds[service] ?? others);
  }

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
      for (const limit of new Set([0, Math.floor(needed / 3), Math.floor(needed / 2), needed - 1])) {
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
  expect(verbose.err).toMatch(/^calls: \d+\n {2}cloudtrail 1: cloudtrail:LookupEvents 1\n {2}eks \d: eks:/);
  expect(verbose.err).toMatch(/\n {2}kubernetes \d+: .*get pods\/log 2/);

  const audit = await eksiam(["audit", "--namespace", "carts", "--cluster", "eks-workshop", "--verbose"]);
  expect(audit.err).toMatch(/^carts\/carts: \d+ calls \(cloudtrail 1, eks \d, iam 1, kubernetes \d+\)\n$/);

  await eksiam(["collect", "carts/carts", "--cluster", "eks-workshop", "--out", `${served.folder}/b.json`]);
  const offline = await eksiam(["why", "--bundle", `${served.folder}/b.json`, "--verbose"]);
  expect(offline.err).toBe("calls: 0\n");
});
