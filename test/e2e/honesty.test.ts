import type { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withoutPermission } from "../../sandbox/cluster/rbac.ts";
import { deployedRights } from "../../sandbox/deployed.ts";
import { stories } from "../../sandbox/stories/index.ts";
import type { Story } from "../../sandbox/stories/story.ts";
import { type AwsClients, createAwsClients } from "../../src/adapters/aws/clients.ts";
import { createRateLimiter } from "../../src/adapters/aws/rate-limiter.ts";
import { createTrailCollector } from "../../src/adapters/aws/trail-collector.ts";
import { answer } from "../../src/app/judge.ts";
import type { ClusterAccess } from "../../src/app/ports.ts";
import type { Question } from "../../src/core/evidence.ts";
import { openOneCluster } from "../../src/main/clusters.ts";
import { rules } from "../../src/rules/index.ts";
import { singlePermissions } from "../adapters/kubernetes/sandboxed.ts";
import { type Served, serve } from "./support.ts";

const { policies, rbac } = await deployedRights();
const actions = (policies.investigator ?? []).flatMap(({ document }) =>
  (document as unknown as { Statement: readonly { Action: readonly string[] }[] }).Statement.flatMap(
    (statement) => statement.Action,
  ),
);
const permissions = singlePermissions(rbac.investigator ?? []);

let served: Served;
/** By story, the permissions that its full answer makes use of, as the account and the cluster saw them. */
const used = new Map<Story, ReadonlySet<string>>();

const clock = () => new Date().toISOString();

/**
 * CloudTrail answers two lookups a second to the whole account. The same lookup of a story whose programs stand still
 * has the same answer, so it is asked once; what is looked up is still decided by the evidence of each run.
 */
const limiter = createRateLimiter(550);
const lookups = new Map<string, Promise<unknown>>();

function rememberingLookups(clients: AwsClients): AwsClients {
  return {
    ...clients,
    cloudtrail: (region) => {
      const client = clients.cloudtrail(region);
      const send = (command: { input: Record<string, unknown> }, options: { abortSignal: AbortSignal }) => {
        const { LookupAttributes, NextToken } = command.input;
        const key = JSON.stringify([region, LookupAttributes, NextToken]);
        const known =
          lookups.get(key) ??
          limiter
            .take(region, options.abortSignal)
            .then(() => client.send(command as unknown as Parameters<typeof client.send>[0], options));
        lookups.set(key, known);
        known.catch(() => lookups.delete(key));
        return known;
      };
      return { send } as unknown as CloudTrailClient;
    },
  };
}

function accessOf(cluster: string): ClusterAccess {
  const access = openOneCluster({ cluster }, null, process.env);
  const clients = rememberingLookups(createAwsClients(access.region));
  const unlimited = { take: () => Promise.resolve() };
  return {
    ...access,
    collectors: { ...access.collectors, ...createTrailCollector(clients, unlimited, clock) },
  };
}

function ask(story: Story) {
  const question: Question = {
    cluster: story.cluster,
    namespace: story.namespace,
    name: story.name,
    kind: null,
    container: null,
    sinceSeconds: 3_600,
  };
  return answer({ rules, clock, deadlineMs: 20_000 }, accessOf(story.cluster), question);
}

beforeAll(async () => {
  served = await serve();
  const { sandbox, askedOfClusters } = served;
  const key = sandbox.awsEnv("investigator")["AWS_ACCESS_KEY_ID"];
  for (const story of stories) {
    const from = sandbox.account.events().length;
    askedOfClusters.clear();
    lookups.clear();
    const answered = await ask(story);
    if (!answered.ok) throw new Error(`${story.name}: ${answered.error.type}`);
    expect(answered.value.diagnosis.blindSpots, story.name).toEqual([]);
    const calls = sandbox.account
      .events()
      .slice(from)
      .filter((event) => event.accessKeyId === key);
    used.set(
      story,
      new Set([
        ...askedOfClusters,
        ...calls.map((event) => `${event.eventSource.split(".")[0]}:${event.eventName}`),
      ]),
    );
  }
}, 60_000);

afterAll(() => served?.close());

const usersOf = (permission: string) => stories.filter((story) => used.get(story)?.has(permission));

/**
 * Read on the way to something else, and nothing hangs on it: a node shows which of its calls to look up, but these
 * pods carry an identity, or make no calls.
 */
const changesNothing: Readonly<Record<string, readonly string[]>> = {
  "get nodes": ["catalog", "ui", "ledger"],
};

/** Asked while the kind is not known; where the workload is found as another kind, the answer is the same. */
const missedByOtherKinds = ["get daemonsets.apps", "get jobs.batch", "get cronjobs.batch", "get pods"];

function shouldBeMissed(permission: string): boolean {
  return usersOf(permission).length > 0 && !missedByOtherKinds.includes(permission);
}

/** Asks every story that makes use of a permission, while it is withheld; answers how many could not do without. */
async function judgeWithout(permission: string): Promise<number> {
  const missed = await Promise.all(
    usersOf(permission).map(async (story): Promise<number> => {
      const answered = await ask(story);
      if (!answered.ok) {
        expect(answered.error, story.name).toMatchObject({ type: "unavailable", permission });
        return 1;
      }
      const { diagnosis, bundle } = answered.value;
      const unseen = Object.values(bundle.evidence).filter((seen) => seen.status === "unavailable");
      expect(
        unseen.filter((seen) => seen.permission !== permission),
        story.name,
      ).toEqual([]);
      const blind = [...new Set(diagnosis.blindSpots.map((spot) => spot.permission))];
      if (story.expect.ruleId === null) {
        const needless = changesNothing[permission]?.includes(story.name) === true;
        const honest = unseen.length === 0 || needless ? "no-fault-found" : "inconclusive";
        expect(diagnosis.conclusion, `${story.name} is healthy`).toBe(honest);
      } else {
        expect(diagnosis.conclusion, `${story.name} is broken`).not.toBe("no-fault-found");
        if (diagnosis.cause !== null) expect(diagnosis.cause.ruleId, story.name).toBe(story.expect.ruleId);
      }
      if (diagnosis.conclusion === "inconclusive") expect(blind, story.name).toEqual([permission]);
      else expect([[], [permission]], story.name).toContainEqual(blind);
      return unseen.length === 0 ? 0 : 1;
    }),
  );
  return missed.reduce((sum, one) => sum + one, 0);
}

test("a full answer asks for nothing that is not granted", () => {
  const granted = new Set([...actions, ...permissions.map(({ text }) => text)]);
  for (const [story, asked] of used) {
    expect(
      [...asked].filter((permission) => !granted.has(permission)),
      story.name,
    ).toEqual([]);
  }
});

describe("without one action of AWS", () => {
  afterAll(() => served.sandbox.applyPolicies("investigator", policies.investigator ?? []));

  test.each(actions)("%s", async (action) => {
    const document = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Deny", Action: action, Resource: "*" }],
    };
    const withheld = { name: "withheld", document };
    served.sandbox.applyPolicies("investigator", [...(policies.investigator ?? []), withheld]);
    if (action === "cloudtrail:LookupEvents") lookups.clear();
    const missed = await judgeWithout(action);
    expect(missed > 0, `${missed} stories miss it`).toBe(shouldBeMissed(action));
  });
});

describe("without one permission in the cluster", () => {
  afterAll(() => served.sandbox.applyRbac("investigator", rbac.investigator ?? []));

  test.each(permissions.map((permission) => [permission.text, permission] as const))(
    "%s",
    async (text, permission) => {
      served.sandbox.applyPolicies("investigator", policies.investigator ?? []);
      served.sandbox.applyRbac("investigator", withoutPermission(rbac.investigator ?? [], permission));
      const missed = await judgeWithout(text);
      expect(missed > 0, `${missed} stories miss it`).toBe(shouldBeMissed(text));
    },
  );
});
