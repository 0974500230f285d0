import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createKubernetesClient, parseClusterArn } from "../../../src/adapters/kubernetes/kubeconfig.ts";

const arn = "arn:aws:eks:us-west-2:111122223333:cluster/eks-workshop";
const kubeconfigText = `apiVersion: v1
kind: Config
current-context: workshop
clusters:
  - { name: "${arn}", cluster: { server: "https://api.example.com" } }
  - { name: kind, cluster: { server: "https://127.0.0.1:6443" } }
users:
  - { name: dev, user: { token: not-a-secret } }
contexts:
  - { name: workshop, context: { cluster: "${arn}", user: dev } }
  - { name: local, context: { cluster: kind, user: dev } }
  - { name: dangling, context: { cluster: nowhere, user: dev } }
`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eksiam-kubeconfig-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("choosing a cluster", () => {
  it("takes the current context and reads the ARN of its cluster", () => {
    expect(createKubernetesClient({ kubeconfigText })).toMatchObject({
      ok: true,
      value: {
        context: "workshop",
        contexts: ["workshop", "local", "dangling"],
        cluster: { name: arn, eks: { name: "eks-workshop", region: "us-west-2", accountId: "111122223333" } },
      },
    });
  });

  it("takes another context from a file, whose cluster need not be an ARN", async () => {
    const kubeconfig = join(folder, "config");
    await writeFile(kubeconfig, kubeconfigText);

    expect(createKubernetesClient({ kubeconfig, context: "local" })).toMatchObject({
      ok: true,
      value: { cluster: { name: "kind", eks: null } },
    });
  });

  it.each([
    ["an unknown context", { kubeconfigText, context: "nope" }, "unknown-context", /workshop, local/],
    ["a context without its cluster", { kubeconfigText, context: "dangling" }, "unreadable", /dangling/],
    ["no file", { kubeconfig: "/does/not/exist" }, "unreadable", /\/does\/not\/exist/],
    ["no YAML", { kubeconfigText: "clusters: [" }, "unreadable", /cannot be read/],
    [
      "no contexts",
      { kubeconfigText: "apiVersion: v1\nkind: Config\n" },
      "not-configured",
      /update-kubeconfig/,
    ],
  ] as const)("says what to do about %s", (_, options, type, message) => {
    const created = createKubernetesClient(options);

    expect(created).toMatchObject({ ok: false, error: { type, message: expect.stringMatching(message) } });
  });

  it.each([
    ["arn:aws-cn:eks:cn-north-1:111122223333:cluster/a", "a"],
    ["arn:aws-us-gov:eks:us-gov-west-1:111122223333:cluster/b_c-d", "b_c-d"],
    ["arn:aws:eks:us-west-2:1:cluster/a", undefined],
    ["eks-workshop.us-west-2.eksctl.io", undefined],
  ])("reads %s", (text, name) => {
    expect(parseClusterArn(text)?.name).toBe(name);
  });
});
