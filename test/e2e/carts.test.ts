import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EKSClient, ListPodIdentityAssociationsCommand } from "@aws-sdk/client-eks";
import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Demo, startDemo } from "../../sandbox/demo.ts";
import { launchBrowser } from "../support/browser.ts";

let folder: string;
let demo: Demo;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eksiam-e2e-"));
  demo = await startDemo({ folder, slackPort: 0, redisUrl: null });
  browser = await launchBrowser();
  page = await browser.newPage({ viewport: { width: 1440, height: 1150 } });
  page.on("dialog", (dialog) => dialog.accept());
  await page.goto(demo.slackUrl ?? "");
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await demo?.close();
  await rm(folder, { recursive: true, force: true });
});

const actAs = (person: string) => page.locator(".actas select").last().selectOption({ label: person });

async function type(text: string): Promise<void> {
  const composer = page.locator(".composer-input").first();
  await composer.fill(text);
  await composer.press("Enter");
}

const answer = () => page.locator(".msg", { hasText: "asked about" }).last();

test("a denied pod is diagnosed, fixed with an approval, and verified, all in Slack", async () => {
  await actAs("Alice (developer)");
  await type("/eksiam why carts/carts");

  await answer().getByText("No identity is configured").waitFor();
  expect(await answer().innerText()).toContain("eks-workshop-carts-dynamo");
  expect(await answer().innerText()).toContain("dynamodb:Query");
  await page.locator(".thread-summary").last().waitFor();
  if (process.env["SCREENSHOT"] !== undefined) {
    await page.screenshot({ path: process.env["SCREENSHOT"] });
  }

  await answer().getByRole("button", { name: "Approve" }).click();
  await page.getByText("somebody else has to approve it").waitFor();
  expect(await associations()).toEqual([]);

  await actAs("Bob (platform engineer)");
  await answer().getByRole("button", { name: "Approve" }).click();
  await answer().getByText("Fixed and verified").waitFor({ timeout: 60_000 });
  if (process.env["SCREENSHOT"] !== undefined) {
    await page.screenshot({ path: process.env["SCREENSHOT"].replace(/\.png$/, "-fixed.png") });
  }

  expect(await answer().innerText()).toContain("To undo it");
  expect(await answer().getByRole("button", { name: "Approve" }).count()).toBe(0);
  expect(await associations()).toEqual(["carts"]);
  for (const { name, env, log } of await cartsPods()) {
    expect(env, name).toContain("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    expect(log, name).not.toMatch(/not authorized|AccessDenied|Unable to load/);
  }
}, 120_000);

test("the audit lists exactly what is broken, and the next one what was resolved", async () => {
  const { slack, sandbox } = demo;
  if (slack === null) throw new Error("There is no local Slack.");
  await demo.reset();
  await page.reload();
  await actAs("Bob (platform engineer)");

  await type("/eksiam audit");
  const digest = () => page.locator(".msg", { hasText: "asked for an audit" }).last();
  await digest().getByText("3 workloads broken").waitFor({ timeout: 30_000 });
  for (const broken of ["carts/carts", "orders/orders", "reports/reports"]) {
    expect(await digest().innerText()).toContain(broken);
  }
  for (const healthy of ["catalog/catalog", "checkout/checkout", "ui/ui", "kube-system"]) {
    expect(await digest().innerText()).not.toContain(healthy);
  }

  sandbox.account.addAssociation({
    cluster: "eks-workshop",
    namespace: "carts",
    serviceAccount: "carts",
    roleArn: "arn:aws:iam::111122223333:role/eks-workshop-carts-dynamo",
  });
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await deletePods();

  await type("/eksiam audit");
  await digest().getByText("2 workloads broken").waitFor({ timeout: 60_000 });
  expect(await digest().innerText()).toContain("Resolved since the last audit");
  expect(await digest().innerText()).toMatch(/carts\/carts.*node-role-fallback-no-identity.*is gone/s);
}, 120_000);

async function associations(): Promise<readonly string[]> {
  const {
    AWS_ENDPOINT_URL: endpoint = "",
    AWS_ACCESS_KEY_ID: accessKeyId = "",
    AWS_SECRET_ACCESS_KEY: secretAccessKey = "",
  } = demo.sandbox.awsEnv("admin");
  const eks = new EKSClient({
    endpoint,
    region: demo.sandbox.region,
    credentials: { accessKeyId, secretAccessKey },
  });
  const listed = await eks.send(
    new ListPodIdentityAssociationsCommand({ clusterName: "eks-workshop", namespace: "carts" }),
  );
  eks.destroy();
  return (listed.associations ?? []).map((association) => association.serviceAccount ?? "");
}

function coreApi(): CoreV1Api {
  const config = new KubeConfig();
  config.loadFromString(demo.sandbox.kubeconfig("admin"));
  config.setCurrentContext("eks-workshop");
  return config.makeApiClient(CoreV1Api);
}

async function cartsPods() {
  const core = coreApi();
  const { items } = await core.listNamespacedPod({ namespace: "carts" });
  const running = items.filter((pod) => pod.metadata?.deletionTimestamp === undefined);
  expect(running.length).toBeGreaterThan(0);
  return Promise.all(
    running.map(async (pod) => {
      const name = pod.metadata?.name ?? "";
      const env = (pod.spec?.containers[0]?.env ?? []).map((variable) => variable.name);
      return { name, env, log: await core.readNamespacedPodLog({ name, namespace: "carts" }) };
    }),
  );
}

async function deletePods(): Promise<void> {
  const core = coreApi();
  const { items } = await core.listNamespacedPod({ namespace: "carts" });
  for (const pod of items)
    await core.deleteNamespacedPod({ name: pod.metadata?.name ?? "", namespace: "carts" });
}
