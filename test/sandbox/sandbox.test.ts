import {
  CreatePodIdentityAssociationCommand,
  EKSClient,
  ListPodIdentityAssociationsCommand,
} from "@aws-sdk/client-eks";
import { AppsV1Api, CoreV1Api, KubeConfig, type V1Deployment } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Sandbox, type SandboxRole, startSandbox } from "../../sandbox/sandbox.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ paceMs: 5, tickMs: 20, associationDelayMs: 50 });
});
afterAll(() => sandbox.close());

function kubernetes(role: SandboxRole, cluster = "eks-workshop") {
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromString(sandbox.kubeconfig(role));
  kubeconfig.setCurrentContext(cluster);
  return {
    config: kubeconfig,
    core: kubeconfig.makeApiClient(CoreV1Api),
    apps: kubeconfig.makeApiClient(AppsV1Api),
  };
}

function eks(role: SandboxRole): EKSClient {
  const env = sandbox.awsEnv(role);
  return new EKSClient({
    endpoint: env["AWS_ENDPOINT_URL"] ?? "",
    region: env["AWS_REGION"] ?? "",
    credentials: {
      accessKeyId: env["AWS_ACCESS_KEY_ID"] ?? "",
      secretAccessKey: env["AWS_SECRET_ACCESS_KEY"] ?? "",
    },
  });
}

async function eventually<T>(look: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await look();
    if (holds(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** As `kubectl rollout status` judges it. */
function rolledOut(deployment: V1Deployment): boolean {
  const { status, spec, metadata } = deployment;
  return (
    status?.observedGeneration === metadata?.generation &&
    status?.updatedReplicas === spec?.replicas &&
    status?.replicas === spec?.replicas &&
    status?.availableReplicas === spec?.replicas
  );
}

const restart = (at: string) => [
  {
    op: "add",
    path: "/spec/template/metadata/annotations",
    value: { "kubectl.kubernetes.io/restartedAt": at },
  },
];
const carts = { namespace: "carts", name: "carts" };

test("the carts story from the denial to the fix, over the real APIs", async () => {
  const { core, apps } = kubernetes("executor");
  const podsBefore = (await core.listNamespacedPod({ namespace: "carts" })).items;

  await eks("executor").send(
    new CreatePodIdentityAssociationCommand({
      clusterName: "eks-workshop",
      namespace: "carts",
      serviceAccount: "carts",
      roleArn: "arn:aws:iam::111122223333:role/eks-workshop-carts-dynamo",
    }),
  );
  await eventually(
    async () => sandbox.account.association("eks-workshop", "carts", "carts"),
    (association) => association !== undefined,
  );
  await apps.patchNamespacedDeployment({ ...carts, body: restart("2026-01-01T00:00:00Z") });
  const deployment = await eventually(() => apps.readNamespacedDeployment(carts), rolledOut);

  expect(deployment.metadata?.annotations?.["deployment.kubernetes.io/revision"]).toBe("2");
  const pods = await eventually(
    async () => (await core.listNamespacedPod({ namespace: "carts" })).items,
    (items) => items.length === 2,
  );
  const before = new Set(podsBefore.map((pod) => pod.metadata?.name));
  for (const pod of pods) {
    expect(before.has(pod.metadata?.name)).toBe(false);
    expect(pod.metadata?.labels).toMatchObject({ "eks.amazonaws.com/pod-identity": "enabled" });
    const env = pod.spec?.containers[0]?.env?.map((variable) => variable.name);
    expect(env).toContain("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    expect(env).not.toContain("AWS_ROLE_ARN");
    const at = { namespace: "carts", name: pod.metadata?.name ?? "" };
    const log = await eventually(
      () => core.readNamespacedPodLog(at),
      (text) => text.includes("AccessLog"),
    );
    expect(log).not.toMatch(/not authorized|Unable to load/);
  }
});

test("a restart without an association changes nothing but the pods", async () => {
  const { core, apps } = kubernetes("executor");

  await apps.patchNamespacedDeployment({ namespace: "orders", name: "orders", body: restart("now") });
  await eventually(() => apps.readNamespacedDeployment({ namespace: "orders", name: "orders" }), rolledOut);

  const [pod] = (await core.listNamespacedPod({ namespace: "orders" })).items;
  expect(pod?.spec?.containers[0]?.env?.map((variable) => variable.name)).toEqual([
    "RETAIL_ORDERS_PERSISTENCE_PROVIDER",
    "AWS_REGION",
  ]);
});

test("a restarted workload of the cluster with the broken webhook loses its identity", async () => {
  const { core, apps } = kubernetes("executor", "eks-legacy");
  const at = { namespace: "ledger", name: "ledger" };

  await apps.patchNamespacedStatefulSet({ ...at, body: restart("now") });
  await eventually(
    () => apps.readNamespacedStatefulSet(at),
    ({ status, metadata }) =>
      status?.observedGeneration === metadata?.generation &&
      status?.updatedReplicas === 2 &&
      status.readyReplicas === 2 &&
      status.currentRevision === status.updateRevision,
  );

  const pods = (await core.listNamespacedPod({ namespace: "ledger" })).items;
  expect(pods.map((pod) => pod.metadata?.name)).toEqual(["ledger-0", "ledger-1"]);
  for (const pod of pods) expect(pod.spec?.containers[0]?.env).toBeUndefined();
});

test("a restarted DaemonSet gets a new pod on every node", async () => {
  const { core, apps } = kubernetes("executor");
  const at = { namespace: "kube-system", name: "kube-proxy" };
  const names = async () =>
    (
      await core.listNamespacedPod({ namespace: "kube-system", labelSelector: "k8s-app=kube-proxy" })
    ).items.map((pod) => pod.metadata?.name ?? "");
  const before = await names();

  await apps.patchNamespacedDaemonSet({ ...at, body: restart("now") });
  await eventually(
    () => apps.readNamespacedDaemonSet(at),
    ({ status, metadata }) =>
      status?.observedGeneration === metadata?.generation &&
      status?.updatedNumberScheduled === before.length &&
      status.numberAvailable === before.length,
  );

  const after = await names();
  expect(after).toHaveLength(before.length);
  expect(after.filter((name) => before.includes(name))).toEqual([]);
});

test("a release whose image never becomes ready stays half way, and the old pods keep serving", async () => {
  const { apps } = kubernetes("executor");
  const { cluster } = sandbox.clusters["eks-workshop"];
  cluster.registerImage("catalog:broken", { name: "catalog", sdk: "go-v2", calls: [], ready: false });
  const at = { namespace: "catalog", name: "catalog" };

  await apps.patchNamespacedDeployment({
    ...at,
    body: [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: "catalog:broken" }],
  });
  const stuck = await eventually(
    () => apps.readNamespacedDeployment(at),
    ({ status }) => status?.updatedReplicas === 1 && status.unavailableReplicas === 1,
  );

  expect(stuck.status?.availableReplicas).toBe(2);
});

test("the kubeconfig names contexts as the clusters and cluster entries by their ARN", () => {
  const { config } = kubernetes("bot");

  expect(config.getContexts().map((context) => [context.name, context.cluster])).toEqual([
    ["eks-workshop", "arn:aws:eks:us-west-2:111122223333:cluster/eks-workshop"],
    ["eks-legacy", "arn:aws:eks:us-west-2:111122223333:cluster/eks-legacy"],
  ]);
  expect(Object.keys(sandbox.awsEnv("bot"))).not.toContain("AWS_ACCESS_KEY_ID");
});

test("reset: every story as at the beginning, behind the same addresses and credentials", async () => {
  const { core, apps } = kubernetes("executor");
  const client = eks("executor");
  const list = new ListPodIdentityAssociationsCommand({ clusterName: "eks-workshop", namespace: "carts" });

  await sandbox.reset();

  expect((await client.send(list)).associations).toEqual([]);
  const deployment = await apps.readNamespacedDeployment(carts);
  expect(deployment.metadata?.annotations?.["deployment.kubernetes.io/revision"]).toBe("1");
  const [pod] = (await core.listNamespacedPod({ namespace: "carts" })).items;
  expect(await core.readNamespacedPodLog({ namespace: "carts", name: pod?.metadata?.name ?? "" })).toContain(
    "not authorized",
  );
});
