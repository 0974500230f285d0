import { readFile } from "node:fs/promises";
import { setTimeout as sleepFor } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ownerReferenceTo } from "../../../sandbox/cluster/objects.ts";
import { type Grant, grantsFromManifests, withoutPermission } from "../../../sandbox/cluster/rbac.ts";
import { type Sandbox, type SandboxRole, startSandbox } from "../../../sandbox/sandbox.ts";
import { namespace, workload } from "../../../sandbox/stories/manifests.ts";
import { createCallMeter } from "../../../src/adapters/calls/call-meter.ts";
import { createAnnotationExecutor } from "../../../src/adapters/kubernetes/annotation-executor.ts";
import type { KubernetesClient } from "../../../src/adapters/kubernetes/client.ts";
import { createKubernetesCollectors } from "../../../src/adapters/kubernetes/create-collectors.ts";
import { createPodExecutor } from "../../../src/adapters/kubernetes/pod-executor.ts";
import { resolveWorkload } from "../../../src/adapters/kubernetes/resolve.ts";
import { resources } from "../../../src/adapters/kubernetes/resources.ts";
import { createRolloutRestartExecutor } from "../../../src/adapters/kubernetes/rollout-restart.ts";
import { ownedSchema } from "../../../src/adapters/kubernetes/schemas.ts";
import { listWorkloads } from "../../../src/adapters/kubernetes/workload-facts.ts";
import { createCallBudget } from "../../../src/app/call-budget.ts";
import { type Evidence, type WorkloadKind, workloadKinds } from "../../../src/core/evidence.ts";
import {
  clock,
  connect,
  gatherAll,
  missingPermissions,
  permissionOf,
  question,
  singlePermissions,
} from "./sandboxed.ts";

const grants = { investigator: await deployed("investigator"), executor: await deployed("executor") };

let sandbox: Sandbox;

async function deployed(role: "investigator" | "executor"): Promise<readonly Grant[]> {
  const manifest = new URL(`../../../deploy/rbac/${role}.yaml`, import.meta.url);
  const serviceAccount = { namespace: "eksiam", name: `eksiam-${role}` };
  return grantsFromManifests([await readFile(manifest, "utf8")], serviceAccount);
}

beforeAll(async () => {
  sandbox = await startSandbox({ paceMs: 2, tickMs: 0 });
  installEveryKind(sandbox);
});
afterAll(() => sandbox.close());
beforeEach(() => sandbox.applyRbac("investigator", grants.investigator));

const never = () => new AbortController().signal;

/** Workloads named `x` of every kind but those that the stories have, in one namespace. */
function installEveryKind({ clusters }: Sandbox): void {
  const { cluster } = clusters["eks-workshop"];
  const image = "public.ecr.aws/docker/library/busybox:1.36";
  const metadata = { name: "x", namespace: "every-kind" };
  const spec = { containers: [{ name: "main", image }] };
  const template = { spec };
  cluster.create(namespace("every-kind"));
  for (const kind of ["Deployment", "StatefulSet", "DaemonSet"] as const) {
    cluster.create(workload({ kind, ...metadata, image }));
  }
  cluster.create({ apiVersion: "batch/v1", kind: "Job", metadata, spec: { template } });
  cluster.create({
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata,
    spec: { schedule: "0 3 * * *", jobTemplate: { spec: { template } } },
  });
  cluster.create({ apiVersion: "v1", kind: "Pod", metadata, spec });
  const knative = { apiVersion: "serving.knative.dev/v1" };
  const configuration = cluster.create({
    ...knative,
    kind: "Configuration",
    metadata: { name: "hello", namespace: "every-kind" },
  });
  const revision = cluster.create({
    ...knative,
    kind: "Revision",
    metadata: {
      name: "hello-00001",
      namespace: "every-kind",
      ownerReferences: [ownerReferenceTo(configuration)],
    },
  });
  const owned = workload({
    kind: "Deployment",
    namespace: "every-kind",
    name: "hello-00001-deployment",
    image,
  });
  cluster.create({
    ...owned,
    metadata: { ...owned.metadata, ownerReferences: [ownerReferenceTo(revision)] },
  });
}

/** One thing that the investigator does in a cluster; answers the permissions that it lacked. */
type Part = (client: KubernetesClient) => Promise<readonly (string | null)[]>;

const lookAt =
  (namespace: string, name: string, kind: WorkloadKind): Part =>
  async (client) => {
    const collectors = createKubernetesCollectors({ client, clock });
    return missingPermissions(await gatherAll(collectors, question(namespace, name, { kind })));
  };

/** Everything that the investigator does in a cluster. */
const parts: readonly Part[] = [
  lookAt("carts", "carts", "Deployment"),
  ...workloadKinds.map((kind) => lookAt("every-kind", "x", kind)),
  async (client) => missingPermissions(await selfHostedWebhook(client)),
  async (client) => {
    const resolved = await resolveWorkload(client, question("carts", "gone", { kind: null }), never());
    return resolved.ok ? [] : [permissionOf(resolved.error)];
  },
  async (client) => {
    const above = await resolveWorkload(client, question("every-kind", "hello", { kind: null }), never());
    return !above.ok && above.error.type === "not-found" ? above.error.unread : [];
  },
  async (client) => {
    const listed = await listWorkloads(client, clock, null, never());
    return listed.status === "unavailable" ? [listed.permission ?? null] : [];
  },
];

/** Who answers behind the Service of a webhook that the stories do not have. */
async function selfHostedWebhook(client: KubernetesClient): Promise<Evidence> {
  const collectors = createKubernetesCollectors({ client, clock });
  const context = { question: question("carts", "carts"), evidence: {}, signal: never() };
  const webhook = await collectors["k8s.webhook"].collect(context);
  if (webhook.status !== "found") return {};
  const clientConfig = { url: null, service: "identity/webhook/mutate" };
  const evidence: Evidence = { "k8s.webhook": { ...webhook, value: { ...webhook.value, clientConfig } } };
  const collector = collectors["k8s.webhook-endpoints"];
  return { "k8s.webhook-endpoints": await collector.collect({ ...context, evidence }) };
}

/** Does these things, each permission that was lacked told once. */
async function missedBy(done: readonly Part[]): Promise<readonly string[]> {
  const missing: (string | null)[] = [];
  for (const part of done) missing.push(...(await part(connect(sandbox).client)));
  return [...new Set(missing.filter((permission) => permission !== null))].sort();
}

/** By what is done, the permissions that it makes use of: the client counts its calls by them. */
async function uses(): Promise<ReadonlyMap<Part, ReadonlySet<string>>> {
  const meter = createCallMeter();
  const { client } = connect(sandbox, "investigator", "eks-workshop", meter);
  const used = new Map<Part, ReadonlySet<string>>();
  for (const part of parts) {
    const budget = createCallBudget();
    await meter.spending(budget, () => part(client));
    used.set(part, new Set(Object.keys(budget.counts()["kubernetes"] ?? {})));
  }
  return used;
}

describe("the investigator's ClusterRole", () => {
  let used: ReadonlyMap<Part, ReadonlySet<string>>;

  it("grants all that is asked for", async () => {
    expect(await missedBy(parts)).toEqual([]);
    used = await uses();
  });

  it.each(singlePermissions(grants.investigator))("needs $text", async (permission) => {
    sandbox.applyRbac("investigator", withoutPermission(grants.investigator, permission));

    const users = parts.filter((part) => used.get(part)?.has(permission.text));
    // Whatever else makes use of it misses it in the same way.
    expect(await missedBy(users.slice(0, 1))).toEqual([permission.text]);
  });

  it("reads no Secret and no ConfigMap, and writes nothing", () => {
    for (const { resource, verb } of singlePermissions(grants.investigator)) {
      expect(["secrets", "configmaps"]).not.toContain(resource);
      expect(["get", "list"]).toContain(verb);
    }
  });
});

describe("the executor's ClusterRole", () => {
  const where = { cluster: "eks-workshop", namespace: "every-kind", name: "x" };
  const sleep = (_: number, signal: AbortSignal) => sleepFor(5, undefined, { signal });
  const admin = () => connect(sandbox, "admin").client;

  /** Every change that the executor makes in a cluster; answers what went wrong. */
  async function changeAll(role: SandboxRole): Promise<readonly string[]> {
    const { client } = connect(sandbox, role);
    const restarts = createRolloutRestartExecutor({ client, clock, sleep });
    const seen = createRolloutRestartExecutor({ client: admin(), clock, sleep });
    const errors: string[] = [];
    const collect = (error: unknown) => errors.push(String(error));
    for (const kind of ["Deployment", "StatefulSet", "DaemonSet"] as const) {
      const unread = {
        kind: "k8s.rollout.restart" as const,
        target: { ...where, kind },
        before: { mark: null },
        after: { mark: "" },
      };
      const before = await seen.read(unread, never());
      const after = { mark: `${before.mark ?? ""}+` };
      await restarts.apply({ ...unread, before, after }, never()).catch(collect);
    }
    const annotation = "eks.amazonaws.com/role-arn";
    const annotations = createAnnotationExecutor(client);
    const annotate = {
      kind: "k8s.service-account.annotate" as const,
      target: { ...where, name: "default", annotation },
      before: { value: null },
      after: { value: "arn:aws:iam::111122223333:role/x" },
    };
    await annotations.apply(annotate, never()).catch(collect);
    await createAnnotationExecutor(admin()).revert?.(annotate, never());
    const pod = await admin().list(resources.pods, where.namespace, ownedSchema, never());
    const owned = (pod.type === "ok" ? pod.value.items : []).find(
      ({ metadata }) => metadata.ownerReferences.length > 0 && metadata.deletionTimestamp === null,
    );
    const change = {
      kind: "k8s.pod.delete" as const,
      target: { ...where, name: owned?.metadata.name ?? "" },
      before: { uid: owned?.metadata.uid ?? "" },
      after: null,
    };
    await createPodExecutor({ client, sleep }).apply(change, never()).catch(collect);
    return errors;
  }

  it("grants all that is asked for", async () => {
    sandbox.applyRbac("executor", grants.executor);

    expect(await changeAll("executor")).toEqual([]);
  });

  it.each(singlePermissions(grants.executor))("needs $text", async (permission) => {
    sandbox.applyRbac("executor", withoutPermission(grants.executor, permission));

    const errors = await changeAll("executor");
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(permission.text);
  });
});
