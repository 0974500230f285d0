import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { credentialTraces } from "../../../src/core/credentials/trace.ts";
import type {
  EnvVar,
  Evidence,
  EvidenceBundle,
  LogErrorGroup,
  TrailEvent,
} from "../../../src/core/evidence.ts";
import type { TrailSession } from "../../../src/core/facts/trail.ts";

const role = "arn:aws:iam::111122223333:role/eks-workshop-carts-dynamo";
const podName = "carts-68d496fff8-9lcpc";
const asked = { requestId: "REQUEST-1" } as const;

function base(name: string): EvidenceBundle {
  const path = join(import.meta.dirname, `../../fixtures/rules/_bases/${name}.json`);
  return JSON.parse(readFileSync(path, "utf8"));
}

const variable = (name: string, value: string | null = null, from: EnvVar["from"] = "literal"): EnvVar => ({
  name,
  value,
  from,
});
const keys = [
  variable("AWS_ACCESS_KEY_ID", null, "secret"),
  variable("AWS_SECRET_ACCESS_KEY", null, "secret"),
];
const container = [
  variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
  variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token"),
];

interface Given {
  readonly base?: string;
  readonly env?: readonly EnvVar[];
  readonly template?: readonly EnvVar[];
  readonly envFrom?: readonly { kind: "secret" | "config-map"; name: string }[];
  readonly image?: string;
  readonly sdk?: string | null;
  readonly error?: Partial<LogErrorGroup>;
  readonly event?: Partial<TrailEvent>;
  readonly assumed?: Partial<TrailSession>;
}

/** The evidence of a base with more in its one container, and in its log. */
function evidenceOf(given: Given): { evidence: Evidence; question: EvidenceBundle["question"] } {
  const { evidence, question } = structuredClone(base(given.base ?? "irsa-healthy"));
  const pods = evidence["k8s.pods"];
  const workload = evidence["k8s.workload"];
  if (pods?.status !== "found" || workload?.status !== "found") throw new Error("no pods in the base");
  const change = (spec: object) => {
    const { env } = spec as { env: EnvVar[] };
    Object.assign(spec, {
      env: [...env, ...(given.env ?? [])],
      envFrom: given.envFrom ?? [],
      ...(given.image === undefined ? {} : { image: given.image }),
    });
  };
  for (const pod of pods.value.pods) pod.containers.forEach(change);
  for (const spec of workload.value.template.containers) {
    Object.assign(spec, { env: [...spec.env, ...(given.template ?? [])] });
  }
  const error = {
    kind: "access-denied",
    principalArn: null,
    principalKind: "unknown",
    sdk: given.sdk ?? null,
    requestId: null,
    pods: [podName],
    containers: ["carts"],
    lastSeen: null,
    excerpt: "",
    ...given.error,
  };
  const logs = { status: "found", value: { errors: [error], signs: [] }, source: "", at: "" };
  const trail = {
    status: "found",
    value: {
      events: given.event === undefined ? [] : [given.event],
      sessions: given.assumed === undefined ? [] : [given.assumed],
    },
    source: "",
    at: "",
  };
  return {
    evidence: { ...evidence, "logs.errors": logs, "cloudtrail.events": trail } as unknown as Evidence,
    question,
  };
}

function traceOf(given: Given) {
  const { evidence, question } = evidenceOf(given);
  const traces = credentialTraces(evidence, question);
  expect(traces).toHaveLength(1);
  const [trace] = traces;
  if (trace === undefined) throw new Error("no trace");
  return trace;
}

describe("the source that wins", () => {
  test.each([
    ["IRSA alone, SDK unknown", {}, "web-identity"],
    ["Pod Identity alone", { base: "pod-identity-healthy" }, "container"],
    ["nothing", { base: "node-role-denial", sdk: "go2" }, "instance-profile"],
    [
      "nothing, and metadata switched off",
      { base: "node-role-denial", env: [variable("AWS_EC2_METADATA_DISABLED", "true")] },
      null,
    ],
    ["keys before IRSA", { env: keys, sdk: "java2" }, "environment"],
    [
      "keys after IRSA in .NET 3",
      { env: keys, event: request("aws-sdk-dotnet-coreclr/3.7.1"), error: asked },
      "web-identity",
    ],
    [
      "keys before IRSA in .NET 4",
      { env: keys, event: request("aws-sdk-dotnet-coreclr/4.0.1"), error: asked },
      "environment",
    ],
    ["keys in .NET of an unknown version", { env: keys, sdk: "dotnet" }, null],
    [
      "keys hidden by a profile in JavaScript 3",
      { env: [...keys, variable("AWS_PROFILE", "a")], sdk: "js3" },
      "web-identity",
    ],
    [
      "keys not hidden by a profile in boto3",
      { env: [...keys, variable("AWS_PROFILE", "a")], sdk: "boto3" },
      "environment",
    ],
    ["both mechanisms", { env: container, sdk: "go2" }, "web-identity"],
    ["both mechanisms in JavaScript 2", { env: container, sdk: "js2" }, "container"],
    ["half a pair of keys", { env: keys.slice(0, 1), sdk: "java2" }, "web-identity"],
    ["half a pair of keys in botocore", { env: keys.slice(0, 1), sdk: "boto3" }, null],
    ["empty keys", { env: keys.map(({ name }) => variable(name, "")), sdk: "boto3" }, "web-identity"],
  ] as const)("%s", (_name, given, winner) => {
    expect(traceOf(given).winner).toBe(winner);
  });
});

describe("what is said of a source", () => {
  const statusOf = (given: Given, provider: string) =>
    traceOf(given).sources.find((source) => source.provider === provider);

  test.each([
    [{}, "web-identity", "injected", role],
    [{ template: [variable("AWS_ROLE_ARN", role)] }, "web-identity", "set", role],
    [
      { base: "node-role-denial", env: [variable("AWS_ROLE_ARN", role)] },
      "web-identity",
      "half",
      /without AWS_WEB/,
    ],
    [{ env: keys }, "environment", "set", /from a Secret \(value not read\)/],
    [
      { envFrom: [{ kind: "config-map", name: "settings" }] },
      "environment",
      "possible",
      /ConfigMap settings/,
    ],
    [{ env: [variable("AWS_PROFILE", "dev")] }, "profile", "possible", /AWS_PROFILE=dev \(file not read\)/],
    [{}, "profile", "not-set", /image may hold one/],
  ] as const)("%#", (given, provider, status, detail) => {
    expect(statusOf(given, provider)).toMatchObject({
      status,
      detail: typeof detail === "string" ? detail : expect.stringMatching(detail),
    });
  });
});

describe("which SDK it is", () => {
  test.each([
    ["the log's form", { sdk: "java1" }, "java1", null, /form of its log/],
    ["nothing", {}, null, null, /nothing shows/],
    ["an unknown signature", { sdk: "cobol" }, null, null, /nothing shows/],
    [
      "the call that the log names",
      { sdk: "boto3", event: request("aws-sdk-java/2.20.1"), error: asked },
      "java2",
      "2.20.1",
      /call that its log names/,
    ],
    [
      "the agent's call is not the program's",
      { event: request("aws-sdk-go-v2/1.30.0"), error: { ...asked, kind: "pod-identity-agent-error" } },
      null,
      null,
      /nothing shows/,
    ],
    [
      "its own web identity",
      { event: webIdentity("Boto3/1.26.3 Botocore/1.29.3") },
      "boto3",
      "1.26.3",
      /pod's calls/,
    ],
    [
      "its own web identity, where nothing failed",
      {
        assumed: {
          subject: "system:serviceaccount:carts:carts",
          userAgent: "aws-sdk-go-v2/1.30.0 ua/2.0 os/linux lang/go#1.22.0",
        },
      },
      "go2",
      "1.30.0",
      /pod's calls/,
    ],
    [
      "another's web identity",
      { assumed: { subject: "system:serviceaccount:orders:orders", userAgent: "aws-sdk-go-v2/1.30.0" } },
      null,
      null,
      /nothing shows/,
    ],
    [
      "a call that fits the log",
      { sdk: "boto3", event: webIdentity("aws-cli/2.15.0") },
      "aws-cli",
      "2.15.0",
      /and the user agent/,
    ],
    [
      "a call that does not fit the log",
      { sdk: "go2", event: webIdentity("aws-cli/2.15.0") },
      "go2",
      null,
      /form of its log/,
    ],
    [
      "a session's name",
      { error: { principalArn: `arn:aws:sts::111122223333:assumed-role/x/botocore-session-1700000000` } },
      "botocore",
      null,
      /session name/,
    ],
    [
      "a session's name of two SDKs",
      { error: { principalArn: `arn:aws:sts::111122223333:assumed-role/x/aws-sdk-java-1700000000` } },
      null,
      null,
      /Java 1 or AWS SDK for Java 2, told by the session/,
    ],
    ["the CLI's image", { image: "public.ecr.aws/aws-cli/aws-cli:2.13.0" }, "aws-cli", "2.13.0", /image/],
    [
      "a program in Go",
      { image: "registry.k8s.io/external-dns/external-dns:v0.14.2@sha256:0a1b" },
      null,
      null,
      /AWS SDK for Go 1 .*AWS SDK for Go 2, told by the image/,
    ],
    [
      "a program of a name that only begins alike",
      { image: "example/velero-ui:1.0" },
      null,
      null,
      /nothing shows/,
    ],
    ["another image", { image: "docker.io/library/python:3.12" }, null, null, /nothing shows/],
    [
      "a Pod Identity session",
      { base: "pod-identity-healthy", event: session("carts-68d4") },
      "java2",
      "2.25.0",
      /pod's calls/,
    ],
    [
      "another pod's session",
      { base: "pod-identity-healthy", event: session("orders-1f2") },
      null,
      null,
      /nothing shows/,
    ],
  ] as const)("%s", (_name, given, sdk, version, from) => {
    const trace = traceOf(given as Given);
    expect(trace).toMatchObject({ sdk, sdkVersion: version, sdkFrom: expect.stringMatching(from) });
  });
});

test.each([
  [{ sdk: "java2" }, /silently to the node's role/],
  [{ sdk: "boto3" }, /ends with an error/],
  [{ base: "pod-identity-healthy", sdk: "php" }, /ends with an error/],
  [{ env: container, sdk: "js2" }, /silently to web identity/],
  [{}, /Java, JavaScript 2, PHP, C\+\+ and Kotlin go on silently/],
] as const)("what follows when it fails: %#", (given, expected) => {
  expect(traceOf(given).ifItFails).toMatch(expected);
});

test("what a pod carries from before is said to be stale", () => {
  expect(traceOf({}).stale).toBeNull();
  expect(traceOf({ base: "pod-identity-not-injected" }).stale).toMatch(
    /carries no identity; .* gives it EKS Pod Identity/,
  );
});

test("what would come first and cannot be seen is said", () => {
  const given = { sdk: "go2", envFrom: [{ kind: "secret", name: "keys" }] } as const;
  expect(traceOf(given).note).toMatch(/keys in the environment would come first/);
});

test("pods that carry the same are told once, others apart; no pods, nothing", () => {
  const { evidence, question } = evidenceOf({});
  const pods = evidence["k8s.pods"];
  if (pods?.status !== "found") throw new Error("no pods");
  const [pod] = pods.value.pods;
  if (pod === undefined) throw new Error("no pod");
  const bare = { ...pod, name: "bare", containers: pod.containers.map((spec) => ({ ...spec, env: [] })) };
  const many = { ...pods, value: { pods: [pod, { ...pod, name: "twin" }, bare], total: 3 } };
  const tracesOf = (observation: Evidence["k8s.pods"] | undefined) =>
    credentialTraces(
      { ...evidence, ...(observation === undefined ? {} : { "k8s.pods": observation }) },
      question,
    ).map((trace) => trace.pods);
  expect(tracesOf(many)).toEqual([[podName, "twin"], ["bare"]]);
  expect(tracesOf({ status: "absent", source: "", at: "" })).toEqual([]);
  expect(tracesOf({ status: "unavailable", reason: "timeout", source: "" })).toEqual([]);
});

function request(userAgent: string): Partial<TrailEvent> {
  return { eventName: "DescribeTable", requestId: "REQUEST-1", userAgent, principalArn: null };
}

function webIdentity(userAgent: string): Partial<TrailEvent> {
  const userName = "system:serviceaccount:carts:carts";
  return { eventName: "AssumeRoleWithWebIdentity", requestId: null, userAgent, userName, principalArn: null };
}

function session(pod: string): Partial<TrailEvent> {
  const principalArn = `arn:aws:sts::111122223333:assumed-role/x/eks-eks-worksh-${pod}-0f6c0b1e-8b4c-4c1b-9f0e-0123456789ab`;
  return { eventName: "DescribeTable", requestId: null, userAgent: "aws-sdk-java/2.25.0", principalArn };
}
