import { readFile } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AdvancedSelector } from "../../../sandbox/account/trail-stores.ts";
import { createAwsClients } from "../../../src/adapters/aws/clients.ts";
import { probeTrail, seeTrail } from "../../../src/adapters/aws/probes/trail.ts";
import { createTrailCollector } from "../../../src/adapters/aws/trail/collector.ts";
import { createCallMeter } from "../../../src/adapters/calls/call-meter.ts";
import { createCallBudget } from "../../../src/app/call-budget.ts";
import { permissionCheck } from "../../../src/app/doctor.ts";
import type { Evidence, Unavailable } from "../../../src/core/evidence.ts";
import type { TrailSource } from "../../../src/core/facts/trail.ts";
import type { JsonValue } from "../../../src/core/json.ts";
import { accountId, everything, statement } from "../../sandbox/account/served.ts";
import {
  clock,
  cluster,
  contextOf,
  deny,
  forgetEnvironment,
  foundValue,
  kubernetesEvidence,
  nodeRoleArn,
  roleArn,
  type Story,
  seen,
  serveStory,
} from "./story.ts";

let story: Story;
beforeEach(async () => {
  story = await serveStory();
});
afterEach(async () => {
  forgetEnvironment();
  await story.close();
});

const table = `arn:aws:dynamodb:us-west-2:${accountId}:table/carts`;
const management: AdvancedSelector = { FieldSelectors: [{ Field: "eventCategory", Equals: ["Management"] }] };
const tables: AdvancedSelector = {
  FieldSelectors: [
    { Field: "eventCategory", Equals: ["Data"] },
    { Field: "resources.type", Equals: ["AWS::DynamoDB::Table"] },
  ],
};

type Kind = "lake" | "log-group";

/** Makes a store of this kind, and says how it is configured. */
function storeOf(kind: Kind, selectors: readonly AdvancedSelector[]): TrailSource {
  const { trailStores } = story.account;
  if (kind === "lake") {
    return { kind, eventDataStore: trailStores.addEventDataStore({ name: "all", selectors }) };
  }
  const logGroup = "CloudTrail/DefaultLogGroup";
  const trail = trailStores.addTrail({ name: "all", logGroup, selectors });
  return { kind, logGroup, region: "us-west-2", trail };
}

let turns = 0;
const limiter = {
  async take() {
    turns += 1;
  },
};
/** Waiting for a query takes no time here. */
const sleep = async (_ms: number, signal: AbortSignal) => signal.throwIfAborted();

function collector(source: TrailSource) {
  turns = 0;
  const clients = createAwsClients("us-west-2");
  return createTrailCollector(clients, limiter, clock, { source, sleep })["cloudtrail.events"];
}

const associated = (): Evidence => ({
  ...kubernetesEvidence(),
  "eks.association": seen({
    associationId: "a-1",
    associationArn: `arn:aws:eks:us-west-2:${accountId}:podidentityassociation/${cluster}/a-1`,
    cluster,
    namespace: "carts",
    serviceAccount: "carts",
    roleArn,
    targetRoleArn: null,
    externalId: null,
    disableSessionTags: false,
    sessionPolicy: null,
    ownerArn: null,
    createdAt: clock(),
    modifiedAt: clock(),
  }),
});

/** The pod asks for what its role may not, its node for what it may not, and somebody else for something else. */
function happen(): void {
  const { account } = story;
  account.putInlinePolicy("nodes", "agent", statement("Allow", "eks-auth:AssumeRoleForPodIdentity"));
  const nodeSession = account.nodeSession({ instanceId: "i-0123456789abcdef0", nodeRoleArn });
  account.updateAssociation(story.association.associationId, { targetRoleArn: "" });
  const answer = account.assumeRoleForPodIdentity({
    cluster,
    namespace: "carts",
    serviceAccount: "carts",
    podName: "carts-0",
    podUid: "u-1",
    nodeSession,
  });
  if (!answer.ok) throw new Error(answer.message);
  account.call(answer.session, {
    action: "dynamodb:DeleteItem",
    resource: table,
    userAgent: "Boto3/1.34.50",
  });
  account.call(answer.session, {
    action: "kms:Decrypt",
    resource: `arn:aws:kms:us-west-2:${accountId}:key/k`,
  });
  account.call(nodeSession, { action: "dynamodb:Query", resource: table });
  const stranger = account.nodeSession({ instanceId: "i-0000000000000000f", nodeRoleArn });
  account.call(stranger, { action: "dynamodb:Query", resource: table });
  story.pass(60_000);
}

describe.each<Kind>(["lake", "log-group"])("a store of the kind %s", (kind) => {
  test("shows data events of the role and of the node, and for whom sessions were made", async () => {
    const source = storeOf(kind, [management, tables]);
    happen();

    const facts = foundValue(await collector(source).collect(contextOf(associated())));

    const seenCalls = facts.events.map(({ eventName, dataEvent, errorCode }) => [
      eventName,
      dataEvent,
      errorCode,
    ]);
    expect(seenCalls.sort()).toEqual([
      ["Decrypt", false, "AccessDenied"],
      ["DeleteItem", true, "AccessDenied"],
      ["Query", true, "AccessDenied"],
    ]);
    expect(facts.events.find(({ eventName }) => eventName === "DeleteItem")).toMatchObject({
      resources: [table],
      userAgent: "Boto3/1.34.50",
      identity: { issuerArn: roleArn, ec2RoleDelivery: null },
    });
    expect(facts.events.find(({ eventName }) => eventName === "Query")).toMatchObject({
      identity: { issuerArn: nodeRoleArn, ec2RoleDelivery: "2.0" },
    });
    expect(facts.sessions).toMatchObject([
      { roleArn, pod: { cluster, namespace: "carts", serviceAccount: "carts", name: "carts-0", uid: "u-1" } },
    ]);
    expect(facts).toMatchObject({
      source,
      complete: true,
      regions: ["us-west-2"],
      selectors: [
        { conditions: [{ field: "eventCategory", operator: "equals", values: ["Management"] }] },
        { conditions: [{ field: "eventCategory" }, { field: "resources.type" }] },
      ],
    });
    expect(JSON.stringify(facts)).not.toContain("ASIA");
    expect(turns).toBe(0);
  });

  test("of data events alone leaves the rest to event history", async () => {
    const source = storeOf(kind, [tables]);
    happen();

    const facts = foundValue(await collector(source).collect(contextOf(associated())));

    expect(facts).toMatchObject({ historyToo: true, source });
    expect(facts.lookups).toContain(`ResourceName=${cluster} in us-west-2`);
    expect(turns).toBeGreaterThan(0);
  });

  test("whose selectors may not be read is asked all the same", async () => {
    const source = storeOf(kind, [management, tables]);
    happen();
    const reading = kind === "lake" ? "cloudtrail:GetEventDataStore" : "cloudtrail:GetEventSelectors";
    story.caller.policies = [...everything, deny(reading)];

    const facts = foundValue(await collector(source).collect(contextOf(associated())));

    expect(facts.selectors).toBeNull();
    expect(facts.events).toHaveLength(3);
  });

  test("is bounded in time", async () => {
    const source = storeOf(kind, [management, tables]);
    happen();
    story.pass(3 * 3_600_000);
    const later = () => new Date(Date.parse(clock()) + 3 * 3_600_000).toISOString();
    const clients = createAwsClients("us-west-2");
    const late = createTrailCollector(clients, limiter, later, { source, sleep })["cloudtrail.events"];

    expect(foundValue(await late.collect(contextOf(associated()))).events).toEqual([]);
  });

  test("is asked once by those who ask at once", async () => {
    const source = storeOf(kind, [management]);
    const shared = collector(source);
    const answers = await Promise.all([1, 2, 3].map(() => shared.collect(contextOf(associated()))));

    expect(answers.map(({ status }) => status)).toEqual(["found", "found", "found"]);
    if (kind === "lake") expect(story.account.trailStores.queries()).toHaveLength(1);
  });

  test.each([
    ["withheld", "access-denied"],
    ["server-error", "error"],
    ["malformed", "error"],
  ] as const)("that is %s is not seen, and not empty", async (fault, reason) => {
    const source = storeOf(kind, [management]);
    const asking = kind === "lake" ? "cloudtrail:StartQuery" : "logs:FilterLogEvents";
    if (fault === "withheld") story.caller.policies = [...everything, deny(asking)];
    else story.account.faults.set(asking, fault);

    const answer = await collector(source).collect(contextOf(associated()));

    expect(answer).toMatchObject({
      status: "unavailable",
      reason,
      source: asking,
      ...(fault === "withheld" ? { permission: asking } : {}),
    });
  });

  test("that is not there is told by its name", async () => {
    const source: TrailSource =
      kind === "lake"
        ? {
            kind,
            eventDataStore: `arn:aws:cloudtrail:us-west-2:${accountId}:eventdatastore/00000000-0000-4000-8000-000000000000`,
          }
        : { kind, logGroup: "none", region: "us-west-2", trail: null };

    const answer = await collector(source).collect(contextOf(associated()));

    expect(answer).toMatchObject({ status: "unavailable", reason: "error" });
    expect(answer.status === "unavailable" && answer.detail).toMatch(/event data store|log group none/);
  });

  test("hostile names find nothing, and break nothing", async () => {
    const source = storeOf(kind, [management, tables]);
    happen();
    const annotations = { "eks.amazonaws.com/role-arn": `x' OR '1'='1" || ($.eventName = *) || "` };
    const evidence: Evidence = {
      ...kubernetesEvidence({ annotations }),
      "k8s.nodes": seen([]),
      "eks.association": { status: "absent", source: "eks", at: clock() },
    };

    const facts = foundValue(await collector(source).collect(contextOf(evidence)));

    expect(facts.events).toEqual([]);
    // A filter pattern has no escape for a quote, so the name was not looked for.
    expect(facts.complete).toBe(kind === "lake");
  });
});

describe("the optional policy of the investigator", async () => {
  const file = new URL("../../../deploy/iam/investigator-optional.json", import.meta.url);
  const document = JSON.parse(await readFile(file, "utf8")) as {
    readonly Statement: readonly { readonly Sid: string; readonly Action: readonly string[] }[];
  };
  const policies = [{ name: "optional", document: document as unknown as JsonValue }];
  const actionsOf = (sids: readonly string[]) =>
    document.Statement.filter(({ Sid }) => sids.includes(Sid)).flatMap(({ Action }) => Action);

  test.each([
    ["lake", ["AskCloudTrailLake"]],
    ["log-group", ["ReadTheLogGroupOfATrail", "ReadWhatATrailRecords"]],
  ] as const)(
    "suffices for a store of the kind %s, and allows it nothing that is not needed",
    async (kind, sids) => {
      const source = storeOf(kind, [management]);
      story.caller.policies = policies;
      const ask = async () => {
        const observed = await collector(source).collect(contextOf(associated()));
        return observed.status === "found" ? observed.value : observed;
      };
      expect(await ask()).toMatchObject({ selectors: [{}], complete: true });

      for (const action of actionsOf(sids).filter((one) => one !== "cloudtrail:CancelQuery")) {
        story.caller.policies = [...policies, deny(action)];
        const answer = await ask();
        const missed =
          "status" in answer ? (answer as Unavailable).permission : answer.selectors === null ? action : null;
        expect(missed).toBe(action);
      }
    },
  );

  test.each<Kind>(["lake", "log-group"])("is what doctor tries for a store of the kind %s", async (kind) => {
    const source = storeOf(kind, [management, tables]);
    story.caller.policies = policies;
    const clients = createAwsClients("us-west-2");
    const signal = AbortSignal.timeout(15_000);
    const sids =
      kind === "lake" ? ["AskCloudTrailLake"] : ["ReadTheLogGroupOfATrail", "ReadWhatATrailRecords"];

    const checks = await probeTrail(clients, source, clock, signal);

    expect(checks.map(({ permission }) => permission).sort()).toEqual(actionsOf(sids).toSorted());
    expect(checks.filter(({ granted }) => granted !== true)).toEqual([]);
    story.caller.policies = [];
    const refused = await probeTrail(clients, source, clock, signal);
    expect(refused.map(({ granted }) => granted)).toEqual(checks.map(() => false));
    expect(permissionCheck("cluster", refused[0] ?? missing()).fix).toContain("investigator-optional.json");
  });
});

function missing(): never {
  throw new Error("nothing was tried");
}

test.each([
  [
    "lake",
    [tables],
    "no management events (event history is read for these), and data events of AWS::DynamoDB::Table",
  ],
  ["log-group", [management], "management events, and no data events"],
  [
    "lake",
    [management, { FieldSelectors: [...tables.FieldSelectors, { Field: "readOnly", Equals: ["false"] }] }],
    "management events, and data events of AWS::DynamoDB::Table (not all of them)",
  ],
] as const)("doctor tells what a store of the kind %s shows", async (kind, selectors, shows) => {
  const source = storeOf(kind, selectors);
  const clients = createAwsClients("us-west-2");

  expect((await seeTrail(clients, source, clock, AbortSignal.timeout(15_000))).shows).toBe(`shows ${shows}`);

  story.caller.policies = [];
  expect((await seeTrail(clients, source, clock, AbortSignal.timeout(15_000))).shows).toBe(
    "what it shows is not known, for its selectors could not be read",
  );
});

test("a query whose progress is asked for is not answered from the question's memory", async () => {
  const source = storeOf("lake", [management]);
  const meter = createCallMeter();
  const clients = createAwsClients("us-west-2", null, meter);
  const one = createTrailCollector(clients, limiter, clock, { source, sleep })["cloudtrail.events"];
  const budget = createCallBudget();

  const answer = await meter.spending(budget, () => one.collect(contextOf(associated())));

  expect(answer.status).toBe("found");
  expect(budget.counts()["cloudtrail"]).toEqual({
    "cloudtrail:GetEventDataStore": 1,
    "cloudtrail:StartQuery": 1,
    "cloudtrail:GetQueryResults": 2,
  });
});

describe("a query of CloudTrail Lake", () => {
  test("that does not end before the deadline is cancelled", async () => {
    const source = storeOf("lake", [management]);
    const deadline = new AbortController();
    const clients = createAwsClients("us-west-2");
    const impatient = async (_ms: number, signal: AbortSignal) => {
      deadline.abort();
      signal.throwIfAborted();
    };
    const slow = createTrailCollector(clients, limiter, clock, { source, sleep: impatient })[
      "cloudtrail.events"
    ];

    const answer = await slow.collect(contextOf(associated(), { signal: deadline.signal }));

    expect(answer).toMatchObject({ status: "unavailable", reason: "timeout" });
    await expect
      .poll(() => story.account.trailStores.queries().map(({ status }) => status))
      .toEqual(["CANCELLED"]);
  });

  test("reads its pages up to the bound, newest first", async () => {
    const source = storeOf("lake", [management]);
    for (let count = 0; count < 510; count++) {
      story.account.recordEvent({
        eventSource: "sts.amazonaws.com",
        eventName: "AssumeRoleWithWebIdentity",
        eventTime: "2026-01-31T11:50:00Z",
        errorCode: "AccessDenied",
        requestParameters: { roleArn },
      });
    }

    const facts = foundValue(await collector(source).collect(contextOf(associated())));

    expect(facts).toMatchObject({ complete: false, events: { length: 500 } });
  });

  test("refuses more than ten at once as throttling", async () => {
    const source = storeOf("lake", [management]);
    const { trailStores } = story.account;
    const store = trailStores.eventDataStore(source.kind === "lake" ? source.eventDataStore : "");
    if (store === undefined) throw new Error("no store");
    for (let count = 0; count < 10; count++) trailStores.startQuery(store, []);

    expect(await collector(source).collect(contextOf(associated()))).toMatchObject({
      status: "unavailable",
      reason: "throttled",
    });
  });
});

test("a log group of many pages is read up to the bound, and that is said", async () => {
  const source = storeOf("log-group", [management]);
  for (let count = 0; count < 1_100; count++) {
    story.account.recordEvent({
      eventSource: "sts.amazonaws.com",
      eventName: "AssumeRoleWithWebIdentity",
      eventTime: "2026-01-31T11:50:00Z",
      errorCode: "AccessDenied",
      requestParameters: { roleArn },
    });
  }

  const facts = foundValue(await collector(source).collect(contextOf(associated())));

  expect(facts).toMatchObject({ complete: true, events: { length: 1_100 } });
});
