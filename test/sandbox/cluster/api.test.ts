import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import {
  ApiException,
  AppsV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  KubeConfig,
  Log,
  PatchStrategy,
  setHeaderOptions,
} from "@kubernetes/client-node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Cluster } from "../../../sandbox/cluster/cluster.ts";
import { everything, readEverything, withoutPermission } from "../../../sandbox/cluster/rbac.ts";
import { type Sandbox, type SandboxRole, startSandbox } from "../../../sandbox/sandbox.ts";
import { namespace, serviceAccount, workload } from "../../../sandbox/stories/manifests.ts";

let sandbox: Sandbox;
let cluster: Cluster;

beforeAll(async () => {
  sandbox = await startSandbox({ paceMs: 5, tickMs: 0 });
  cluster = sandbox.clusters["eks-workshop"].cluster;
  cluster.create(namespace("scratch"));
  cluster.create(serviceAccount("scratch", "app"));
});
afterAll(() => sandbox.close());

function config(role: SandboxRole = "admin"): KubeConfig {
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromString(sandbox.kubeconfig(role));
  return kubeconfig;
}

function core(role: SandboxRole = "admin"): CoreV1Api {
  return config(role).makeApiClient(CoreV1Api);
}

function apps(role: SandboxRole = "admin"): AppsV1Api {
  return config(role).makeApiClient(AppsV1Api);
}

/** The Status of the error that the call ends in. */
async function refusal(call: Promise<unknown>): Promise<{ code: number; reason: string; message: string }> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ApiException)) throw error;
    const status = JSON.parse(error.body as string) as { code: number; reason: string; message: string };
    expect(status).toMatchObject({ kind: "Status", apiVersion: "v1", status: "Failure", code: error.code });
    return { code: status.code, reason: status.reason, message: status.message };
  }
  throw new Error("The call succeeded.");
}

describe("reading", () => {
  test("lists page by page, each object once", async () => {
    const seen: string[] = [];
    let token: string | undefined;
    do {
      const page = await core().listPodForAllNamespaces({
        limit: 4,
        ...(token === undefined ? {} : { _continue: token }),
      });
      expect(page.items.length).toBeLessThanOrEqual(4);
      seen.push(...page.items.map((pod) => pod.metadata?.uid ?? ""));
      token = page.metadata?._continue || undefined;
    } while (token !== undefined);

    const all = await core().listPodForAllNamespaces();
    expect(seen).toEqual(all.items.map((pod) => pod.metadata?.uid));
    expect(new Set(seen).size).toBe(seen.length);
  });

  test("selects by labels and by fields", async () => {
    const node = (await core().listNode()).items[0]?.metadata?.name ?? "";

    const agents = await core().listNamespacedPod({
      namespace: "kube-system",
      labelSelector: "app.kubernetes.io/name=eks-pod-identity-agent",
      fieldSelector: `spec.nodeName=${node},status.phase=Running`,
    });

    expect(agents.items.map((pod) => pod.spec?.nodeName)).toEqual([node]);
  });

  test("nodes carry the instance id and their node group", async () => {
    const nodes = (await core().listNode()).items;

    expect(nodes.length).toBeGreaterThan(1);
    for (const node of nodes) {
      expect(node.spec?.providerID).toMatch(/^aws:\/\/\/us-west-2[abc]\/i-[0-9a-f]{17}$/);
      expect(node.metadata?.labels?.["eks.amazonaws.com/nodegroup"]).toBeTruthy();
    }
  });

  test("what is not there is a 404 in the API's words", async () => {
    expect(await refusal(apps().readNamespacedDeployment({ namespace: "carts", name: "nope" }))).toEqual({
      code: 404,
      reason: "NotFound",
      message: 'deployments.apps "nope" not found',
    });
  });

  test("a wrong token is a 401, a wrong continue token a 400", async () => {
    const kubeconfig = config();
    kubeconfig.users = [{ name: "admin", token: "wrong" }];

    // The client knows no body of a 401.
    await expect(kubeconfig.makeApiClient(CoreV1Api).listNode()).rejects.toMatchObject({ code: 401 });
    expect(await refusal(core().listNode({ _continue: "?" }))).toMatchObject({
      code: 400,
      reason: "BadRequest",
    });
  });
});

describe("authorization", () => {
  test("a refusal names the user, the verb, the resource and the scope", async () => {
    sandbox.applyRbac("investigator", [
      { namespace: null, rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] },
    ]);

    const user = 'User "system:serviceaccount:eksiam:eksiam-investigator"';
    expect(await refusal(core("investigator").listNamespacedPod({ namespace: "carts" }))).toEqual({
      code: 403,
      reason: "Forbidden",
      message: `pods is forbidden: ${user} cannot list resource "pods" in API group "" in the namespace "carts"`,
    });
    expect((await refusal(core("investigator").listNode())).message).toBe(
      `nodes is forbidden: ${user} cannot list resource "nodes" in API group "" at the cluster scope`,
    );
    expect(
      (await refusal(core("investigator").readNamespacedPodLog({ namespace: "carts", name: "x" }))).message,
    ).toBe(
      `pods "x" is forbidden: ${user} cannot get resource "pods/log" in API group "" in the namespace "carts"`,
    );
    expect(
      (await refusal(apps("investigator").readNamespacedDeployment({ namespace: "carts", name: "carts" })))
        .message,
    ).toBe(
      `deployments.apps "carts" is forbidden: ${user} cannot get resource "deployments" in API group "apps" in the namespace "carts"`,
    );
    sandbox.applyRbac("investigator", readEverything);
  });

  test("one permission can be withheld at a time", async () => {
    const grants = [
      { namespace: null, rules: [{ apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get", "list"] }] },
    ];
    sandbox.applyRbac(
      "investigator",
      withoutPermission(grants, { verb: "list", group: "", resource: "nodes" }),
    );

    expect((await refusal(core("investigator").listNode())).code).toBe(403);
    await core("investigator").listPodForAllNamespaces();
    sandbox.applyRbac("investigator", readEverything);
  });

  test("a self subject access review answers what the request would meet", async () => {
    const ask = async (role: SandboxRole, verb: string) => {
      const review = await config(role)
        .makeApiClient(AuthorizationV1Api)
        .createSelfSubjectAccessReview({
          body: {
            apiVersion: "authorization.k8s.io/v1",
            kind: "SelfSubjectAccessReview",
            spec: {
              resourceAttributes: { verb, group: "apps", resource: "deployments", namespace: "carts" },
            },
          },
        });
      return review.status?.allowed;
    };

    expect(await ask("investigator", "list")).toBe(true);
    expect(await ask("investigator", "patch")).toBe(false);
    expect(await ask("bot", "list")).toBe(false);
  });
});

describe("writing", () => {
  const at = { namespace: "scratch", name: "app" };

  beforeEach(async () => {
    sandbox.applyRbac("executor", everything);
    if (cluster.store.get("deployments.apps", "scratch", "app") !== undefined) return;
    cluster.create(
      workload({ kind: "Deployment", ...at, image: "app:1", serviceAccount: "app", env: { A: "1" } }),
    );
  });

  const patches: readonly { strategy: string; body: unknown }[] = [
    {
      strategy: PatchStrategy.JsonPatch,
      body: [{ op: "add", path: "/metadata/annotations", value: { a: "json" } }],
    },
    { strategy: PatchStrategy.MergePatch, body: { metadata: { annotations: { a: "merge" } } } },
    { strategy: PatchStrategy.StrategicMergePatch, body: { metadata: { annotations: { a: "strategic" } } } },
    {
      strategy: PatchStrategy.ServerSideApply,
      body: {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "app", annotations: { a: "apply" } },
      },
    },
  ];

  test.each(patches)("$strategy", async ({ strategy, body }) => {
    await apps().patchNamespacedDeployment(
      { ...at, body, fieldManager: "tester" },
      setHeaderOptions("Content-Type", strategy),
    );

    const deployment = await apps().readNamespacedDeployment(at);
    expect(deployment.metadata?.annotations?.["a"]).toBe(
      {
        [PatchStrategy.JsonPatch]: "json",
        [PatchStrategy.MergePatch]: "merge",
        [PatchStrategy.StrategicMergePatch]: "strategic",
      }[strategy] ?? "apply",
    );
    expect(deployment.metadata?.managedFields?.map((entry) => entry.manager)).toContain("tester");
    expect(deployment.spec?.template.spec?.containers[0]?.env).toEqual([{ name: "A", value: "1" }]);
  });

  test("a stale resourceVersion is a conflict, a failed test of a JSON patch is refused", async () => {
    const stale = { metadata: { resourceVersion: "1", annotations: { b: "1" } } };

    expect(
      await refusal(
        apps().patchNamespacedDeployment(
          { ...at, body: stale },
          setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
        ),
      ),
    ).toMatchObject({ code: 409, reason: "Conflict" });
    expect(
      await refusal(
        apps().patchNamespacedDeployment({ ...at, body: [{ op: "test", path: "/kind", value: "Pod" }] }),
      ),
    ).toMatchObject({ code: 422, reason: "Invalid" });
  });

  test("what the API server refuses: a name taken, a selector that matches nothing, another selector, no namespace", async () => {
    const given = workload({ kind: "Deployment", ...at, image: "app:1" });
    const spec = given["spec"] as { selector: unknown };
    const create = (body: object, inNamespace = "scratch") =>
      apps().createNamespacedDeployment({ namespace: inNamespace, body: body as never });
    const selector = { matchLabels: { other: "x" } };

    expect(await refusal(create(given))).toMatchObject({ code: 409, reason: "AlreadyExists" });
    expect(
      await refusal(create({ ...given, metadata: { name: "two" }, spec: { ...spec, selector } })),
    ).toMatchObject({
      code: 422,
      reason: "Invalid",
    });
    expect(await refusal(create({ ...given, metadata: { name: "three" } }, "nowhere"))).toEqual({
      code: 404,
      reason: "NotFound",
      message: 'namespaces "nowhere" not found',
    });
    expect(
      await refusal(
        apps().patchNamespacedDeployment({
          ...at,
          body: [{ op: "replace", path: "/spec/selector", value: selector }],
        }),
      ),
    ).toMatchObject({ code: 422 });
  });

  test("a pod of a service account that is not there is refused", async () => {
    const body = {
      metadata: { name: "lonely" },
      spec: { serviceAccountName: "missing", containers: [{ name: "a", image: "app:1" }] },
    };

    expect((await refusal(core().createNamespacedPod({ namespace: "scratch", body }))).message).toBe(
      'pods "lonely" is forbidden: error looking up service account scratch/missing: serviceaccount "missing" not found',
    );
  });

  test("a dry run changes nothing", async () => {
    const body = [{ op: "replace", path: "/spec/replicas", value: 7 }];

    const answer = await apps().patchNamespacedDeployment({ ...at, body, dryRun: "All" });

    expect(answer.spec?.replicas).toBe(7);
    expect((await apps().readNamespacedDeployment(at)).spec?.replicas).toBe(1);
  });

  test("a deleted pod of a ReplicaSet is replaced, a deleted Deployment takes its pods along", async () => {
    cluster.settle();
    const podNames = async () =>
      (await core().listNamespacedPod({ namespace: "scratch" })).items.map((pod) => pod.metadata?.name ?? "");
    const [before = ""] = await podNames();

    await core().deleteNamespacedPod({ namespace: "scratch", name: before });
    cluster.settle();

    const after = await podNames();
    expect(after).toHaveLength(1);
    expect(after).not.toContain(before);
    await apps().deleteNamespacedDeployment(at);
    cluster.settle();
    expect(await podNames()).toEqual([]);
    expect((await apps().listNamespacedReplicaSet({ namespace: "scratch" })).items).toEqual([]);
  });
});

describe("logs", () => {
  async function podOf(name: string): Promise<string> {
    const pods = await core().listNamespacedPod({
      namespace: name,
      labelSelector: `app.kubernetes.io/name=${name}`,
    });
    return pods.items[0]?.metadata?.name ?? "";
  }

  test("tail, limit, timestamps and since", async () => {
    const at = { namespace: "carts", name: await podOf("carts") };
    const lines = async (options: object) =>
      (await core().readNamespacedPodLog({ ...at, ...options })).split("\n").slice(0, -1);

    expect(await lines({ tailLines: 5 })).toHaveLength(5);
    expect((await core().readNamespacedPodLog({ ...at, limitBytes: 100 })).length).toBe(100);
    const stamped = await lines({ timestamps: true, tailLines: 3 });
    for (const line of stamped) expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /);
    const all = (await lines({})).length;
    const recent = (await lines({ sinceSeconds: 1800 })).length;
    expect(recent).toBeGreaterThan(0);
    expect(recent).toBeLessThan(all);
  });

  test("streams through the client's Log", async () => {
    const stream = new PassThrough();

    await new Log(config()).log("carts", await podOf("carts"), "carts", stream, { tailLines: 20 });

    expect((await text(stream)).split("\n").length).toBeGreaterThan(15);
  });

  test("a pod with two containers asks which one; no container, no previous", async () => {
    const at = { namespace: "checkout", name: await podOf("checkout") };

    expect((await refusal(core().readNamespacedPodLog(at))).message).toBe(
      `a container name must be specified for pod ${at.name}, choose one of: [checkout proxy]`,
    );
    expect((await refusal(core().readNamespacedPodLog({ ...at, container: "x" }))).code).toBe(400);
    expect(
      (await refusal(core().readNamespacedPodLog({ ...at, container: "proxy", previous: true }))).message,
    ).toBe(`previous terminated container "proxy" in pod "${at.name}" not found`);
  });
});

test("a program that ends by its failure is started again, and the log of the process before stays readable", async () => {
  const call = { action: "s3:GetObject", resource: "arn:aws:s3:::none/x" };
  cluster.registerImage("crash:1", { name: "crash", sdk: "boto3", calls: [call], exitsOnFailure: true });
  cluster.create(
    workload({
      kind: "Deployment",
      namespace: "scratch",
      name: "crash",
      image: "crash:1",
      serviceAccount: "app",
    }),
  );
  cluster.settle();
  cluster.kubelet.tick();

  const [pod] = (
    await core().listNamespacedPod({ namespace: "scratch", labelSelector: "app.kubernetes.io/name=crash" })
  ).items;
  const status = pod?.status?.containerStatuses?.[0];
  expect(status?.state?.waiting?.reason).toBe("CrashLoopBackOff");
  expect(status?.lastState?.terminated?.exitCode).toBe(1);
  expect(status?.ready).toBe(false);
  const at = { namespace: "scratch", name: pod?.metadata?.name ?? "" };
  expect(await core().readNamespacedPodLog({ ...at, previous: true })).toContain("AccessDenied");
});

test("faults that a test switches on", async () => {
  cluster.faults.set("k8s:list/nodes", "throttled", 1);

  expect(await refusal(core().listNode())).toMatchObject({ code: 429, reason: "TooManyRequests" });
  expect((await core().listNode()).items.length).toBeGreaterThan(1);
});
