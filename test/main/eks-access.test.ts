import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { readEverything } from "../../sandbox/cluster/rbac.ts";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox.ts";
import { createAwsClients } from "../../src/adapters/aws/clients.ts";
import { createEksAccess } from "../../src/adapters/aws/eks-access.ts";
import { openClusters } from "../../src/main/clusters.ts";
import { parseConfig } from "../../src/main/config.ts";

const cluster = "eks-workshop";
const roleArn = "arn:aws:iam::111122223333:role/eksiam-elsewhere";
const investigator = "arn:aws:iam::111122223333:role/eksiam-investigator";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ paceMs: 5, tickMs: 0 });
  sandbox.account.addRole({
    name: "eksiam-elsewhere",
    trustPolicy: {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: investigator },
          Action: "sts:AssumeRole",
          Condition: { StringEquals: { "sts:ExternalId": "shop-7" } },
        },
      ],
    },
    inline: {
      read: {
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "eks:DescribeCluster", Resource: "*" }],
      },
    },
  });
});
afterAll(() => sandbox.close());
beforeEach(() => {
  for (const [name, value] of Object.entries(sandbox.awsEnv("investigator"))) vi.stubEnv(name, value);
  vi.stubEnv("KUBECONFIG", "/nowhere");
  sandbox.applyPolicies("investigator", [
    {
      name: "read",
      document: {
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: ["eks:*", "sts:AssumeRole"], Resource: "*" }],
      },
    },
  ]);
});
afterEach(() => vi.unstubAllEnvs());

function list(fields: string) {
  const yaml = `clusters: [{ name: ${cluster}, region: us-west-2, ${fields} }]`;
  const access = openClusters(parseConfig(yaml, "eksiam.yaml")).get(cluster);
  if (access === undefined) throw new Error("The cluster is not configured.");
  return access.listWorkloads("carts", AbortSignal.timeout(10_000));
}

const found = { status: "found", value: [{ kind: "Deployment", name: "carts" }] };

describe("a cluster without a kubeconfig", () => {
  it("is entered with a token made from the process's own AWS credentials", async () => {
    expect(await list("access: eks")).toMatchObject(found);
  });

  it("says which permission would tell its address", async () => {
    sandbox.applyPolicies("investigator", []);

    expect(await list("access: eks")).toMatchObject({
      status: "unavailable",
      reason: "access-denied",
      permission: "eks:DescribeCluster",
    });
  });

  it("keeps people out who have no access entry", async () => {
    expect(await list(`roleArn: "${roleArn}", externalId: shop-7`)).toMatchObject({
      status: "unavailable",
      reason: "access-denied",
    });
  });

  it("is entered with a role of its own, where its trust policy lets eksiam in", async () => {
    sandbox.clusters[cluster].cluster.addUser(roleArn, { name: "elsewhere", groups: [] }, readEverything);

    expect(await list(`roleArn: "${roleArn}", externalId: shop-7`)).toMatchObject(found);
    const refused = await list(`roleArn: "${roleArn}"`);
    expect(refused).toMatchObject({ status: "unavailable", reason: "error" });
    if (refused.status === "unavailable")
      expect(refused.detail).toContain(`role ${roleArn} could not be assumed`);
  });
});

it("an exec plug-in of the kubeconfig gives the token, as for kubectl", async () => {
  const folder = await mkdtemp(join(tmpdir(), "eksiam-exec-"));
  const path = join(folder, "kubeconfig");
  const credential = {
    apiVersion: "client.authentication.k8s.io/v1beta1",
    kind: "ExecCredential",
    status: { token: sandbox.token("investigator") },
  };
  const exec = {
    apiVersion: credential.apiVersion,
    command: "echo",
    args: [JSON.stringify(credential)],
    interactiveMode: "Never",
  };
  const server = { server: sandbox.clusters[cluster].url, "insecure-skip-tls-verify": true };
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: cluster, cluster: server }],
    users: [{ name: "me", user: { exec } }],
    contexts: [{ name: "shop", context: { cluster, user: "me" } }],
    "current-context": "shop",
  };
  await writeFile(path, JSON.stringify(kubeconfig));
  vi.stubEnv("KUBECONFIG", path);

  expect(await list("context: shop")).toMatchObject(found);
  await rm(folder, { recursive: true });
});

describe("the token", () => {
  it("is a presigned GetCallerIdentity of the cluster's Region that names the cluster, and is kept for a while", async () => {
    const access = createEksAccess(createAwsClients("us-west-2"), cluster);
    const token = await access.token();
    const [prefix, encoded = ""] = token.split(/\.(.*)/s);
    const url = new URL(Buffer.from(encoded, "base64url").toString());

    expect(prefix).toBe("k8s-aws-v1");
    expect(encoded).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(url.origin).toBe("https://sts.us-west-2.amazonaws.com");
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      Action: "GetCallerIdentity",
      Version: "2011-06-15",
      "X-Amz-Expires": "60",
      "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
    });
    expect(await access.token()).toBe(token);
  });

  it("opens no other cluster, and nothing once it is changed or old", async () => {
    const clients = createAwsClients("us-west-2");
    const ours = await createEksAccess(clients, cluster).token();
    const others = await createEksAccess(clients, "eks-legacy").token();
    const status = async (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      return (await fetch(`${sandbox.clusters[cluster].url}/api/v1/namespaces`, { headers })).status;
    };
    const encoded = (change: (url: string) => string) => {
      const url = Buffer.from(ours.slice("k8s-aws-v1.".length), "base64url").toString();
      return `k8s-aws-v1.${Buffer.from(change(url)).toString("base64url")}`;
    };

    expect(await status(ours)).toBe(200);
    expect(await status(others)).toBe(401);
    expect(await status(encoded((url) => url.replace("us-west-2.amazonaws", "us-west-2.example")))).toBe(401);
    expect(await status(encoded((url) => `${url}&x-id=GetCallerIdentity`))).toBe(401);
    expect(await status(encoded((url) => url.replace("X-Amz-Expires=60", "X-Amz-Expires=900")))).toBe(401);
    vi.useFakeTimers({ now: Date.now() - 20 * 60_000, toFake: ["Date"] });
    const old = await createEksAccess(createAwsClients("us-west-2"), cluster).token();
    vi.useRealTimers();
    expect(await status(old)).toBe(401);
  });

  it("is made anew before it expires", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const access = createEksAccess(createAwsClients("us-west-2"), cluster);
    const first = await access.token();
    vi.advanceTimersByTime(11 * 60_000);
    const second = await access.token();
    vi.useRealTimers();

    expect(second).not.toBe(first);
  });
});

it("one assumed role serves all clients of a cluster", async () => {
  const clients = createAwsClients("us-west-2", { roleArn, externalId: "shop-7" });
  const { Arn } = await clients.sts.send(new GetCallerIdentityCommand({}));
  const own = await new STSClient({ region: "us-west-2" }).send(new GetCallerIdentityCommand({}));

  expect(Arn).toContain("assumed-role/eksiam-elsewhere/eksiam");
  expect(own.Arn).toContain("assumed-role/eksiam-investigator/");
});

describe("the configuration", () => {
  it.each([
    ["externalId: abc", "externalId: only together with roleArn"],
    ["access: eks, context: shop", "context: not together with access: eks"],
    ["roleArn: carts", "the ARN of an IAM role"],
    ["organizationRoleArn: carts", "the ARN of an IAM role"],
    ["access: magic", "access"],
  ])("refuses %s", (fields, message) => {
    const yaml = `clusters: [{ name: c, region: us-west-2, ${fields} }]`;

    expect(() => parseConfig(yaml, "eksiam.yaml")).toThrow(message);
  });
});
