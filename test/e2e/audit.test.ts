import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CreatePodIdentityAssociationCommand, EKSClient } from "@aws-sdk/client-eks";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deployedRights } from "../../sandbox/deployed.ts";
import { stories } from "../../sandbox/stories/index.ts";
import type { AuditResult } from "../../src/core/digest.ts";
import { eksiam, type Served, serve } from "./support.ts";

const cluster = "eks-workshop";
const here = stories.filter((story) => story.cluster === cluster);
const broken = here
  .filter((story) => story.expect.ruleId !== null)
  .map((story) => `${story.namespace}/${story.name} ${story.expect.ruleId}`)
  .sort();

let served: Served;
let before: AuditResult;

beforeAll(async () => {
  served = await serve();
}, 30_000);
afterAll(() => served?.close());

const audit = (...argv: readonly string[]) => eksiam(["audit", "--cluster", cluster, ...argv]);
const faults = (entries: AuditResult["workloads"]) =>
  entries
    .filter((entry) => entry.conclusion === "cause-found")
    .map((entry) => `${entry.namespace}/${entry.name} ${entry.ruleId}`)
    .sort();

test("exactly the broken workloads are listed, and the system's are not accused", async () => {
  const { code, out, err } = await audit("--output", "json");
  expect({ code, err }).toEqual({ code: 1, err: "" });
  before = JSON.parse(out);
  expect(before.schema).toBe("eksiam/audit/v1");
  expect(faults(before.workloads)).toEqual(broken);
  expect(faults(before.new)).toEqual(broken);
  expect(before.resolved).toEqual([]);
  const named = before.workloads.map((entry) => `${entry.namespace}/${entry.name}`);
  expect(named).toEqual(expect.arrayContaining(here.map((story) => `${story.namespace}/${story.name}`)));
  expect(before.workloads.filter((entry) => entry.conclusion === "inconclusive")).toEqual([]);
  expect(before.workloads.filter((entry) => entry.namespace === "kube-system").length).toBeGreaterThan(0);
  const total = Object.values(before.totals).reduce((sum, count) => sum + count, 0);
  expect(total).toBe(before.workloads.length);
  for (const story of here) {
    if (story.expect.ruleId !== null) expect(before.totals[story.expect.ruleId]).toBe(1);
  }
}, 60_000);

test("one namespace, in text and markdown", async () => {
  const healthy = await audit("--namespace", "ui");
  expect(healthy).toMatchObject({ code: 0, err: "" });
  expect(healthy.out).toContain("1 workloads, 0 broken");
  const orders = await audit("--namespace", "orders", "--output", "markdown");
  expect(orders.code).toBe(1);
  expect(orders.out).toContain("no-credentials-no-identity");
}, 30_000);

test("what was fixed since the last audit is resolved", async () => {
  const last = join(served.folder, "last.json");
  await writeFile(last, JSON.stringify(before));
  const { AWS_ENDPOINT_URL: endpoint = "", ...env } = served.sandbox.awsEnv("admin");
  const credentials = {
    accessKeyId: env["AWS_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: env["AWS_SECRET_ACCESS_KEY"] ?? "",
  };
  const eks = new EKSClient({ endpoint, region: served.sandbox.region, credentials });
  await eks.send(
    new CreatePodIdentityAssociationCommand({
      clusterName: cluster,
      namespace: "carts",
      serviceAccount: "carts",
      roleArn: "arn:aws:iam::111122223333:role/eks-workshop-carts-dynamo",
    }),
  );
  eks.destroy();
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  await restartCarts();

  const { code, out } = await audit("--output", "json", "--since-last", last);
  const after: AuditResult = JSON.parse(out);
  expect(code).toBe(1);
  expect(faults(after.resolved)).toEqual(["carts/carts node-role-fallback-no-identity"]);
  expect(after.new).toEqual([]);
  expect(faults(after.workloads)).toEqual(broken.filter((fault) => !fault.startsWith("carts/")));
}, 60_000);

test("a workload that could not be judged is not resolved, and the exit code says so", async () => {
  const { policies } = await deployedRights();
  const granted = policies.investigator ?? [];
  const last = join(served.folder, "last.json");
  const deny = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Deny", Action: "eks:ListPodIdentityAssociations", Resource: "*" }],
  };
  served.sandbox.applyPolicies("investigator", [...granted, { name: "withheld", document: deny }]);
  const { code, out } = await audit("--namespace", "checkout", "--output", "json", "--since-last", last);
  served.sandbox.applyPolicies("investigator", granted);
  expect(code).toBe(3);
  expect(JSON.parse(out).workloads).toMatchObject([
    { conclusion: "inconclusive", missingPermissions: ["eks:ListPodIdentityAssociations"] },
  ]);
}, 30_000);

/** Deletes the pods and waits until others run in their place and have made their calls. */
async function restartCarts(): Promise<void> {
  const config = new KubeConfig();
  config.loadFromString(served.sandbox.kubeconfig("admin"));
  config.setCurrentContext(cluster);
  const core = config.makeApiClient(CoreV1Api);
  const namespace = "carts";
  const old = (await core.listNamespacedPod({ namespace })).items.map((pod) => pod.metadata?.name ?? "");
  for (const name of old) await core.deleteNamespacedPod({ namespace, name });
  await expect
    .poll(
      async () => {
        const { items } = await core.listNamespacedPod({ namespace });
        const fresh = items.filter((pod) => !old.includes(pod.metadata?.name ?? ""));
        const ready = fresh.filter((pod) => pod.status?.containerStatuses?.every((status) => status.ready));
        return items.length === fresh.length && ready.length === old.length;
      },
      { timeout: 10_000 },
    )
    .toBe(true);
  served.sandbox.clusters[cluster].cluster.kubelet.tick();
}

test("a namespace that is not there is a slip of the pen, not a cluster without faults", async () => {
  const { code, out, err } = await audit("--namespace", "cart", "--output", "json");

  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain(`There is no namespace cart in cluster ${cluster}. Did you mean carts`);
});
