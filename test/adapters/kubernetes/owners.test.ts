import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Cluster } from "../../../sandbox/cluster/cluster.ts";
import { type KubeObject, ownerReferenceTo } from "../../../sandbox/cluster/objects.ts";
import { readEverything, withoutPermission } from "../../../sandbox/cluster/rbac.ts";
import { type Sandbox, startSandbox } from "../../../sandbox/sandbox.ts";
import { namespace, workload } from "../../../sandbox/stories/manifests.ts";
import { resolveWorkload } from "../../../src/adapters/kubernetes/resolve.ts";
import { listWorkloads } from "../../../src/adapters/kubernetes/workload-facts.ts";
import { clock, collectorsOf, connect, found, gatherAll, question } from "./sandboxed.ts";

const image = "public.ecr.aws/docker/library/busybox:1.36";
const spec = { serviceAccountName: "default", containers: [{ name: "main", image }] };

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ paceMs: 5, tickMs: 0 });
  const { cluster } = sandbox.clusters["eks-workshop"];
  cluster.create(namespace("owners"));
  installRollout(cluster);
  installKnative(cluster);
  installOthers(cluster);
  cluster.settle();
});
afterAll(() => sandbox.close());
beforeEach(() => sandbox.applyRbac("investigator", readEverything));

/** Two revisions; the first has been rolled back to, so that it is the newer one by its number. */
function installRollout(cluster: Cluster): void {
  const rollout = cluster.create({
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Rollout",
    metadata: { name: "shop", namespace: "owners" },
  });
  for (const [hash, revision, replicas] of [
    ["aaa", "3", 2],
    ["bbb", "2", 0],
  ] as const) {
    const labels = { app: "shop", "rollouts-pod-template-hash": hash };
    cluster.create({
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        name: `shop-${hash}`,
        namespace: "owners",
        labels,
        annotations: { "rollout.argoproj.io/revision": revision },
        ownerReferences: [ownerReferenceTo(rollout)],
      },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { ...spec, containers: [{ name: hash, image }] } },
      },
    });
  }
}

/** Configuration → Revision → Deployment → ReplicaSet → Pod. */
function installKnative(cluster: Cluster): void {
  const own = (kind: string, name: string, owner?: KubeObject) =>
    cluster.create({
      apiVersion: "serving.knative.dev/v1",
      kind,
      metadata: {
        name,
        namespace: "owners",
        ...(owner === undefined ? {} : { ownerReferences: [ownerReferenceTo(owner)] }),
      },
    });
  const revision = own("Revision", "hello-00001", own("Configuration", "hello"));
  const deployment = workload({
    kind: "Deployment",
    namespace: "owners",
    name: "hello-00001-deployment",
    image,
  });
  cluster.create({
    ...deployment,
    metadata: { ...deployment.metadata, ownerReferences: [ownerReferenceTo(revision)] },
  });
}

/** A pod of a custom resource that owns pods itself, a bare ReplicaSet, and a static pod. */
function installOthers(cluster: Cluster): void {
  const owner = cluster.create({
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Rollout",
    metadata: { name: "direct", namespace: "owners" },
  });
  cluster.create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "direct-0", namespace: "owners", ownerReferences: [ownerReferenceTo(owner)] },
    spec,
  });
  const labels = { app: "bare" };
  cluster.create({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: "bare", namespace: "owners" },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  });
  const node = cluster.store.list("nodes")[0];
  if (node === undefined) throw new Error("The cluster has no node.");
  cluster.create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "static-0",
      namespace: "owners",
      annotations: { "kubernetes.io/config.mirror": "hash" },
      ownerReferences: [ownerReferenceTo(node)],
    },
    spec,
  });
}

const never = () => new AbortController().signal;
const asked = (name: string, kind: string | null = null) => question("owners", name, { kind });
const resolve = (name: string, kind: string | null = null) =>
  resolveWorkload(connect(sandbox).client, asked(name, kind), never());

describe("owners of other kinds", () => {
  it.each([
    ["shop", "Rollout", "argoproj.io/v1alpha1"],
    ["direct", "Rollout", "argoproj.io/v1alpha1"],
    ["hello-00001", "Revision", "serving.knative.dev/v1"],
    ["hello", "Configuration", "serving.knative.dev/v1"],
    ["bare", "ReplicaSet", "apps/v1"],
  ])("finds %s by the references of what it owns", async (name, kind, apiVersion) => {
    expect(await resolve(name)).toMatchObject({ ok: true, value: { name, kind, apiVersion } });
    expect(await resolve(name, kind)).toMatchObject({ ok: true, value: { kind, apiVersion } });
  });

  it("prefers a built-in kind of the name, and knows a static pod by itself", async () => {
    expect(await resolve("hello-00001-deployment")).toMatchObject({
      ok: true,
      value: { kind: "Deployment" },
    });
    expect(await resolve("static-0")).toMatchObject({ ok: true, value: { kind: "Pod" } });
  });

  it("says who writes the template of a workload that is owned, and nothing of one that is not", async () => {
    const ownedBy = async (name: string, kind: string) => {
      const evidence = await gatherAll(collectorsOf(sandbox), asked(name, kind));
      return found(evidence, "k8s.workload").ownedBy;
    };

    expect(await ownedBy("hello-00001-deployment", "Deployment")).toBe("revision hello-00001");
    expect(await ownedBy("shop", "Rollout")).toBeUndefined();
    expect(await ownedBy("static-0", "Pod")).toBeUndefined();
  });

  it("suggests their names", async () => {
    expect(await resolve("shpo")).toMatchObject({ error: { type: "not-found", nearest: ["owners/shop"] } });
  });

  it("lists them, the kinds that have a rollout of their own, and nothing twice", async () => {
    const listed = await listWorkloads(connect(sandbox).client, clock, "owners", never());

    expect(listed).toMatchObject({
      status: "found",
      value: [
        { kind: "ReplicaSet", name: "bare", replicas: 1 },
        { kind: "Rollout", apiVersion: "argoproj.io/v1alpha1", name: "direct", replicas: null },
        { kind: "Deployment", name: "hello-00001-deployment", replicas: 1 },
        { kind: "Rollout", apiVersion: "argoproj.io/v1alpha1", name: "shop", replicas: 2 },
        { kind: "Pod", name: "static-0" },
      ],
    });
    if (listed.status === "found") expect(listed.value).toHaveLength(5);
  });

  it.each([
    ["shop", "Rollout", 2, "aaa"],
    ["direct", "Rollout", 1, "main"],
    ["hello", "Configuration", 1, "hello-00001-deployment"],
    ["bare", "ReplicaSet", 1, "main"],
  ])("reads the template and the pods of %s", async (name, kind, pods, container) => {
    const evidence = await gatherAll(collectorsOf(sandbox), asked(name, kind));

    const facts = found(evidence, "k8s.workload");
    expect(facts).toMatchObject({ kind, name, template: { serviceAccountName: "default" } });
    expect(facts.template.containers.map((one) => one.name)).toEqual([container]);
    expect(found(evidence, "k8s.pods").total).toBe(pods);
    expect(found(evidence, "logs.errors").errors).toEqual([]);
    expect(found(evidence, "k8s.sharing").workloads.map((other) => other.name)).not.toContain(name);
  });

  it("lists the namespace once for all that one investigation asks of it", async () => {
    const { client } = connect(sandbox);
    const { faults } = sandbox.clusters["eks-workshop"].cluster;
    const { signal } = new AbortController();
    expect(await resolveWorkload(client, asked("shop"), signal)).toMatchObject({ ok: true });
    faults.set("k8s:list/replicasets", "server-error");
    const again = await resolveWorkload(client, asked("shop"), signal);
    const anew = await resolveWorkload(client, asked("shop"), never());
    faults.clear();

    expect(again).toMatchObject({ ok: true });
    expect(anew).toMatchObject({ error: { type: "unavailable" } });
  });

  it("says what it could not follow, where the name may stand further up", async () => {
    const withheld = { verb: "get", group: "serving.knative.dev", resource: "revisions" };
    const spelledOut = [
      {
        namespace: null,
        rules: [
          { apiGroups: ["", "apps", "batch"], resources: ["*"], verbs: ["get", "list"] },
          { apiGroups: [withheld.group], resources: [withheld.resource], verbs: ["get"] },
        ],
      },
    ];
    sandbox.applyRbac("investigator", withoutPermission(spelledOut, withheld));

    const permission = "get revisions.serving.knative.dev";
    expect(await resolve("hello")).toMatchObject({ error: { type: "not-found" } });
    const resolved = await resolve("hello");
    if (resolved.ok || resolved.error.type !== "not-found") throw new Error("hello was found");
    expect(resolved.error.unread).toContain(permission);
    const collector = collectorsOf(sandbox)["k8s.workload"];
    const context = { question: asked("hello", "Configuration"), evidence: {}, signal: never() };
    expect(await collector.collect(context)).toMatchObject({
      status: "unavailable",
      reason: "access-denied",
    });
  });
});
