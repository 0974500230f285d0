import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Sandbox, startSandbox } from "../../../sandbox/sandbox.ts";
import { nearestNamespaces, resolveWorkload } from "../../../src/adapters/kubernetes/resolve.ts";
import { listWorkloads } from "../../../src/adapters/kubernetes/workload-facts.ts";
import { clock, collectorsOf, connect, found, gatherAll, question } from "./sandboxed.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ paceMs: 5, tickMs: 0 });
});
afterAll(() => sandbox.close());
beforeEach(() => {
  for (const { cluster } of Object.values(sandbox.clusters)) cluster.faults.clear();
});

const never = () => new AbortController().signal;

describe("carts: no identity", () => {
  it("finds the workload, its pods and their nodes", async () => {
    const evidence = await gatherAll(collectorsOf(sandbox), question("carts", "carts"));

    expect(found(evidence, "k8s.workload")).toMatchObject({
      kind: "Deployment",
      replicas: 2,
      managedBy: "none",
      restartMark: null,
      template: { serviceAccountName: "carts", hostNetwork: false },
    });
    const { pods, total } = found(evidence, "k8s.pods");
    expect(total).toBe(2);
    expect(pods).toHaveLength(2);
    expect(pods[0]).toMatchObject({ phase: "Running", ready: true, tokenVolumes: [] });
    expect(pods[0]?.revision).toMatch(/^[a-z0-9]+$/);
    expect(pods[0]?.containers.map(({ name }) => name)).toEqual(["carts"]);
    const nodes = found(evidence, "k8s.nodes");
    expect(new Set(pods.map(({ nodeName }) => nodeName))).toEqual(new Set(nodes.map(({ name }) => name)));
    for (const node of nodes) {
      expect(node).toMatchObject({ nodegroup: "default", compute: "ec2", os: "linux" });
      expect(node.instanceId).toMatch(/^i-[0-9a-f]{17}$/);
    }
  });

  it("keeps only variables that concern AWS", async () => {
    const evidence = await gatherAll(collectorsOf(sandbox), question("carts", "carts"));

    const names = found(evidence, "k8s.workload").template.containers.flatMap(({ env }) =>
      env.map(({ name }) => name),
    );
    expect(names).toEqual([]);
  });

  it("finds the plain ServiceAccount, the webhook, the agent and the budget", async () => {
    const evidence = await gatherAll(collectorsOf(sandbox), question("carts", "carts"));

    expect(evidence["k8s.service-account"]).toMatchObject({
      status: "found",
      source: "k8s:serviceaccounts/carts/carts",
      at: clock(),
      value: { annotations: {}, roleAnnotationChangedAt: null, managedBy: "none" },
    });
    expect(found(evidence, "k8s.webhook")).toMatchObject({
      configuration: "pod-identity-webhook",
      entry: "iam-for-pods.amazonaws.com",
      clientConfig: { url: "https://127.0.0.1:23443/mutate", service: null },
      failurePolicy: "Ignore",
      caBundle: { status: "certificates" },
      namespaceLabels: { "kubernetes.io/metadata.name": "carts" },
    });
    const agent = found(evidence, "k8s.agent");
    expect(agent.daemonSet).toMatchObject({ desired: 4, ready: 4 });
    expect(agent.daemonSet?.image).toContain("eks-pod-identity-agent");
    expect(new Set(agent.pods.map(({ nodeName }) => nodeName))).toEqual(
      new Set(found(evidence, "k8s.nodes").map(({ name }) => name)),
    );
    expect(agent.pods.every(({ ready, waitingReason }) => ready && waitingReason === null)).toBe(true);
    expect(found(evidence, "k8s.sharing")).toEqual({
      workloads: [],
      disruptionBudgets: [{ name: "carts", disruptionsAllowed: 1 }],
    });
  });

  it("counts the denial of the node's role over all pods, without keeping the log", async () => {
    const evidence = await gatherAll(collectorsOf(sandbox), question("carts", "carts"));

    const logs = found(evidence, "logs.errors");
    const pods = found(evidence, "k8s.pods").pods.map(({ name }) => name);
    const denial = logs.errors.find(({ kind }) => kind === "access-denied");
    expect(denial).toMatchObject({
      action: "dynamodb:Query",
      principalKind: "node-role",
      denyLayer: "identity-based",
      containers: ["carts"],
    });
    expect(logs.errors.flatMap((error) => error.pods)).toEqual(expect.arrayContaining(pods));
    expect(logs.read.map(({ pod }) => pod).sort()).toEqual([...pods].sort());
    expect(logs.read.every(({ lines, truncated }) => lines > 0 && !truncated)).toBe(true);
    expect(logs.unread).toEqual([]);
    const counted = logs.errors.reduce((sum, { count }) => sum + count, 0);
    expect(counted).toBeGreaterThan(1);
    expect(Date.parse(denial?.firstSeen ?? "")).toBeLessThan(Date.parse(denial?.lastSeen ?? ""));
    expect((denial?.excerpt ?? "").length).toBeLessThan(2_000);
  });
});

describe("the other stories", () => {
  it("reports: the role annotation, its time and its owner", async () => {
    const evidence = await gatherAll(collectorsOf(sandbox), question("reports", "reports"));

    const serviceAccount = found(evidence, "k8s.service-account");
    expect(serviceAccount.annotations).toEqual({
      "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/eks-workshop-reports",
    });
    expect(serviceAccount.roleAnnotationChangedAt).toBe(serviceAccount.createdAt);
    const [pod] = found(evidence, "k8s.pods").pods;
    expect(pod?.tokenVolumes).toEqual([{ name: "aws-iam-token", audience: "sts.amazonaws.com" }]);
    expect(pod?.containers[0]?.env).toEqual(
      expect.arrayContaining([
        {
          name: "AWS_ROLE_ARN",
          value: "arn:aws:iam::111122223333:role/eks-workshop-reports",
          from: "literal",
        },
        {
          name: "AWS_WEB_IDENTITY_TOKEN_FILE",
          value: "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
          from: "literal",
        },
      ]),
    );
  });

  it("checkout: Pod Identity's variables, volume and mount, in every container", async () => {
    const evidence = await gatherAll(collectorsOf(sandbox), question("checkout", "checkout"));

    const [pod] = found(evidence, "k8s.pods").pods;
    expect(pod?.tokenVolumes).toEqual([
      { name: "eks-pod-identity-token", audience: "pods.eks.amazonaws.com" },
    ]);
    for (const container of pod?.containers ?? []) {
      expect(container.env.map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          "AWS_CONTAINER_CREDENTIALS_FULL_URI",
          "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        ]),
      );
    }
    expect(found(evidence, "logs.errors").errors).toEqual([]);
    expect(found(evidence, "logs.errors").read.map(({ container }) => container)).toContain("proxy");
  });

  it("reads only the asked container's log", async () => {
    const asked = question("checkout", "checkout", { container: "proxy" });
    const evidence = await gatherAll(collectorsOf(sandbox), asked);

    expect(new Set(found(evidence, "logs.errors").read.map(({ container }) => container))).toEqual(
      new Set(["proxy"]),
    );
  });

  it("payments: who changed the caBundle and when, and that nothing was injected since", async () => {
    const evidence = await gatherAll(collectorsOf(sandbox, "eks-legacy"), question("payments", "payments"));

    const webhook = found(evidence, "k8s.webhook");
    expect(webhook.caBundleChanged?.manager).toBe("kubectl-edit");
    const subjects = webhook.caBundle.status === "certificates" ? webhook.caBundle.certificates : [];
    expect(subjects).toHaveLength(1);
    expect(subjects[0]?.sha256).toMatch(/^[0-9a-f]{64}$/);
    const census = found(evidence, "k8s.injection-census");
    const changedAt = Date.parse(webhook.caBundleChanged?.at ?? "");
    expect(Date.parse(census.newestInjectedAt ?? "")).toBeLessThan(changedAt);
    expect(census).toMatchObject({ injected: 2, notInjected: 2, complete: true });
    expect(census.notInjectedPods.map(({ namespace }) => namespace)).toEqual(["payments", "payments"]);
    for (const { createdAt } of census.notInjectedPods) {
      expect(Date.parse(createdAt)).toBeGreaterThan(changedAt);
    }
    expect(evidence["k8s.agent"]).toMatchObject({ status: "absent" });
  });

  it("ledger: a StatefulSet and its pods", async () => {
    const asked = question("ledger", "ledger", { kind: "StatefulSet" });
    const evidence = await gatherAll(collectorsOf(sandbox, "eks-legacy"), asked);

    expect(found(evidence, "k8s.workload")).toMatchObject({ kind: "StatefulSet", replicas: 2 });
    expect(found(evidence, "k8s.pods").total).toBe(2);
  });

  it("counts an association's pods once it is known", async () => {
    const collectors = collectorsOf(sandbox);
    const pods = found(await gatherAll(collectors, question("carts", "carts")), "k8s.pods").pods;
    const created = Date.parse(pods[0]?.createdAt ?? "");
    const association = (createdAt: number) => ({
      status: "found" as const,
      source: "eks:DescribePodIdentityAssociation",
      at: clock(),
      value: {
        associationId: "a-1",
        associationArn: "arn:aws:eks:us-west-2:111122223333:podidentityassociation/eks-workshop/a-1",
        cluster: "eks-workshop",
        namespace: "carts",
        serviceAccount: "carts",
        roleArn: "arn:aws:iam::111122223333:role/carts",
        targetRoleArn: null,
        externalId: null,
        disableSessionTags: false,
        sessionPolicy: null,
        ownerArn: null,
        createdAt: new Date(createdAt).toISOString(),
        modifiedAt: new Date(createdAt).toISOString(),
      },
    });
    const count = async (createdAt: number) => {
      const observation = await collectors["k8s.injection-census"].collect({
        question: question("carts", "carts"),
        evidence: { "eks.association": association(createdAt) },
        signal: never(),
      });
      return observation.status === "found" ? observation.value.notInjected : null;
    };

    expect(await count(created - 3_600_000)).toBe(2);
    expect(await count(created + 3_600_000)).toBe(0);
  });
});

describe("kinds of workload", () => {
  it("follows owners from a CronJob over its Jobs to the pods, and takes bare pods by themselves", async () => {
    const { cluster } = sandbox.clusters["eks-workshop"];
    const spec = { containers: [{ name: "main", image: "public.ecr.aws/docker/library/busybox:1.36" }] };
    cluster.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "batch" } });
    const cronJob = cluster.create({
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "nightly", namespace: "batch" },
      spec: { schedule: "0 3 * * *", jobTemplate: { spec: { template: { spec } } } },
    });
    const ownedBy = (kind: string, owner: { metadata: { name: string; uid: string } }) => [
      { apiVersion: "batch/v1", kind, name: owner.metadata.name, uid: owner.metadata.uid, controller: true },
    ];
    const job = cluster.create({
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "nightly-1", namespace: "batch", ownerReferences: ownedBy("CronJob", cronJob) },
      spec: { parallelism: 2, template: { spec } },
    });
    cluster.create({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "nightly-1-abcde", namespace: "batch", ownerReferences: ownedBy("Job", job) },
      spec,
    });
    cluster.create({ apiVersion: "v1", kind: "Pod", metadata: { name: "debug", namespace: "batch" }, spec });
    const collectors = collectorsOf(sandbox);
    const podsOf = async (name: string, kind: "CronJob" | "Job" | "Pod") => {
      const evidence = await gatherAll(collectors, question("batch", name, { kind }));
      return found(evidence, "k8s.pods").pods.map((pod) => pod.name);
    };

    expect(await podsOf("nightly", "CronJob")).toEqual(["nightly-1-abcde"]);
    expect(await podsOf("nightly-1", "Job")).toEqual(["nightly-1-abcde"]);
    expect(await podsOf("debug", "Pod")).toEqual(["debug"]);
    const listed = await listWorkloads(connect(sandbox).client, clock, "batch", never());
    expect(listed).toMatchObject({
      status: "found",
      value: [
        { kind: "Pod", name: "debug", replicas: null },
        { kind: "CronJob", name: "nightly", replicas: null },
      ],
    });
    const sharing = await gatherAll(collectors, question("batch", "nightly", { kind: "CronJob" }));
    expect(found(sharing, "k8s.sharing").workloads.map(({ name }) => name)).toEqual(["debug"]);
  });
});

describe("absent and unavailable", () => {
  it("says absent of what is not there", async () => {
    const evidence = await gatherAll(collectorsOf(sandbox), question("carts", "gone"));

    expect(evidence["k8s.workload"]).toMatchObject({
      status: "absent",
      source: "k8s:deployments/carts/gone",
    });
    for (const kind of ["k8s.pods", "k8s.service-account", "k8s.nodes", "logs.errors"] as const) {
      expect(evidence[kind]?.status).toBe("absent");
    }
    expect(evidence["k8s.agent"]?.status).toBe("found");
  });

  it.each([
    ["throttled", "throttled"],
    ["server-error", "error"],
    ["malformed", "error"],
  ] as const)("tells %s apart from nothing", async (fault, reason) => {
    const { cluster } = sandbox.clusters["eks-workshop"];
    cluster.faults.set("k8s:list/pods", fault);
    const evidence = await gatherAll(collectorsOf(sandbox), question("carts", "carts"));

    expect(evidence["k8s.pods"]).toMatchObject({ status: "unavailable", reason });
    expect(evidence["k8s.nodes"]).toMatchObject({ status: "unavailable", reason });
    expect(evidence["k8s.injection-census"]).toMatchObject({ status: "unavailable", reason });
    expect(evidence["k8s.workload"]?.status).toBe("found");
  });

  it("counts an API server that does not answer as timed out", async () => {
    sandbox.clusters["eks-workshop"].cluster.faults.set("k8s:get/deployments", "hang");
    const collector = collectorsOf(sandbox)["k8s.workload"];
    const observation = await collector.collect({
      question: question("carts", "carts"),
      evidence: {},
      signal: AbortSignal.timeout(100),
    });

    expect(observation).toMatchObject({ status: "unavailable", reason: "timeout" });
  });

  it("reads the other logs where one does not come, and says so", async () => {
    const collectors = collectorsOf(sandbox);
    const asked = question("carts", "carts");
    const evidence = await gatherAll(collectors, asked);
    sandbox.clusters["eks-workshop"].cluster.faults.set("k8s:get/pods/log", "throttled", 1);
    const logs = await collectors["logs.errors"].collect({ question: asked, evidence, signal: never() });

    const { read, unread } = found({ "logs.errors": logs }, "logs.errors");
    expect(read).toHaveLength(1);
    expect(unread).toEqual([expect.objectContaining({ reason: expect.stringContaining("429") })]);
  });

  it("counts logs of which none came in time as timed out", async () => {
    const evidence = await gatherAll(collectorsOf(sandbox), question("carts", "carts"));
    sandbox.clusters["eks-workshop"].cluster.faults.set("k8s:get/pods/log", "hang");
    const observation = await collectorsOf(sandbox)["logs.errors"].collect({
      question: question("carts", "carts"),
      evidence,
      signal: AbortSignal.timeout(100),
    });

    expect(observation).toMatchObject({ status: "unavailable", reason: "timeout" });
  });

  it("counts an address where nobody listens as an error", async () => {
    const kubeconfig = sandbox
      .kubeconfig("investigator")
      .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, "http://127.0.0.1:1");
    const client = connect({ ...sandbox, kubeconfig: () => kubeconfig } as Sandbox).client;
    const listed = await listWorkloads(client, clock, null, never());

    expect(listed).toMatchObject({ status: "unavailable", reason: "error" });
  });

  it("does not take another server's 404 for the API server's word", async () => {
    const kubeconfig = sandbox
      .kubeconfig("investigator")
      .replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, sandbox.awsUrl);
    const client = connect({ ...sandbox, kubeconfig: () => kubeconfig } as Sandbox).client;
    const resolved = await resolveWorkload(client, question("carts", "carts"), never());

    expect(resolved).toMatchObject({ ok: false, error: { type: "unavailable" } });
  });

  it("reads the newest lines of a log that is larger than its limit", async () => {
    const { cluster } = sandbox.clusters["eks-workshop"];
    const evidence = await gatherAll(collectorsOf(sandbox), question("ui", "ui"));
    const [pod] = found(evidence, "k8s.pods").pods;
    const [container] = pod?.containers ?? [];
    const stored = cluster.store.get("pods", "ui", pod?.name ?? "");
    if (pod === undefined || container === undefined || stored === undefined)
      throw new Error("ui has no pod");
    const log = cluster.kubelet.log(stored as never, container.name);
    const padding = "x".repeat(4_096);
    log?.append(cluster.now(), [
      ...Array.from({ length: 5_000 }, () => padding),
      "Unable to locate credentials. You can configure credentials by running aws configure.",
    ]);
    const observation = await collectorsOf(sandbox)["logs.errors"].collect({
      question: question("ui", "ui"),
      evidence: {
        "k8s.pods": { status: "found", source: "test", at: clock(), value: { pods: [pod], total: 1 } },
      },
      signal: never(),
    });

    const { read, errors } = found({ "logs.errors": observation }, "logs.errors");
    expect(read).toMatchObject([{ truncated: true }]);
    expect(errors).toMatchObject([{ kind: "no-credentials", count: 1 }]);
  });

  it("tells a container that has not started as unread, and reads the others", async () => {
    const pods = found(await gatherAll(collectorsOf(sandbox), question("carts", "carts")), "k8s.pods");
    const [first, ...rest] = pods.pods;
    if (first === undefined) throw new Error("carts has no pods");
    const waiting = {
      ...first,
      statuses: [{ container: "carts", restartCount: 0, startedAt: null, waitingReason: "ImagePullBackOff" }],
    };
    const observation = await collectorsOf(sandbox)["logs.errors"].collect({
      question: question("carts", "carts"),
      evidence: {
        "k8s.pods": {
          status: "found",
          value: { pods: [waiting, ...rest], total: 2 },
          source: "k8s:pods/carts",
          at: clock(),
        },
      },
      signal: never(),
    });

    expect(observation).toMatchObject({
      status: "found",
      value: {
        unread: [{ pod: first.name, container: "carts", reason: "not started: ImagePullBackOff" }],
        read: [{ pod: rest[0]?.name }],
      },
    });
  });
});

describe("resolving and listing", () => {
  it("fills in the kind, whichever exists", async () => {
    const { client } = connect(sandbox);
    const asked = question("carts", "carts", { kind: null });

    expect(await resolveWorkload(client, asked, never())).toEqual({
      ok: true,
      value: { ...asked, kind: "Deployment" },
    });
  });

  it("suggests near names, also where the namespace is the slip", async () => {
    const { client } = connect(sandbox);

    expect(await resolveWorkload(client, question("carts", "crats", { kind: null }), never())).toMatchObject({
      ok: false,
      error: { type: "not-found", nearest: ["carts/carts"] },
    });
    const elsewhere = await resolveWorkload(client, question("cart", "carts", { kind: null }), never());
    expect(elsewhere).toMatchObject({ ok: false, error: { type: "no-namespace", nearest: ["carts/carts"] } });
    const otherKind = await resolveWorkload(client, question("carts", "carts", { kind: "Job" }), never());
    expect(otherKind).toMatchObject({
      error: { type: "not-found", nearest: ["carts/carts (Deployment)"], unread: [] },
    });
  });

  it("says absent of a namespace that is not there, and names those like it", async () => {
    const { client } = connect(sandbox);

    expect(await listWorkloads(client, clock, "cart", never())).toMatchObject({
      status: "absent",
      source: "k8s:namespaces/cart",
    });
    expect((await nearestNamespaces(client, "cart", never()))[0]).toBe("carts");
    sandbox.clusters["eks-workshop"].cluster.faults.set("k8s:get/namespaces", "throttled");
    expect(await listWorkloads(client, clock, "cart", never())).toMatchObject({
      status: "unavailable",
      reason: "throttled",
    });
    expect(await listWorkloads(client, clock, "carts", never())).toMatchObject({ status: "found" });
  });

  it("lists the kinds where several exist", async () => {
    const { cluster } = sandbox.clusters["eks-workshop"];
    cluster.create({
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: { name: "ui", namespace: "ui" },
      spec: { schedule: "* * * * *", jobTemplate: { spec: { template: { spec: { containers: [] } } } } },
    });

    expect(
      await resolveWorkload(connect(sandbox).client, question("ui", "ui", { kind: null }), never()),
    ).toEqual({ ok: false, error: { type: "ambiguous", kinds: ["Deployment", "CronJob"] } });
  });

  it("lists the whole cluster, kube-system included, and without what others own", async () => {
    const listed = await listWorkloads(connect(sandbox).client, clock, null, never());

    if (listed.status !== "found") throw new Error(JSON.stringify(listed));
    const places = listed.value.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`);
    expect(places).toEqual(
      expect.arrayContaining(["Deployment carts/carts", "DaemonSet kube-system/aws-node"]),
    );
    expect(places.filter((place) => place.startsWith("Pod carts/"))).toEqual([]);
  });
});
