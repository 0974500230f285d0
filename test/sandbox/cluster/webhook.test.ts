import { describe, expect, test } from "vitest";
import type { KubeObject, Pod } from "../../../sandbox/cluster/objects.ts";
import { injectIdentity, type WebhookFacts, webhookRuns } from "../../../sandbox/cluster/webhook.ts";
import { podIdentityWebhook } from "../../../sandbox/stories/manifests.ts";

const roleArn = "arn:aws:iam::111122223333:role/carts";
const irsa: WebhookFacts = {
  region: "us-west-2",
  hasAssociation: false,
  annotations: { "eks.amazonaws.com/role-arn": roleArn },
};
const podIdentity: WebhookFacts = { region: "us-west-2", hasAssociation: true, annotations: {} };

type Env = Record<string, string>;

function pod(
  containers: readonly { name: string; env?: Env }[],
  metadata: Partial<Pod["metadata"]> = {},
  init: string[] = [],
): Pod {
  const container = ({ name, env = {} }: { name: string; env?: Env }) => ({
    name,
    image: "app:1",
    env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
  });
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "p",
      uid: "u",
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...metadata,
    },
    spec: {
      containers: containers.map(container),
      ...(init.length === 0 ? {} : { initContainers: init.map((name) => container({ name })) }),
    },
    status: { phase: "Pending" },
  };
}

function names(result: Pod, index = 0): string[] {
  return (result.spec.containers[index]?.env ?? []).map((variable) => variable.name).sort();
}

const region = ["AWS_DEFAULT_REGION", "AWS_REGION", "AWS_STS_REGIONAL_ENDPOINTS"];
const irsaPair = ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"];
const podIdentityPair = ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];

describe("what a container is given", () => {
  const cases: readonly { name: string; facts: WebhookFacts; env?: Env; expected: string[] }[] = [
    { name: "an association", facts: podIdentity, expected: [...podIdentityPair, ...region] },
    { name: "an annotation", facts: irsa, expected: [...region, ...irsaPair] },
    {
      name: "both: the association wins and the annotation is ignored",
      facts: { ...irsa, hasAssociation: true },
      expected: [...podIdentityPair, ...region],
    },
    { name: "neither", facts: { ...irsa, annotations: {} }, expected: [] },
    {
      name: "a service account the webhook has not seen",
      facts: { ...irsa, annotations: null },
      expected: [],
    },
    {
      name: "half the pair by hand suppresses both",
      facts: irsa,
      env: { AWS_ROLE_ARN: "x" },
      expected: ["AWS_DEFAULT_REGION", "AWS_REGION", "AWS_ROLE_ARN", "AWS_STS_REGIONAL_ENDPOINTS"],
    },
    {
      name: "the other mechanism's variable by hand suppresses nothing",
      facts: podIdentity,
      env: { AWS_ROLE_ARN: "x" },
      expected: [
        ...podIdentityPair,
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_ROLE_ARN",
        "AWS_STS_REGIONAL_ENDPOINTS",
      ],
    },
    {
      name: "a Region of its own is kept",
      facts: irsa,
      env: { AWS_REGION: "eu-west-1" },
      expected: ["AWS_REGION", "AWS_STS_REGIONAL_ENDPOINTS", ...irsaPair].sort(),
    },
    {
      name: "a malformed ARN is injected all the same",
      facts: { ...irsa, annotations: { "eks.amazonaws.com/role-arn": "arn:aws:iam::nonsense" } },
      expected: [...region, ...irsaPair],
    },
  ];

  test.each(cases)("$name", ({ facts, env = {}, expected }) => {
    const result = injectIdentity(pod([{ name: "app", env }]), facts);

    expect(names(result)).toEqual([...expected].sort());
  });
});

test("the token is a projected volume with the mechanism's audience, mounted in every container and init container", () => {
  const result = injectIdentity(pod([{ name: "app" }, { name: "proxy" }], {}, ["migrate"]), podIdentity);

  expect(result.spec.volumes).toMatchObject([
    {
      name: "eks-pod-identity-token",
      projected: { sources: [{ serviceAccountToken: { audience: "pods.eks.amazonaws.com" } }] },
    },
  ]);
  const all = [...result.spec.containers, ...(result.spec.initContainers ?? [])];
  expect(all.map((container) => container.volumeMounts?.[0]?.name)).toEqual(
    Array(3).fill("eks-pod-identity-token"),
  );
  expect(result.metadata.labels).toEqual({ "eks.amazonaws.com/pod-identity": "enabled" });
});

test("the audience of an annotated service account can be its own", () => {
  const facts = { ...irsa, annotations: { ...irsa.annotations, "eks.amazonaws.com/audience": "custom" } };

  const result = injectIdentity(pod([{ name: "app" }]), facts);

  expect(result.spec.volumes).toMatchObject([
    { name: "aws-iam-token", projected: { sources: [{ serviceAccountToken: { audience: "custom" } }] } },
  ]);
  expect(result.metadata.labels).toBeUndefined();
});

test.each([
  ["a list of containers", "proxy, other", [5, 0]],
  ["a malformed list skips nothing", 'proxy,"oth', [5, 5]],
])("skip-containers: %s", (_, annotation, expected) => {
  const given = pod([{ name: "app" }, { name: "proxy" }], {
    annotations: { "eks.amazonaws.com/skip-containers": annotation },
  });

  const result = injectIdentity(given, irsa);

  expect([names(result, 0).length, names(result, 1).length]).toEqual(expected);
});

describe("whether the API server reaches the webhook", () => {
  const configuration = podIdentityWebhook("dHJ1ZQ==") as KubeObject;
  const namespace = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { labels: { team: "a" } },
  } as unknown as KubeObject;
  const entry = (change: Record<string, unknown>): KubeObject => ({
    ...configuration,
    webhooks: [{ ...(configuration["webhooks"] as object[])[0], ...change }],
  });

  test.each([
    { name: "as EKS installs it", configuration, runs: true },
    { name: "no configuration", configuration: undefined, runs: false },
    {
      name: "another caBundle",
      configuration: entry({ clientConfig: { caBundle: "b3RoZXI=" } }),
      runs: false,
    },
    {
      name: "a namespaceSelector that matches",
      configuration: entry({ namespaceSelector: { matchLabels: { team: "a" } } }),
      runs: true,
    },
    {
      name: "one that does not",
      configuration: entry({ namespaceSelector: { matchLabels: { team: "b" } } }),
      runs: false,
    },
    {
      name: "rules for updates only",
      configuration: entry({ rules: [{ operations: ["UPDATE"], resources: ["pods"] }] }),
      runs: false,
    },
  ])("$name", ({ configuration: given, runs }) => {
    expect(webhookRuns(given, "dHJ1ZQ==", namespace, pod([{ name: "app" }]))).toBe(runs);
  });

  test("a pod with the label that keeps it out", () => {
    const given = pod([{ name: "app" }], { labels: { "eks.amazonaws.com/skip-pod-identity-webhook": "" } });

    expect(webhookRuns(configuration, "dHJ1ZQ==", namespace, given)).toBe(false);
  });
});
