import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deployedRights } from "../../sandbox/deployed.ts";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox.ts";
import { stories } from "../../sandbox/stories/index.ts";
import { answer } from "../../src/app/judge.ts";
import type { Question } from "../../src/core/evidence.ts";
import { openOneCluster } from "../../src/main/clusters.ts";
import { type Io, run } from "../../src/main/commands.ts";
import { rules } from "../../src/rules/index.ts";
import { quickLookups, writeQuickConfig } from "./support.ts";

let folder: string;
let sandbox: Sandbox;
const before = { ...process.env };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eksiam-stories-"));
  sandbox = await startSandbox({ ...(await deployedRights()), lookupsPerSecond: quickLookups });
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, sandbox.kubeconfig("investigator"));
  Object.assign(process.env, sandbox.awsEnv("investigator"), {
    KUBECONFIG: kubeconfig,
    EKSIAM_CONFIG: await writeQuickConfig(folder, sandbox),
  });
}, 30_000);

afterAll(async () => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
  await sandbox?.close();
  await rm(folder, { recursive: true, force: true });
});

async function eksiam(...argv: readonly string[]) {
  let out = "";
  let err = "";
  const stream = (add: (text: string) => void) =>
    ({ write: add, isTTY: false }) as unknown as NodeJS.WriteStream;
  const io: Io = {
    env: process.env,
    stdin: (async function* () {})(),
    stdout: stream((text) => {
      out += text;
    }),
    stderr: stream((text) => {
      err += text;
    }),
  };
  return { code: await run(argv, io), out, err };
}

describe("every story gets its right answer", () => {
  test.each(stories.map((story) => [`${story.namespace}/${story.name}`, story] as const))(
    "%s",
    async (name, story) => {
      const asked = await eksiam("why", name, "--cluster", story.cluster, "--output", "json");
      const diagnosis = JSON.parse(asked.out);

      expect(diagnosis.schema).toBe("eksiam/diagnosis/v1");
      expect(diagnosis.conclusion).toBe(story.expect.conclusion);
      expect(diagnosis.cause?.ruleId ?? null).toBe(story.expect.ruleId);
      expect(diagnosis.blindSpots).toEqual([]);
      expect(asked.code).toBe(story.expect.ruleId === null ? 0 : 1);
      expect(asked.err).toBe("");

      const file = join(folder, `${story.name}.json`);
      await eksiam("collect", name, "--cluster", story.cluster, "--out", file);
      const offline = await eksiam("why", "--bundle", file, "--output", "json");
      expect(JSON.parse(offline.out)).toMatchObject({ conclusion: diagnosis.conclusion });
      expect((await eksiam("why", "--bundle", file, "--output", "json")).out).toBe(offline.out);
      expect((await eksiam("why", "--bundle", file)).out).toContain(story.expect.ruleId ?? "No fault found");
      expect(await readFile(file, "utf8")).not.toMatch(/sandbox-investigator|sandbox-secret/);
    },
    30_000,
  );
});

test("a container that the workload does not have is told, not judged", async () => {
  const asked = await eksiam("why", "carts/carts", "--container", "nope");
  expect(asked.code).toBe(2);
  expect(asked.out).toBe("");
  expect(asked.err).toMatch(/has no container nope; it has \w+/);
});

test("the audit of a cluster lists exactly its broken stories", async () => {
  for (const cluster of Object.keys(sandbox.clusters)) {
    const asked = await eksiam("audit", "--cluster", cluster, "--output", "json");
    const { workloads } = JSON.parse(asked.out) as {
      workloads: { namespace: string; ruleId: string | null }[];
    };
    const broken = workloads
      .filter((one) => one.ruleId !== null)
      .map((one) => `${one.namespace} ${one.ruleId}`);
    const told = stories.filter((story) => story.cluster === cluster && story.expect.ruleId !== null);
    expect(broken.sort()).toEqual(told.map((story) => `${story.namespace} ${story.expect.ruleId}`).sort());
    expect(asked.code).toBe(1);
  }
}, 60_000);

test("a bundle judges offline, byte for byte, as the live evidence did", async () => {
  const question: Question = {
    cluster: "eks-workshop",
    namespace: "carts",
    name: "carts",
    kind: null,
    container: null,
    sinceSeconds: 3_600,
  };
  const live = await ask(question);
  if (!live.ok) throw new Error(live.error.type);
  const file = join(folder, "live.json");
  await writeFile(file, JSON.stringify(live.value.bundle));
  const { diagnosisJson } = await import("../../src/adapters/terminal/diagnosis-json.ts");
  expect((await eksiam("why", "--bundle", file, "--output", "json")).out).toBe(
    diagnosisJson(live.value.diagnosis),
  );
});

function ask(question: Question) {
  const access = openOneCluster({ cluster: question.cluster }, null, process.env);
  return answer({ rules, clock: () => new Date().toISOString(), deadlineMs: 20_000 }, access, question);
}
