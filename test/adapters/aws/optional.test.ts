import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Fault } from "../../../sandbox/account/faults.ts";
import { deployedRights } from "../../../sandbox/deployed.ts";
import { createAwsClients } from "../../../src/adapters/aws/clients.ts";
import { createEc2Collectors } from "../../../src/adapters/aws/collectors/ec2.ts";
import { createOrganizationCollector } from "../../../src/adapters/aws/collectors/organization.ts";
import { createResourcePoliciesCollector } from "../../../src/adapters/aws/collectors/resource-policies.ts";
import type { Collector } from "../../../src/app/ports.ts";
import type {
  Evidence,
  EvidenceValues,
  LogErrorGroup,
  NodeFacts,
  Observation,
  Unavailable,
} from "../../../src/core/evidence.ts";
import type { JsonValue } from "../../../src/core/json.ts";
import { accountId, everything, region, statement } from "../../sandbox/account/served.ts";
import {
  cluster,
  contextOf,
  deny,
  forgetEnvironment,
  foundValue,
  kubernetesEvidence,
  roleArn,
  type Story,
  seen,
  serveStory,
  clock as startOfTime,
} from "./story.ts";

const { policies } = await deployedRights();

const vpcId = "vpc-0123";
const instanceId = "i-0123456789abcdef0";
const key = `arn:aws:kms:${region}:${accountId}:key/11111111-2222-3333-4444-555555555555`;
const secret = `arn:aws:secretsmanager:${region}:${accountId}:secret:carts/db-AbCdEf`;
const queue = `arn:aws:sqs:${region}:${accountId}:orders.fifo`;
const topic = `arn:aws:sns:${region}:${accountId}:orders`;
const bucket = "arn:aws:s3:::carts-assets";

const open: JsonValue = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }],
};

let story: Story;
let nowMs: number;
beforeAll(async () => {
  story = await serveStory();
  const { account } = story;
  account.addInstance({ instanceId, httpPutResponseHopLimit: 1, instanceProfileArn: "arn:profile" });
  account.addVpcEndpoint({ vpcId, service: "sts", policy: open });
  for (const arn of [key, secret, queue, topic, bucket]) account.addResource({ arn, policy: open });
  account.addKmsAlias("alias/carts", key);
});
afterAll(async () => {
  forgetEnvironment();
  await story.close();
});
beforeEach(() => {
  story.account.faults.clear();
  story.caller.policies = everything;
  story.account.joinOrganization("delegated-administrator");
  nowMs = Date.parse(startOfTime());
});

const clock = () => new Date(nowMs).toISOString();

function optionalCollectors() {
  const clients = createAwsClients(region);
  return {
    ...createEc2Collectors(clients, clock),
    ...createOrganizationCollector(clients, clock),
    ...createResourcePoliciesCollector(clients, clock),
  };
}

type OptionalKind = keyof ReturnType<typeof optionalCollectors>;

/** The collectors of a process that has just begun: it remembers nothing. */
async function collect<K extends OptionalKind>(
  kind: K,
  evidence: Evidence,
  { collectors = optionalCollectors(), deadlineMs = 15_000 } = {},
): Promise<Observation<EvidenceValues[K]>> {
  const signal = AbortSignal.timeout(deadlineMs);
  const collector: Collector<OptionalKind> = collectors[kind];
  return (await collector.collect(contextOf(evidence, { signal }))) as Observation<EvidenceValues[K]>;
}

function refused(action: string, resource: string | null): LogErrorGroup {
  return {
    kind: "access-denied",
    principalArn: roleArn,
    principalKind: "unknown",
    action,
    missingAction: null,
    resource,
    denyLayer: "resource-based",
    policyArn: null,
    sdk: null,
    requestId: null,
    count: 1,
    firstSeen: null,
    lastSeen: null,
    pods: ["carts-0"],
    containers: ["main"],
    excerpt: "",
  };
}

const facts = (more: Evidence = {}): Evidence => ({
  ...kubernetesEvidence(),
  "eks.cluster": seen({
    name: cluster,
    arn: `arn:aws:eks:${region}:${accountId}:cluster/${cluster}`,
    region,
    accountId,
    version: "1.31",
    platformVersion: "",
    oidcIssuer: null,
    createdAt: startOfTime(),
    autoMode: false,
    vpcId,
  }),
  ...more,
});

const deniedOn = (...calls: readonly (readonly [action: string, resource: string | null])[]): Evidence =>
  facts({
    "logs.errors": seen({
      sinceSeconds: 3_600,
      read: [],
      unread: [],
      signs: [],
      errors: calls.map(([action, resource]) => refused(action, resource)),
    }),
  });

const nodes = (...some: readonly Partial<NodeFacts>[]): Evidence =>
  facts({
    "k8s.nodes": seen(
      some.map((node, index) => ({
        name: `node-${index}`,
        instanceId,
        nodegroup: null,
        compute: "ec2" as const,
        os: "linux",
        kubeletVersion: null,
        createdAt: startOfTime(),
        ...node,
      })),
    ),
  });

describe("the instances of the pods' nodes", () => {
  test("with what decides whether a pod reaches their metadata service", async () => {
    story.account.addInstance({ instanceId: "i-0a", httpEndpoint: "disabled", httpTokens: "optional" });
    const evidence = nodes({}, { instanceId: "i-0a" }, { instanceId: "i-0dead" }, {});
    expect(foundValue(await collect("ec2.instances", evidence))).toEqual([
      {
        instanceId,
        instanceProfileArn: "arn:profile",
        metadata: { endpoint: "enabled", tokens: "required", hopLimit: 1 },
      },
      {
        instanceId: "i-0a",
        instanceProfileArn: null,
        metadata: { endpoint: "disabled", tokens: "optional", hopLimit: 2 },
      },
    ]);
  });

  test("nodes that are no instances have none", async () => {
    const evidence = nodes(
      { instanceId: null, compute: "fargate" },
      { instanceId: "mi-0", compute: "hybrid" },
    );
    expect(await collect("ec2.instances", evidence)).toMatchObject({ status: "absent", source: "k8s:test" });
  });
});

describe("the endpoints of the cluster's VPC", () => {
  test("with their policies; none in another VPC", async () => {
    expect(foundValue(await collect("ec2.vpc-endpoints", facts()))).toMatchObject([
      {
        serviceName: `com.amazonaws.${region}.sts`,
        type: "Interface",
        privateDns: true,
        policy: open,
      },
    ]);
    const elsewhere = facts();
    const cluster = seen({ ...foundValue(elsewhere["eks.cluster"]), vpcId: "vpc-0none" });
    expect(await collect("ec2.vpc-endpoints", { ...elsewhere, "eks.cluster": cluster })).toMatchObject({
      status: "found",
      value: [],
    });
  });
});

describe("the organization's policies", () => {
  test("of every level, root first", async () => {
    const scp = statement("Deny", "dynamodb:Scan");
    story.account.addServiceControlPolicy({ name: "no-scans", level: "ou", document: scp });
    for (const name of ["one", "two"]) {
      story.account.addResourceControlPolicy({ name, level: "account", document: open });
    }
    const policies = foundValue(await collect("organizations.policies", facts()));
    const names = (levels: typeof policies.serviceControlPolicies) =>
      levels.map((level) => level.map(({ name }) => name));
    expect(policies.accountId).toBe(accountId);
    expect(names(policies.serviceControlPolicies)).toEqual([
      ["FullAWSAccess"],
      ["FullAWSAccess", "no-scans"],
      ["FullAWSAccess"],
    ]);
    // The account's list is longer than a page.
    expect(names(policies.resourceControlPolicies)).toEqual([
      ["RCPFullAWSAccess"],
      ["RCPFullAWSAccess"],
      ["RCPFullAWSAccess", "one", "two"],
    ]);
    expect(policies.serviceControlPolicies[1]?.[1]).toMatchObject({
      arn: expect.stringContaining("/service_control_policy/p-"),
      document: scp,
    });
  });

  test("with a role of its own for these calls alone, about the cluster's account", async () => {
    const { account, caller } = story;
    const reader = account.addRole({
      name: "organization-reader",
      trustPolicy: {
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${accountId}:root` }, Action: "sts:AssumeRole" },
        ],
      },
      inline: { read: statement("Allow", "organizations:*") },
    });
    caller.policies = [{ name: "assume", document: statement("Allow", "sts:AssumeRole") }];
    const administrator = createAwsClients(region, { roleArn: reader });
    const own = createAwsClients(region);
    const reading = createOrganizationCollector(own, clock, administrator)["organizations.policies"];
    expect(foundValue(await reading.collect(contextOf(facts()))).accountId).toBe(accountId);
    expect(await collect("organizations.policies", facts())).toMatchObject({ reason: "access-denied" });

    account.deleteRole("organization-reader");
    const gone = createOrganizationCollector(own, clock, createAwsClients(region, { roleArn: reader }));
    expect(await gone["organizations.policies"].collect(contextOf(facts()))).toMatchObject({
      status: "unavailable",
      reason: "error",
      detail: expect.stringContaining("organization-reader could not be assumed"),
    });
  });

  test("nothing binds the management account", async () => {
    story.account.joinOrganization("management");
    expect(foundValue(await collect("organizations.policies", facts()))).toEqual({
      accountId,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    });
  });

  test("a member may not read them: said with who may, never empty", async () => {
    story.account.joinOrganization("member");
    expect(await collect("organizations.policies", facts())).toMatchObject({
      status: "unavailable",
      reason: "access-denied",
      permission: "organizations:ListPoliciesForTarget",
      detail: expect.stringMatching(/management account and its delegated administrators/),
    });
  });
});

test("an account in no organization has none of its policies", async () => {
  const alone = await serveStory();
  const answer = await collect("organizations.policies", facts());
  await alone.close();
  story.useServer();
  expect(answer).toMatchObject({ status: "absent", source: "organizations:ListPoliciesForTarget" });
});

describe("the policies of the resources that were denied", () => {
  test("each kind that eksiam reads; an object's is its bucket's, an alias's its key's", async () => {
    const alias = `arn:aws:kms:${region}:${accountId}:alias/carts`;
    const evidence = deniedOn(
      ["s3:GetObject", `${bucket}/pictures/a.png`],
      ["s3:ListBucket", bucket],
      ["kms:Decrypt", key],
      ["kms:Decrypt", alias],
      ["secretsmanager:GetSecretValue", secret],
      ["sqs:SendMessage", queue],
      ["sns:Publish", topic],
    );
    const answer = await collect("aws.resource-policies", evidence);
    expect(foundValue(answer)).toEqual({
      policies: [bucket, key, alias, secret, queue, topic].map((resourceArn) => ({
        resourceArn,
        document: open,
      })),
      unread: [],
    });
    expect(answer).toMatchObject({
      source:
        "s3:GetBucketPolicy, kms:GetKeyPolicy, secretsmanager:GetResourcePolicy, sqs:GetQueueAttributes, sns:GetTopicAttributes",
    });
  });

  test("a resource without a policy has none; the others are not read, with why", async () => {
    story.account.addResource({ arn: "arn:aws:s3:::bare" });
    story.account.addResource({ arn: "arn:aws:s3:::foreign", ownerAccountId: "444455556666" });
    const elsewhere = `arn:aws:sqs:${region}:444455556666:orders`;
    const lambda = `arn:aws:lambda:${region}:${accountId}:function:charge`;
    const gone = `arn:aws:sns:${region}:${accountId}:gone`;
    const evidence = deniedOn(
      ["s3:GetObject", "arn:aws:s3:::bare/a"],
      ["s3:GetObject", "arn:aws:s3:::foreign/a"],
      ["sqs:SendMessage", elsewhere],
      ["lambda:InvokeFunction", lambda],
      ["sns:Publish", gone],
      ["secretsmanager:GetSecretValue", "no-such-secret"],
      ["s3:ListBucket", null],
    );
    const { policies, unread } = foundValue(await collect("aws.resource-policies", evidence));
    expect(policies).toEqual([{ resourceArn: "arn:aws:s3:::bare", document: null }]);
    expect(unread).toEqual([
      { resourceArn: "arn:aws:s3:::foreign", reason: "eksiam may not s3:GetBucketPolicy" },
      { resourceArn: gone, reason: `there is no topic ${gone}` },
      { resourceArn: "no-such-secret", reason: "there is no secret no-such-secret" },
      { resourceArn: elsewhere, reason: "it is in account 444455556666, where eksiam has no access" },
      { resourceArn: lambda, reason: expect.stringContaining("not those of lambda") },
    ]);
  });

  test.each([
    ["another account's", `arn:aws:sqs:${region}:444455556666:orders`, /444455556666/],
    ["a kind that is not read", `arn:aws:lambda:${region}:${accountId}:function:charge`, /lambda/],
    ["none is named", null, /names the resource/],
  ])("nothing could be read (%s): the whole is not collected", async (_name, resource, detail) => {
    const answer = await collect("aws.resource-policies", deniedOn(["x:Y", resource]));
    expect(answer).toMatchObject({ status: "unavailable", reason: "not-collected" });
    expect((answer as Unavailable).detail).toMatch(detail);
  });

  test("what a log names and AWS never wrote is not asked for", async () => {
    const before = story.account.events().length;
    const hostile = [
      `arn:aws:kms:evil.example.com/#:${accountId}:key/1`,
      `arn:aws:kms:${region}:${accountId}:key/../x`,
      "arn:aws:s3:::../../etc/passwd",
      "arn:aws:s3:::a b",
      `arn:aws-evil:sqs:${region}:${accountId}:orders`,
      `arn:aws:sqs:${region}:${accountId}:orders?x=@evil.example.com`,
      `arn:aws:s3:${region}:${accountId}:accesspoint/one`,
      `arn:aws:sns:${region}:12:orders`,
      `${"x".repeat(10_000)}`,
    ];
    const evidence = deniedOn(...hostile.map((resource) => ["kms:Decrypt", resource] as const));
    expect(await collect("aws.resource-policies", evidence)).toMatchObject({ status: "unavailable" });
    expect(story.account.events().length).toBe(before);
  });

  test("of hundreds the first ten", async () => {
    const many = Array.from(
      { length: 30 },
      (_, index) => ["s3:GetObject", `arn:aws:s3:::many-${index}/a`] as const,
    );
    for (let index = 0; index < 30; index++) story.account.addResource({ arn: `arn:aws:s3:::many-${index}` });
    const { policies, unread } = foundValue(await collect("aws.resource-policies", deniedOn(...many)));
    expect([policies.length, unread.length]).toEqual([10, 20]);
  });
});

/** Every call, with the evidence that leads to it. */
const calls: readonly (readonly [
  kind: keyof ReturnType<typeof optionalCollectors>,
  call: string,
  Evidence,
])[] = [
  ["ec2.instances", "ec2:DescribeInstances", nodes({})],
  ["ec2.vpc-endpoints", "ec2:DescribeVpcEndpoints", facts()],
  ["organizations.policies", "organizations:ListPoliciesForTarget", facts()],
  ["organizations.policies", "organizations:DescribeOrganization", facts()],
  ["organizations.policies", "organizations:ListParents", facts()],
  ["organizations.policies", "organizations:DescribePolicy", facts()],
  ["aws.resource-policies", "s3:GetBucketPolicy", deniedOn(["s3:GetObject", `${bucket}/a`])],
  ["aws.resource-policies", "kms:GetKeyPolicy", deniedOn(["kms:Decrypt", key])],
  [
    "aws.resource-policies",
    "kms:DescribeKey",
    deniedOn(["kms:Decrypt", `arn:aws:kms:${region}:${accountId}:alias/carts`]),
  ],
  ["aws.resource-policies", "secretsmanager:GetResourcePolicy", deniedOn(["x:Y", secret])],
  ["aws.resource-policies", "sqs:GetQueueAttributes", deniedOn(["sqs:SendMessage", queue])],
  ["aws.resource-policies", "sns:GetTopicAttributes", deniedOn(["sns:Publish", topic])],
];

describe("the optional policy of the investigator", () => {
  const granted = policies.investigator ?? [];
  const document = granted.find(({ name }) => name === "investigator-optional")?.document as unknown as {
    readonly Statement: readonly { readonly Sid: string; readonly Action: readonly string[] }[];
  };

  test("allows exactly the calls that are made", () => {
    // Those of the stores of recorded calls are tested with them.
    const statements = document.Statement.filter(({ Sid }) => !Sid.includes("Trail"));
    const actions = statements.flatMap(({ Action }) => Action);
    expect(actions.sort()).toEqual(calls.map(([, call]) => call).sort());
    expect(actions.filter((action) => !/:(Get|List|Describe)[A-Z]\w+$/.test(action))).toEqual([]);
  });

  test("suffices", async () => {
    story.caller.policies = granted;
    for (const [kind, call, evidence] of calls) {
      expect(await collect(kind, evidence), call).toMatchObject({ status: "found" });
    }
  });
});

describe("could not look is never not there", () => {
  test("without the permission", async () => {
    for (const [kind, call, evidence] of calls) {
      story.caller.policies = [...everything, deny(call)];
      expect(await collect(kind, evidence), call).toMatchObject({
        status: "unavailable",
        reason: "access-denied",
        permission: call,
        source: call,
      });
    }
  });

  test.each([
    ["throttled", "throttled", 15_000],
    ["server-error", "error", 15_000],
    ["malformed", "error", 15_000],
    ["hang", "timeout", 250],
  ] as const)("%s", async (fault: Fault, reason, deadlineMs) => {
    // The first call of each kind, so that all can be tried at once; of an alias a timeout is told as of the key.
    for (const [, call] of calls) story.account.faults.set(call, fault);
    await Promise.all(
      calls
        .filter(([, call]) => !/DescribeOrganization|ListParents|DescribePolicy/.test(call))
        .filter(([, call]) => fault !== "hang" || call !== "kms:DescribeKey")
        .map(async ([kind, call, evidence]) => {
          const answer = await collect(kind, evidence, { deadlineMs });
          expect(answer, call).toMatchObject({ status: "unavailable", reason, source: call });
          expect((answer as Unavailable).permission).toBeUndefined();
          expect((answer as Unavailable).detail, call).toMatch(/\S/);
        }),
    );
  });

  test.each([
    ["ec2.instances", "k8s.nodes"],
    ["ec2.vpc-endpoints", "eks.cluster"],
    ["aws.resource-policies", "logs.errors"],
  ] as const)("%s without %s: for the same reason, by the same permission", async (kind, prerequisite) => {
    const unseen: Unavailable = {
      status: "unavailable",
      reason: "access-denied",
      permission: "get things",
      source: "k8s:things",
    };
    expect(await collect(kind, facts({ [prerequisite]: unseen }))).toMatchObject(unseen);
  });
});

test("an answer that is none, as a proxy in between gives it", async () => {
  for (const body of ["", "{}", "<html><body>Sign in</body></html>", "<Answer/>"]) {
    const proxy = createServer((_request, response) => {
      response.writeHead(200, { "content-type": body.startsWith("{") ? "application/json" : "text/xml" });
      response.end(body);
    }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    process.env["AWS_ENDPOINT_URL"] = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const answers = await Promise.all(calls.map(([kind, , evidence]) => collect(kind, evidence)));
    expect(
      answers.map(({ status }, index) => `${calls[index]?.[1]} ${status}`),
      body,
    ).toEqual(calls.map(([, call]) => `${call} unavailable`));
    proxy.closeAllConnections();
    proxy.close();
  }
  story.useServer();
});

describe("what an audit asks", () => {
  const asked = (call: string) =>
    story.account.events().filter(({ eventName }) => `${call}` === eventName).length;

  test("a refused call is not made again for minutes, for whatever else it would be asked", async () => {
    story.caller.policies = [...everything, deny("ec2:DescribeInstances", "s3:GetBucketPolicy")];
    const collectors = optionalCollectors();
    const before = [asked("DescribeInstances"), asked("GetBucketPolicy")];
    for (const id of [instanceId, "i-0b", "i-0c"]) {
      await collect("ec2.instances", nodes({ instanceId: id }), { collectors });
      const evidence = deniedOn(["s3:GetObject", `${bucket}/${id}`]);
      expect(await collect("aws.resource-policies", evidence, { collectors })).toMatchObject({
        status: "unavailable",
        permission: "s3:GetBucketPolicy",
      });
    }
    expect([asked("DescribeInstances"), asked("GetBucketPolicy")]).toEqual(before.map((count) => count + 1));

    // Rights are often for one bucket and not for another.
    story.caller.policies = everything;
    const other = deniedOn(["s3:GetObject", "arn:aws:s3:::bare/a"]);
    expect(await collect("aws.resource-policies", other, { collectors })).toMatchObject({ status: "found" });
    expect(await collect("ec2.instances", nodes({}), { collectors })).toMatchObject({
      status: "unavailable",
    });
    nowMs += 300_000;
    expect(await collect("ec2.instances", nodes({}), { collectors })).toMatchObject({ status: "found" });
  });

  test("the organization is read once for everybody, and its age is told", async () => {
    const collectors = optionalCollectors();
    const before = asked("DescribeOrganization");
    const both = await Promise.all([
      collect("organizations.policies", facts(), { collectors }),
      collect("organizations.policies", facts(), { collectors }),
    ]);
    nowMs += 500_000;
    const later = await collect("organizations.policies", facts(), { collectors });
    expect(later).toEqual(both[0]);
    expect(later).toMatchObject({ status: "found", at: startOfTime() });
    expect(asked("DescribeOrganization")).toBe(before + 1);
  });
});
