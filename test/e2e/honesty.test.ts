import type { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withoutPermission } from "../../sandbox/cluster/rbac.ts";
import { deployedRights } from "../../sandbox/deployed.ts";
import { stories } from "../../sandbox/stories/index.ts";
import type { Story } from "../../sandbox/stories/story.ts";
import { type AwsClients, createAwsClients } from "../../src/adapters/aws/clients.ts";
import { createRateLimiter } from "../../src/adapters/aws/rate-limiter.ts";
import { createTrailCollector } from "../../src/adapters/aws/trail/collector.ts";
import { type Answer, answer } from "../../src/app/judge.ts";
import type { ClusterAccess } from "../../src/app/ports.ts";
import { diagnose } from "../../src/core/diagnose.ts";
import type { Diagnosis } from "../../src/core/diagnosis.ts";
import type { EvidenceKind, Question, Unavailable } from "../../src/core/evidence.ts";
import { openOneCluster } from "../../src/main/clusters.ts";
import { sleep } from "../../src/main/sleep.ts";
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
/** By story, its full answer. */
const full = new Map<Story, Answer>();

const clock = () => new Date().toISOString();

/**
 * CloudTrail answers two lookups a second to the whole account. The same lookup of a story whose programs stand still
 * has the same answer, so it is asked once; what is looked up is still decided by the evidence of each run.
 */
const limiter = createRateLimiter(550, sleep);
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
    full.set(story, answered.value);
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

/**
 * Of the stories that make use of a permission a broken one and a healthy one, of the very kind where it is for one
 * kind: the others miss it as they do.
 */
function usersOf(permission: string): readonly Story[] {
  const ofKind = ({ kind }: Story) => permission === `get ${kind.toLowerCase()}s.apps`;
  const users = stories
    .filter((story) => used.get(story)?.has(permission))
    .sort((a, b) => Number(ofKind(b)) - Number(ofKind(a)));
  const broken = users.find((story) => story.expect.ruleId !== null);
  const healthy = users.find((story) => story.expect.ruleId === null);
  return [broken, healthy].filter((story) => story !== undefined);
}

/**
 * Read on the way to something else, and nothing hangs on it: a node shows which of its calls to look up, but the pods
 * of a healthy workload carry an identity, or make no calls.
 */
const changesNothing = { kind: "k8s.nodes", permission: "get nodes" };

/** Asked while the kind is not known; where the workload is found as another kind, the answer is the same. */
const missedByOtherKinds = ["get daemonsets.apps", "get jobs.batch", "get cronjobs.batch", "get pods"];

function shouldBeMissed(permission: string): boolean {
  return usersOf(permission).length > 0 && !missedByOtherKinds.includes(permission);
}

/** Asks stories that make use of a permission, while it is withheld; answers how many could not do without. */
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
        const needless = permission === changesNothing.permission && blind.length === 0;
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

describe("whatever is not seen, nothing is made up", () => {
  const unseen: Unavailable = { status: "unavailable", reason: "error", source: "withheld" };
  const ruleIds = ({ cause, alsoWrong }: Diagnosis) =>
    [...(cause === null ? [] : [cause]), ...alsoWrong].map((finding) => finding.ruleId);

  /** Judges a story's evidence without some of its kinds. */
  function judgeUnseen(story: Story, withheld: readonly EvidenceKind[]): void {
    const { bundle, diagnosis: before } = full.get(story) as Answer;
    const hidden = Object.fromEntries(withheld.map((kind) => [kind, unseen]));
    const diagnosis = diagnose(rules, { ...bundle, evidence: { ...bundle.evidence, ...hidden } });
    const when = `${story.name} without ${withheld.join(", ")}`;
    expect(ruleIds(before), when).toEqual(expect.arrayContaining(ruleIds(diagnosis)));
    if (diagnosis.cause !== null) expect(diagnosis.cause.ruleId, when).toBe(story.expect.ruleId);
    if (diagnosis.conclusion !== "no-fault-found") return;
    expect(story.expect.ruleId, when).toBeNull();
    expect([changesNothing.kind], when).toEqual(expect.arrayContaining([...withheld]));
  }

  test.each(stories.map((story) => [story.name, story] as const))("%s", (_, story) => {
    const kinds = Object.keys((full.get(story) as Answer).bundle.evidence) as EvidenceKind[];
    for (const kind of kinds) judgeUnseen(story, [kind]);
    const some = fc.subarray(kinds, { minLength: 2 });
    fc.assert(
      fc.property(some, (withheld) => judgeUnseen(story, withheld)),
      { numRuns: 60 },
    );
  });
});
