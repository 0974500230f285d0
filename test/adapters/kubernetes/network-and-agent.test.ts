import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Fault } from "../../../sandbox/account/faults.ts";
import { type Sandbox, startSandbox } from "../../../sandbox/sandbox.ts";
import { legacyPodIdentityCa } from "../../../sandbox/stories/certificates.ts";
import { mutatingWebhook, workload } from "../../../sandbox/stories/manifests.ts";
import type { KubernetesCollectors } from "../../../src/adapters/kubernetes/create-collectors.ts";
import type { AgentFacts, Evidence } from "../../../src/core/evidence.ts";
import { collectorsOf, found, gatherAll, question } from "./sandboxed.ts";

let sandbox: Sandbox;
let evidence: Evidence;

beforeAll(async () => {
  sandbox = await startSandbox({ paceMs: 5, tickMs: 0 });
  evidence = await gatherAll(collectorsOf(sandbox), question("carts", "carts"));
});
afterAll(() => sandbox.close());
beforeEach(() => sandbox.clusters["eks-workshop"].cluster.faults.clear());

function collect<K extends keyof KubernetesCollectors>(
  kind: K,
  known: Evidence = evidence,
  namespace = "carts",
) {
  const context = {
    question: question(namespace, namespace),
    evidence: known,
    signal: AbortSignal.timeout(15_000),
  };
  return collectorsOf(sandbox)[kind].collect(context);
}

describe("what the namespace holds", () => {
  it("lists its ServiceAccounts with what concerns identity", async () => {
    const observation = await collect("k8s.service-accounts", {}, "reports");

    expect(observation).toMatchObject({
      status: "found",
      source: "k8s:serviceaccounts/reports",
      value: [
        { name: "default", annotations: {} },
        {
          name: "reports",
          annotations: {
            "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/eks-workshop-reports",
          },
        },
      ],
    });
  });

  it("lists its NetworkPolicies: destinations, ports, and what is not said", async () => {
    const { cluster } = sandbox.clusters["eks-workshop"];
    const policy = (name: string, spec: object) =>
      cluster.create({
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { name, namespace: "carts" },
        spec,
      });
    policy("a-deny-all", { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    policy("b-some", {
      podSelector: { matchLabels: { app: "carts" } },
      egress: [
        {
          to: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } }, { podSelector: {} }],
          ports: [{ port: "https" }, { protocol: "UDP", port: 53, endPort: 54 }],
        },
        {},
      ],
    });
    policy("c-ingress", { podSelector: {}, ingress: [] });

    expect(await collect("k8s.network-policies")).toMatchObject({
      status: "found",
      value: [
        { name: "a-deny-all", policyTypes: ["Ingress", "Egress"], egress: [] },
        {
          name: "b-some",
          policyTypes: ["Ingress", "Egress"],
          podSelector: { matchLabels: { app: "carts" } },
          egress: [
            {
              to: { ipBlocks: [{ cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] }], hasSelectors: true },
              ports: [
                { protocol: "TCP", port: "https", endPort: null },
                { protocol: "UDP", port: 53, endPort: 54 },
              ],
            },
            { to: null, ports: null },
          ],
        },
        { name: "c-ingress", policyTypes: ["Ingress"], egress: [] },
      ],
    });
    expect(await collect("k8s.network-policies", {}, "ui")).toMatchObject({ status: "found", value: [] });
  });
});

describe("webhooks", () => {
  it("lists the other webhooks for pods of this namespace", async () => {
    const { cluster } = sandbox.clusters["eks-workshop"];
    const elsewhere = mutatingWebhook({
      configuration: "z-elsewhere",
      entry: "elsewhere.example.com",
      caBundle: legacyPodIdentityCa,
      clientConfig: { url: "https://127.0.0.1:1/mutate" },
      failurePolicy: "Ignore",
    });
    const [entry] = elsewhere["webhooks"] as Record<string, unknown>[];
    cluster.create({
      ...elsewhere,
      webhooks: [
        { ...entry, namespaceSelector: { matchLabels: { team: "none" } } },
        {
          ...entry,
          name: "secrets.example.com",
          rules: [{ apiGroups: [""], operations: ["*"], resources: ["secrets"] }],
        },
        { ...entry, name: "all.example.com", reinvocationPolicy: undefined },
      ],
    });

    expect(await collect("k8s.other-webhooks")).toMatchObject({
      status: "found",
      value: [
        {
          configuration: "vpc-resource-mutating-webhook",
          entry: "mpod.vpc.k8s.aws",
          reinvocationPolicy: "IfNeeded",
        },
        { configuration: "z-elsewhere", entry: "all.example.com", reinvocationPolicy: "Never" },
      ],
    });
  });

  it("counts who answers behind a self-hosted webhook, and says absent of EKS's own", async () => {
    expect(await collect("k8s.webhook-endpoints")).toMatchObject({ status: "absent" });
    const webhook = found(evidence, "k8s.webhook");
    const selfHosted: Evidence = {
      "k8s.webhook": {
        status: "found",
        source: "test",
        at: "2026-01-02T03:04:05Z",
        value: { ...webhook, clientConfig: { url: null, service: "kube-system/webhook/mutate" } },
      },
    };
    expect(await collect("k8s.webhook-endpoints", selfHosted)).toMatchObject({
      status: "found",
      value: { service: "kube-system/webhook", exists: false, ready: 0, notReady: 0 },
    });
    const { cluster } = sandbox.clusters["eks-workshop"];
    cluster.create({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "webhook", namespace: "kube-system" },
    });
    cluster.create({
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: "webhook-1",
        namespace: "kube-system",
        labels: { "kubernetes.io/service-name": "webhook" },
      },
      addressType: "IPv4",
      endpoints: [{ conditions: { ready: true } }, { conditions: { ready: false } }, {}],
    });
    expect(await collect("k8s.webhook-endpoints", selfHosted)).toMatchObject({
      value: { exists: true, ready: 2, notReady: 1 },
    });
  });
});

describe("the nodes' own", () => {
  it("reads the VPC CNI's settings, with their defaults", async () => {
    const { cluster } = sandbox.clusters["eks-workshop"];
    expect(await collect("k8s.vpc-cni")).toMatchObject({
      status: "found",
      value: { podEni: false, podSecurityGroupEnforcingMode: "strict" },
    });
    cluster.store.update("daemonsets.apps", "kube-system", "aws-node", { manager: "eks" }, (draft) => {
      const spec = draft["spec"] as { template: { spec: { containers: { env?: object[] }[] } } };
      const [container] = spec.template.spec.containers;
      if (container !== undefined) {
        container.env = [
          { name: "ENABLE_POD_ENI", value: "true" },
          { name: "POD_SECURITY_GROUP_ENFORCING_MODE", value: "standard" },
        ];
      }
      return draft;
    });
    expect(await collect("k8s.vpc-cni")).toMatchObject({
      value: { podEni: true, podSecurityGroupEnforcingMode: "standard" },
    });
  });

  it("finds in the agents' logs what they say of this workload's pods", async () => {
    const { cluster } = sandbox.clusters["eks-workshop"];
    const [pod] = found(evidence, "k8s.pods").pods;
    const agents = found(evidence, "k8s.agent").pods;
    const agent = agents.find(({ nodeName }) => nodeName === pod?.nodeName);
    const agentPod = cluster.store.get("pods", "kube-system", agent?.name ?? "");
    if (pod === undefined || agentPod === undefined) throw new Error("carts has no pod with an agent");
    const log = cluster.kubelet.log(agentPod as never, "eks-pod-identity-agent");
    const say = (address: string | null) =>
      log?.append(cluster.now(), [
        JSON.stringify({
          ...(address === null ? {} : { "client-addr": `${address}:40112` }),
          level: "error",
          msg: "Error fetching credentials: dial tcp: lookup eks-auth.us-west-2.api.aws: no such host",
        }),
      ]);
    say(pod.podIp);
    say(pod.podIp);
    say("10.9.9.9");

    const observation = await collect("k8s.agent-logs");
    expect(observation).toMatchObject({
      status: "found",
      value: {
        read: agents.map(({ name, nodeName }) => ({ pod: name, nodeName, previous: false })),
        unread: [],
        errors: [
          {
            kind: "eks-auth-unreachable",
            agentPod: agent?.name,
            clientIp: pod.podIp,
            count: 2,
            nodeName: pod.nodeName,
          },
        ],
      },
    });
  });

  it("finds agents of every DaemonSet, as hybrid nodes have their own", async () => {
    const { cluster } = sandbox.clusters["eks-workshop"];
    const [regular] = found(evidence, "k8s.agent").pods;
    cluster.create(
      workload({
        kind: "DaemonSet",
        namespace: "kube-system",
        name: "eks-pod-identity-agent-hybrid",
        container: "eks-pod-identity-agent",
        image: "public.ecr.aws/eks/agent:1",
        nodeSelector: { "eks.amazonaws.com/nodegroup": "default" },
      }),
    );
    cluster.settle();
    const nodeName = regular?.nodeName ?? "";
    const observation = await collect("k8s.agent");

    if (observation.status !== "found") throw new Error(JSON.stringify(observation));
    const { pods, daemonSet } = observation.value as AgentFacts;
    expect(daemonSet?.desired).toBe(4);
    const here = pods.filter((pod) => pod.nodeName === nodeName).map(({ name }) => name);
    expect(here).toHaveLength(2);
    expect(here).toEqual(expect.arrayContaining([regular?.name, expect.stringContaining("-hybrid-")]));
  });

  it("says absent where there is no agent", async () => {
    const absent = { status: "absent", source: "k8s:daemonsets", at: "2026-01-02T03:04:05Z" } as const;

    expect(await collect("k8s.agent-logs", { ...evidence, "k8s.agent": absent })).toEqual(absent);
  });
});

const calls = [
  ["k8s.service-accounts", "k8s:list/serviceaccounts"],
  ["k8s.network-policies", "k8s:list/networkpolicies"],
  ["k8s.other-webhooks", "k8s:list/mutatingwebhookconfigurations"],
  ["k8s.other-webhooks", "k8s:get/namespaces"],
  ["k8s.vpc-cni", "k8s:get/daemonsets"],
  ["k8s.agent-logs", "k8s:get/pods/log"],
] as const;

const faults: readonly (readonly [Fault, string])[] = [
  ["throttled", "throttled"],
  ["server-error", "error"],
];

describe.each(calls)("%s by %s", (kind, call) => {
  it.each(faults)("tells %s apart from nothing", async (fault, reason) => {
    sandbox.clusters["eks-workshop"].cluster.faults.set(call, fault);

    expect(await collect(kind)).toMatchObject({ status: "unavailable", reason });
  });
});
