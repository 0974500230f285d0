import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAwsClients } from "../../../src/adapters/aws/clients.ts";
import { createTrailCollector } from "../../../src/adapters/aws/trail/collector.ts";
import type { AnswerCache, RateLimiter } from "../../../src/app/ports.ts";
import type { Evidence } from "../../../src/core/evidence.ts";
import { accountId, statement } from "../../sandbox/account/served.ts";
import {
  clock,
  cluster,
  contextOf,
  forgetEnvironment,
  foundValue,
  issuer,
  kubernetesEvidence,
  nodeRoleArn,
  roleArn,
  type Story,
  seen,
  serveStory,
} from "./story.ts";

let story: Story;
let turns: string[];

beforeEach(async () => {
  story = await serveStory();
  turns = [];
});
afterEach(async () => {
  forgetEnvironment();
  await story.close();
});

const instanceId = "i-0123456789abcdef0";
const nodeSession = `arn:aws:sts::${accountId}:assumed-role/nodes/${instanceId}`;
const absent = { status: "absent", source: "eks:ListPodIdentityAssociations", at: clock() } as const;
const annotated = (arn: string): Evidence => ({
  ...kubernetesEvidence({ annotations: { "eks.amazonaws.com/role-arn": arn } }),
  "eks.association": absent,
});
const associated = (): Evidence => ({
  ...kubernetesEvidence(),
  "eks.association": seen({ ...association(), modifiedAt: clock() }),
});
const association = () => ({
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
});

/** The clock of AWS moves on at each turn, so that its own limit is never met. */
const limiter: RateLimiter = {
  async take(key, signal) {
    signal.throwIfAborted();
    turns.push(key);
    story.pass(600);
  },
};
const collector = () =>
  createTrailCollector(createAwsClients("us-west-2"), limiter, clock)["cloudtrail.events"];

function happen(record: Readonly<Record<string, unknown>>): void {
  story.account.recordEvent({
    eventSource: "sts.amazonaws.com",
    eventName: "AssumeRoleWithWebIdentity",
    eventTime: "2026-01-31T11:50:00Z",
    errorCode: "AccessDenied",
    ...record,
  } as never);
}

describe("what is looked up", () => {
  test("the annotated role, here and in us-east-1, and the node that its pods fall back to", async () => {
    const facts = foundValue(await collector().collect(contextOf(annotated(` ${roleArn} `))));
    expect(facts.lookups).toEqual([
      `ResourceName=${roleArn} in us-west-2`,
      `ResourceName=${roleArn} in us-east-1`,
      `Username=${instanceId} in us-west-2`,
    ]);
    expect(facts.regions).toEqual(["us-west-2", "us-east-1"]);
    expect([...turns].sort()).toEqual(["us-east-1", "us-west-2", "us-west-2"]);
  });

  test("nothing in us-east-1 for other partitions", async () => {
    const gov = "arn:aws-us-gov:iam::111122223333:role/carts";
    const facts = foundValue(await collector().collect(contextOf(annotated(gov))));
    expect(facts.regions).toEqual(["us-west-2"]);
  });

  test("the cluster, where there is an association", async () => {
    const facts = foundValue(await collector().collect(contextOf(associated())));
    expect(facts.lookups).toContain(`ResourceName=${cluster} in us-west-2`);
  });

  test("nothing: an empty answer with its window, and no call", async () => {
    const evidence = { ...annotated(""), "k8s.nodes": seen([]) };
    expect(foundValue(await collector().collect(contextOf(evidence)))).toEqual({
      from: "2026-01-31T11:00:00.000Z",
      to: clock(),
      regions: [],
      lookups: [],
      events: [],
      sessions: [],
      complete: true,
    });
    expect(turns).toEqual([]);
  });
});

describe("what is found", () => {
  const resources = [{ ARN: roleArn, accountId, type: "AWS::IAM::Role" }];

  test("failed calls only, newest first, each once, with what tells whose they are", async () => {
    const subject = "system:serviceaccount:carts:carts";
    happen({
      eventID: "00000000-0000-4000-8000-000000000001",
      userIdentity: { type: "WebIdentityUser", userName: subject },
      requestParameters: { roleArn },
      resources,
    });
    happen({ eventTime: "2026-01-31T11:55:00Z", errorCode: null, resources });
    happen({ eventTime: "2026-01-31T09:00:00Z", resources });
    happen({
      eventTime: "2026-01-31T11:58:00Z",
      eventSource: "kms.amazonaws.com",
      eventName: "Decrypt",
      errorMessage: `User: ${nodeSession} is not authorized to perform: kms:Decrypt`,
      userIdentity: { type: "AssumedRole", arn: nodeSession },
    });

    const facts = foundValue(await collector().collect(contextOf(annotated(roleArn))));

    expect(facts.events.map((event) => event.eventName)).toEqual(["Decrypt", "AssumeRoleWithWebIdentity"]);
    expect(facts.events[0]).toMatchObject({ principalArn: nodeSession, identityType: "AssumedRole" });
    expect(facts.events[1]).toMatchObject({
      region: "us-west-2",
      errorCode: "AccessDenied",
      userName: subject,
      requestedRoleArn: roleArn,
      resources: [roleArn],
    });
    expect(facts.complete).toBe(true);
  });

  test("an event that cannot be read makes the answer incomplete, and hides no other", async () => {
    happen({ resources });
    happen({ resources, errorMessage: { not: "text" } });
    const facts = foundValue(await collector().collect(contextOf(annotated(roleArn))));
    expect(facts.events).toHaveLength(1);
    expect(facts.complete).toBe(false);
  });

  test("pages up to a bound, and says that there was more", async () => {
    for (let count = 0; count < 120; count++) happen({ resources });
    const all = foundValue(await collector().collect(contextOf(annotated(roleArn))));
    expect(all).toMatchObject({ complete: true, events: { length: 120 } });

    for (let count = 0; count < 120; count++) happen({ resources });
    const cut = foundValue(await collector().collect(contextOf(annotated(roleArn))));
    expect(cut).toMatchObject({ complete: false, events: { length: 200 } });
  });
});

describe("whoever called is told apart", () => {
  test("the web identity, the agent on its node, the session made for a pod", async () => {
    const { account } = story;
    account.putInlinePolicy("nodes", "agent", statement("Allow", "eks-auth:*"));
    const agent = account.nodeSession({ instanceId, nodeRoleArn });
    const pod = { cluster, serviceAccount: "carts", podName: "carts-0", podUid: "u", nodeSession: agent };
    account.assumeRoleForPodIdentity({ ...pod, namespace: "elsewhere" });

    const { events } = foundValue(await collector().collect(contextOf(associated())));

    expect(events).toMatchObject([
      {
        eventName: "AssumeRoleForPodIdentity",
        errorCode: "ResourceNotFoundException",
        principalArn: nodeSession,
        identity: { ec2RoleDelivery: "2.0", issuerArn: nodeRoleArn },
        dataEvent: false,
      },
    ]);
  });

  test("a session that was given out keeps its subject and its SDK, and no key", async () => {
    const subject = "system:serviceaccount:carts:carts";
    const irsaRole = `arn:aws:iam::${accountId}:role/carts-irsa`;
    story.account.assumeRoleWithWebIdentity({
      roleArn: irsaRole,
      issuer,
      subject,
      audience: "sts.amazonaws.com",
      sessionName: "s",
      userAgent: "aws-sdk-go-v2/1.30.0",
    });

    const at = new Date(Date.parse(clock()) + 60_000).toISOString();
    const later = createTrailCollector(createAwsClients("us-west-2"), limiter, () => at)["cloudtrail.events"];
    const facts = foundValue(await later.collect(contextOf(annotated(irsaRole))));

    expect(facts.events).toEqual([]);
    expect(facts.sessions).toMatchObject([{ subject, roleArn: irsaRole, userAgent: "aws-sdk-go-v2/1.30.0" }]);
    const [session] = story.account
      .events()
      .filter(({ eventName }) => eventName === "AssumeRoleWithWebIdentity");
    expect(JSON.stringify(session?.record)).toContain("accessKeyId");
    expect(JSON.stringify(facts)).not.toContain("accessKeyId");
  });

  test("fields of other shapes than known are passed over, and the event still counts", async () => {
    happen({
      resources: [{ ARN: roleArn, accountId, type: "AWS::IAM::Role" }],
      userIdentity: { type: "AssumedRole", arn: nodeSession, sessionContext: "none", invokedBy: null },
      requestParameters: "text",
      responseElements: [],
      managementEvent: "yes",
    });

    const { events, complete } = foundValue(await collector().collect(contextOf(annotated(roleArn))));

    expect(complete).toBe(true);
    expect(events).toMatchObject([{ principalArn: nodeSession, requestedRoleArn: null }]);
    expect(events[0]?.identity).toEqual({
      issuerArn: null,
      ec2RoleDelivery: null,
      federatedProvider: null,
      identityProvider: null,
      invokedBy: null,
    });
  });
});

describe("workers that share their answers", () => {
  const kept = new Map<string, string>();
  const answers: AnswerCache = {
    get: async (key) => kept.get(key) ?? null,
    put: async (key, value) => void kept.set(key, value),
  };
  /** A process of its own, with the credentials of the process or of a role. */
  const worker = (roleArn: string | null = null) =>
    createTrailCollector(createAwsClients("us-west-2"), limiter, clock, {
      source: { kind: "event-history" },
      sleep: async () => {},
      cache: { answers, roleArn },
    })["cloudtrail.events"];
  beforeEach(() => kept.clear());
  const resources = [{ ARN: roleArn, accountId, type: "AWS::IAM::Role" }];

  test("ask once for the same, with the same answer", async () => {
    const secret = ["AKIA", "IOSFODNN7EXAMPLE"].join("");
    happen({ resources, errorMessage: `of ${secret}` });
    const first = foundValue(await worker().collect(contextOf(annotated(roleArn))));
    const asked = turns.length;
    const second = foundValue(await worker().collect(contextOf(annotated(roleArn))));

    expect(second).toEqual(first);
    expect(first.events).toHaveLength(1);
    expect(turns).toHaveLength(asked);
    expect([...kept.values()].join()).not.toContain(secret);
  });

  test("but not for another account's, nor where not all was seen", async () => {
    await worker().collect(contextOf(associated()));
    const asked = turns.length;
    await worker("arn:aws:iam::444455556666:role/eksiam").collect(contextOf(associated()));
    expect(turns.length).toBeGreaterThan(asked);

    kept.clear();
    for (let count = 0; count < 240; count++) happen({ resources });
    await worker().collect(contextOf(annotated(roleArn)));
    const keys = [...kept.keys()].filter((key) => key.includes(`us-west-2 ResourceName ${roleArn}`));
    expect(keys).toEqual([]);
  });

  test.each(["not json", "{}", '{"to":1,"events":[],"sessions":[]}'])(
    "pass over what is none: %s",
    async (text) => {
      const broken: AnswerCache = { get: async () => text, put: async () => {} };
      const options = {
        source: { kind: "event-history" } as const,
        sleep: async () => {},
        cache: { answers: broken, roleArn: null },
      };
      const one = createTrailCollector(createAwsClients("us-west-2"), limiter, clock, options)[
        "cloudtrail.events"
      ];
      expect(await one.collect(contextOf(associated()))).toMatchObject({ status: "found" });
      expect(turns.length).toBeGreaterThan(0);
    },
  );
});

test("a lookup that hangs ends with the question's deadline", async () => {
  story.account.faults.set("cloudtrail:LookupEvents", "hang");
  const signal = AbortSignal.timeout(20);
  expect(await collector().collect(contextOf(associated(), { signal }))).toMatchObject({
    status: "unavailable",
    reason: "timeout",
    source: "cloudtrail:LookupEvents",
  });
});

describe("lookups at once", () => {
  test("workloads that need the same lookup share it", async () => {
    const shared = collector();
    const answers = await Promise.all([1, 2, 3].map(() => shared.collect(contextOf(associated()))));
    expect(answers.map((answer) => answer.status)).toEqual(["found", "found", "found"]);
    expect(turns).toHaveLength(2);

    await shared.collect(contextOf(associated()));
    expect(turns).toHaveLength(4);
  });

  test("one that gives up takes nothing from the others", async () => {
    story.account.faults.set("cloudtrail:LookupEvents", "hang", 2);
    const shared = collector();
    const impatient = new AbortController();
    const first = shared.collect(contextOf(associated(), { signal: impatient.signal }));
    const patient = new AbortController();
    const second = shared.collect(contextOf(associated(), { signal: patient.signal }));
    impatient.abort();
    expect(await first).toMatchObject({ status: "unavailable", reason: "timeout" });
    expect(turns).toHaveLength(2);
    patient.abort();
    expect(await second).toMatchObject({ status: "unavailable", reason: "timeout" });

    story.account.faults.clear();
    expect(await shared.collect(contextOf(associated()))).toMatchObject({ status: "found" });
  });
});
