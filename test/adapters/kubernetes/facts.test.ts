import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { podIdentityCa } from "../../../sandbox/stories/certificates.ts";
import { choosePods } from "../../../src/adapters/kubernetes/choose-pods.ts";
import { planReads } from "../../../src/adapters/kubernetes/collectors/logs.ts";
import { editDistance, nearest } from "../../../src/adapters/kubernetes/edit-distance.ts";
import { containerFacts } from "../../../src/adapters/kubernetes/env-facts.ts";
import { selects } from "../../../src/adapters/kubernetes/label-selector.ts";
import { lastWrite } from "../../../src/adapters/kubernetes/managed-fields.ts";
import { mergeLogErrors } from "../../../src/adapters/kubernetes/merge-logs.ts";
import { nodeFacts } from "../../../src/adapters/kubernetes/node-facts.ts";
import { managedBy, podFacts } from "../../../src/adapters/kubernetes/pod-facts.ts";
import { pathFor, permissionFor, resources } from "../../../src/adapters/kubernetes/resources.ts";
import {
  nodeSchema,
  podSchema,
  webhookConfigurationSchema,
} from "../../../src/adapters/kubernetes/schemas.ts";
import { caBundleFacts, findIdentityWebhook } from "../../../src/adapters/kubernetes/webhook-facts.ts";
import type { ScannedError } from "../../../src/core/logs/stream.ts";

const metadata = (patch: object = {}) => ({
  name: "carts",
  namespace: "carts",
  uid: "u-1",
  creationTimestamp: "2026-01-01T00:00:00Z",
  ...patch,
});

function pod(patch: { metadata?: object; spec?: object; status?: object } = {}) {
  return podSchema.parse({
    metadata: metadata(patch.metadata),
    spec: { containers: [{ name: "carts", image: "carts:1" }], ...patch.spec },
    status: patch.status ?? null,
  });
}

describe("environment", () => {
  // Built here, so that no scanner takes this file for a leak.
  const keyId = `AK${"IA"}${"A".repeat(16)}`;
  const container = (env: readonly object[]) =>
    pod({ spec: { containers: [{ name: "c", image: "i", env }] } }).spec.containers[0];

  function factsOf(env: readonly object[]) {
    const raw = container(env);
    if (raw === undefined) throw new Error("no container");
    return containerFacts(raw, false).env;
  }

  it.each([
    ["AWS_ACCESS_KEY_ID", keyId],
    ["AWS_SECRET_ACCESS_KEY", "w".repeat(40)],
    ["AWS_SESSION_TOKEN", "t".repeat(60)],
    ["AWS_CONTAINER_AUTHORIZATION_TOKEN", "t".repeat(60)],
    ["AMAZON_SECRET_ACCESS_KEY", "w".repeat(40)],
    ["SPRING_CLOUD_AWS_CREDENTIALS_ACCESSKEY", keyId],
    ["SPRING_CLOUD_AWS_CREDENTIALS_SECRET-KEY", "w".repeat(40)],
  ])("never keeps the value of %s", (name, value) => {
    expect(factsOf([{ name, value }])).toEqual([{ name, value: null, from: "literal" }]);
  });

  it.each([
    ["AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/carts"],
    ["AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"],
    ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/var/run/secrets/pods.eks.amazonaws.com/token"],
    ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"],
    ["AWS_SHARED_CREDENTIALS_FILE", "/aws/credentials"],
    ["AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://localstack:4566"],
    ["no_proxy", "169.254.170.23,.svc"],
    ["SPRING_CLOUD_AWS_REGION_STATIC", "us-west-2"],
  ])("keeps the value of %s", (name, value) => {
    expect(factsOf([{ name, value }])).toEqual([{ name, value, from: "literal" }]);
  });

  it("redacts the password in a proxy's address", () => {
    const [proxy] = factsOf([
      { name: "HTTPS_PROXY", value: `http://carts:${"hunter2".repeat(2)}@proxy:3128` },
    ]);

    expect(proxy?.value).not.toContain("hunter2");
    expect(proxy?.value).toContain("@proxy:3128");
  });

  it("leaves out what does not concern AWS, and never has a value from elsewhere", () => {
    expect(
      factsOf([
        { name: "DATABASE_URL", value: "postgres://u:p@db/carts" },
        { name: "AWS_ACCESS_KEY_ID", valueFrom: { secretKeyRef: { name: "keys", key: "id" } } },
        { name: "AWS_REGION", valueFrom: { configMapKeyRef: { name: "settings", key: "region" } } },
        { name: "AWS_ROLE_SESSION_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      ]),
    ).toEqual([
      { name: "AWS_ACCESS_KEY_ID", value: null, from: "secret" },
      { name: "AWS_REGION", value: null, from: "config-map" },
      { name: "AWS_ROLE_SESSION_NAME", value: null, from: "field" },
    ]);
  });
});

describe("pods", () => {
  it("fills in what the API server defaults, and takes empty lists that are null", () => {
    const facts = podFacts(pod({ spec: { initContainers: null, volumes: null }, status: {} }));

    expect(facts).toMatchObject({
      serviceAccountName: "default",
      hostNetwork: false,
      phase: "Unknown",
      ready: false,
      nodeName: null,
      revision: null,
      tokenVolumes: [],
      statuses: [],
    });
  });

  it("names init containers first and tells the last start of a container that waits", () => {
    const facts = podFacts(
      pod({
        spec: { initContainers: [{ name: "migrate", image: "m:1" }] },
        status: {
          phase: "Running",
          containerStatuses: [
            {
              name: "carts",
              restartCount: 3,
              state: { waiting: { reason: "CrashLoopBackOff" } },
              lastState: {
                terminated: {
                  startedAt: "2026-01-01T01:00:00Z",
                  finishedAt: "2026-01-01T01:00:09Z",
                  exitCode: 137,
                },
              },
            },
          ],
        },
      }),
    );

    expect(facts.containers.map(({ name, init }) => [name, init])).toEqual([
      ["migrate", true],
      ["carts", false],
    ]);
    expect(facts.statuses).toEqual([
      {
        container: "carts",
        restartCount: 3,
        startedAt: "2026-01-01T01:00:00Z",
        waitingReason: "CrashLoopBackOff",
        lastRun: {
          startedAt: "2026-01-01T01:00:00Z",
          finishedAt: "2026-01-01T01:00:09Z",
          exitCode: 137,
        },
      },
    ]);
  });

  it("keeps no annotation that could hold anything", () => {
    const facts = podFacts(
      pod({
        metadata: {
          annotations: {
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z",
            "eks.amazonaws.com/skip-containers": "proxy",
          },
        },
      }),
    );

    expect(Object.keys(facts.annotations).sort()).toEqual([
      "eks.amazonaws.com/skip-containers",
      "kubectl.kubernetes.io/restartedAt",
    ]);
  });

  it("shows the broken, the newest and the oldest of many, at most the limit, each once", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 60 }),
        fc.integer({ min: 2, max: 20 }),
        (health, limit) => {
          const pods = health.map((ready, index) =>
            pod({
              metadata: { name: `p-${index}`, creationTimestamp: new Date(index * 60_000).toISOString() },
              status: { phase: "Running", conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
            }),
          );
          const names = choosePods(pods, limit).map((chosen) => chosen.metadata.name);

          expect(new Set(names).size).toBe(names.length);
          expect(names).toHaveLength(Math.min(limit, pods.length));
          const newestBroken = health.lastIndexOf(false);
          if (newestBroken >= 0) expect(names).toContain(`p-${newestBroken}`);
          const firstIndex = names.map((name) => Number(name.slice(2)));
          expect(firstIndex).toEqual([...firstIndex].sort((a, b) => b - a));
        },
      ),
    );
  });
});

describe("owners", () => {
  const owner = (patch: object) => managedBy(pod({ metadata: patch }).metadata);

  it.each([
    ["helm", { labels: { "app.kubernetes.io/managed-by": "Helm" } }],
    ["helm", { annotations: { "meta.helm.sh/release-name": "carts" } }],
    [
      "argocd",
      {
        labels: { "app.kubernetes.io/managed-by": "Helm" },
        annotations: { "argocd.argoproj.io/tracking-id": "carts:apps/Deployment:carts/carts" },
      },
    ],
    ["flux", { labels: { "kustomize.toolkit.fluxcd.io/name": "apps" } }],
    ["eksctl", { labels: { "app.kubernetes.io/managed-by": "eksctl" } }],
    ["terraform", { managedFields: [{ manager: "Terraform", time: "2026-01-01T00:00:00Z", fieldsV1: {} }] }],
    ["none", {}],
  ])("knows %s by its marks", (expected, patch) => {
    expect(owner(patch)).toBe(expected);
  });
});

describe("managedFields", () => {
  const path = ["f:metadata", "f:annotations", "f:eks.amazonaws.com/role-arn"];
  const fieldsV1 = { "f:metadata": { "f:annotations": { "f:eks.amazonaws.com/role-arn": {} } } };

  it("takes the latest write of the field and no other", () => {
    expect(
      lastWrite(
        [
          { manager: "helm", time: "2026-01-01T00:00:00Z", fieldsV1 },
          { manager: "kubectl", time: "2026-01-02T00:00:00Z", fieldsV1 },
          { manager: "other", time: "2026-01-03T00:00:00Z", fieldsV1: { "f:metadata": {} } },
        ],
        path,
      ),
    ).toEqual({ manager: "kubectl", at: "2026-01-02T00:00:00Z" });
  });

  it("knows nothing where nothing is recorded", () => {
    expect(lastWrite([{ manager: "helm", time: "2026-01-01T00:00:00Z", fieldsV1: null }], path)).toBeNull();
    expect(lastWrite([], path)).toBeNull();
  });
});

describe("the webhook", () => {
  it("reads the certificates of a bundle and passes over what is none", () => {
    const pem = Buffer.from(podIdentityCa, "base64").toString("latin1");
    const real = new X509Certificate(pem);
    const broken = "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";
    const facts = caBundleFacts(Buffer.from(broken + pem).toString("base64"));

    expect(facts).toMatchObject({
      status: "certificates",
      certificates: [{ sha256: real.fingerprint256.replaceAll(":", "").toLowerCase() }],
    });
  });

  it.each([
    [null, "empty"],
    ["", "empty"],
    [Buffer.from("no certificate").toString("base64"), "unreadable"],
    ["%%%", "unreadable"],
  ] as const)("%j is %s", (caBundle, status) => {
    expect(caBundleFacts(caBundle)).toEqual({ status });
  });

  const configuration = (name: string, ...entries: readonly string[]) =>
    webhookConfigurationSchema.parse({
      metadata: { ...metadata(), name },
      webhooks: entries.map((entry) => ({ name: entry, clientConfig: { url: "https://127.0.0.1/mutate" } })),
    });

  it.each([
    [["pod-identity-webhook", "iam-for-pods.amazonaws.com"], "pod-identity-webhook"],
    [["renamed", "iam-for-pods.amazonaws.com"], "renamed"],
    [["pod-identity-webhook", "pod-identity-webhook.amazonaws.com"], "pod-identity-webhook"],
    [["vpc-resource-mutating-webhook", "mpod.vpc.k8s.aws"], null],
  ] as const)("finds it in %j", ([name, entry], expected) => {
    const found = findIdentityWebhook([configuration("other", "x.example.com"), configuration(name, entry)]);

    expect(found?.configuration.metadata.name ?? null).toBe(expected);
  });
});

describe("nodes", () => {
  it.each([
    ["aws:///us-west-2a/i-0a1b2c3d4e5f60718", {}, "i-0a1b2c3d4e5f60718", "ec2"],
    [
      "aws:///us-west-2a/i-0a1b2c3d4e5f60718",
      { "eks.amazonaws.com/compute-type": "auto" },
      "i-0a1b2c3d4e5f60718",
      "auto",
    ],
    [
      "aws:///us-west-2a/0af/fargate-ip-10-0-0-1",
      { "eks.amazonaws.com/compute-type": "fargate" },
      null,
      "fargate",
    ],
    ["eks-hybrid:///us-west-2/c/mi-0123456789abcdef0", {}, "mi-0123456789abcdef0", "hybrid"],
    [undefined, {}, null, "ec2"],
  ] as const)("reads %s", (providerID, labels, instanceId, compute) => {
    const node = nodeSchema.parse({ metadata: metadata({ labels }), spec: { providerID } });

    expect(nodeFacts(node)).toMatchObject({ instanceId, compute });
  });
});

describe("label selectors", () => {
  const selector = (key: string, operator: string, values: readonly string[] = []) => ({
    matchLabels: {},
    matchExpressions: [{ key, operator, values }],
  });

  it.each([
    [selector("app", "In", ["carts"]), true],
    [selector("app", "NotIn", ["carts"]), false],
    [selector("tier", "NotIn", ["web"]), true],
    [selector("app", "Exists"), true],
    [selector("app", "DoesNotExist"), false],
    [{ matchLabels: { app: "ui" }, matchExpressions: [] }, false],
    [{ matchLabels: {}, matchExpressions: [] }, true],
    [selector("app", "Unheard"), false],
  ])("%j → %s", (given, expected) => {
    expect(selects(given, { app: "carts" })).toBe(expected);
  });
});

describe("which logs are read", () => {
  const facts = (statuses: readonly object[]) =>
    podFacts(pod({ status: { phase: "Running", containerStatuses: statuses } }));
  const running = { running: { startedAt: "2026-01-01T00:00:00Z" } };

  it.each([
    ["runs", [{ name: "carts", restartCount: 0, state: running }], [false], 0],
    ["was restarted", [{ name: "carts", restartCount: 2, state: running }], [false, true], 0],
    [
      "waits after a crash",
      [
        {
          name: "carts",
          restartCount: 2,
          state: { waiting: { reason: "CrashLoopBackOff" } },
          lastState: { terminated: { startedAt: "2026-01-01T00:00:00Z" } },
        },
      ],
      [false],
      0,
    ],
    [
      "never started",
      [{ name: "carts", restartCount: 0, state: { waiting: { reason: "ErrImagePull" } } }],
      [],
      1,
    ],
    ["has no status", [], [], 1],
  ])("a container that %s", (_, statuses, previous, notStarted) => {
    const plan = planReads([facts(statuses)], null);

    expect(plan.runs.map((run) => run.previous)).toEqual(previous);
    expect(plan.notStarted).toHaveLength(notStarted);
  });
});

describe("merging the errors of several logs", () => {
  const error = (patch: Partial<ScannedError>): ScannedError => ({
    kind: "access-denied",
    principalArn: null,
    principalKind: "unknown",
    action: "dynamodb:Query",
    missingAction: null,
    resource: null,
    denyLayer: null,
    policyArn: null,
    sdk: "java1",
    requestId: null,
    count: 1,
    firstSeen: null,
    lastSeen: null,
    excerpt: "",
    ...patch,
  });
  const log = (podName: string, errors: readonly ScannedError[]) => ({
    pod: podName,
    container: "carts",
    previous: false,
    lines: 1,
    errors,
    signs: [],
  });

  it("adds up counts, spans the times and keeps the newest request id", () => {
    const merged = mergeLogErrors([
      log("a", [error({ count: 2, firstSeen: "2026-01-01", lastSeen: "2026-01-04", requestId: "new" })]),
      log("b", [error({ count: 3, firstSeen: "2026-01-02", lastSeen: "2026-01-03", requestId: "old" })]),
      log("b", [error({ count: 1, action: "s3:PutObject" })]),
    ]);

    expect(merged).toMatchObject([
      {
        action: "dynamodb:Query",
        count: 5,
        firstSeen: "2026-01-01",
        lastSeen: "2026-01-04",
        requestId: "new",
        pods: ["a", "b"],
        containers: ["carts"],
      },
      { action: "s3:PutObject", count: 1, pods: ["b"] },
    ]);
  });

  it("gives the same list in whatever order the logs arrive", () => {
    const logs = ["a", "b", "c"].map((name, index) =>
      log(name, [error({ count: index + 1, lastSeen: `2026-01-0${index + 1}` }), error({ action: name })]),
    );

    expect(mergeLogErrors([...logs].reverse())).toEqual(mergeLogErrors(logs));
  });
});

describe("names", () => {
  it("measures as a metric does", () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });

  it("suggests what a person can have meant, nearest first", () => {
    expect(nearest("crats", ["payments", "charts", "carts"], 3)).toEqual(["carts", "charts"]);
    expect(nearest("carts", ["ui", "payments"], 3)).toEqual([]);
  });

  it("escapes names in paths, and spells permissions as kubectl does", () => {
    expect(pathFor(resources.pods, "a/b", "x?y", "log")).toBe("/api/v1/namespaces/a%2Fb/pods/x%3Fy/log");
    expect(pathFor(resources.deployments, null)).toBe("/apis/apps/v1/deployments");
    expect(permissionFor("get", resources.pods, "log")).toBe("get pods/log");
    expect(permissionFor("list", resources.deployments)).toBe("list deployments.apps");
  });
});
