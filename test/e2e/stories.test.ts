import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { NamedDocument } from "../../sandbox/account/model.ts";
import { grantsFromManifests, withoutPermission } from "../../sandbox/cluster/rbac.ts";
import { deployedRights } from "../../sandbox/deployed.ts";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox.ts";
import { stories } from "../../sandbox/stories/index.ts";
import { answer } from "../../src/app/judge.ts";
import type { Question } from "../../src/core/evidence.ts";
import { openOneCluster } from "../../src/main/clusters.ts";
import { type Io, run } from "../../src/main/commands.ts";
import { rules } from "../../src/rules/index.ts";

let folder: string;
let sandbox: Sandbox;
const before = { ...process.env };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eksiam-stories-"));
  sandbox = await startSandbox(await deployedRights());
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, sandbox.kubeconfig("investigator"));
  Object.assign(process.env, sandbox.awsEnv("investigator"), { KUBECONFIG: kubeconfig });
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

describe("with one permission taken away, nothing is said to be well that was not seen", () => {
  const asked = (story: (typeof stories)[number]): Question => ({
    cluster: story.cluster,
    namespace: story.namespace,
    name: story.name,
    kind: story.kind,
    container: null,
    sinceSeconds: 3_600,
  });

  /** One of each mechanism, broken and healthy. */
  const judged = stories.filter((story) => ["carts", "reports", "checkout", "payments"].includes(story.name));

  async function judgeAll(permission: string): Promise<number> {
    let missed = 0;
    for (const story of judged) {
      const answered = await ask(asked(story));
      if (!answered.ok) {
        expect(answered.error, story.name).toMatchObject({ type: "unavailable", permission });
        missed++;
        continue;
      }
      const { diagnosis, bundle } = answered.value;
      const unseen = Object.values(bundle.evidence).filter(
        (observation) => observation.status === "unavailable",
      );
      if (story.expect.ruleId !== null) expect(diagnosis.conclusion, story.name).not.toBe("no-fault-found");
      if (unseen.length === 0) {
        // This story never asks for it: the answer is the same.
        expect(diagnosis.cause?.ruleId ?? null, story.name).toBe(story.expect.ruleId);
        continue;
      }
      missed++;
      expect(
        unseen.filter((observation) => observation.permission !== permission),
        story.name,
      ).toEqual([]);
      if (diagnosis.conclusion !== "cause-found")
        expect(diagnosis.conclusion, story.name).toBe("inconclusive");
      if (diagnosis.conclusion === "inconclusive") {
        expect(
          diagnosis.blindSpots.map((spot) => spot.permission),
          story.name,
        ).toContain(permission);
      }
      if (diagnosis.cause !== null) expect(diagnosis.cause.ruleId, story.name).toBe(story.expect.ruleId);
    }
    return missed;
  }

  test("of AWS", async () => {
    const { policies } = await deployedRights();
    const granted = policies.investigator ?? [];
    const needed: Record<string, number> = {};
    for (const action of actionsOf(granted).filter((one) => !ofOwnPolicies.includes(one))) {
      const deny = { Version: "2012-10-17", Statement: [{ Effect: "Deny", Action: action, Resource: "*" }] };
      sandbox.applyPolicies("investigator", [...granted, { name: "withheld", document: deny }]);
      needed[action] = await judgeAll(action);
    }
    sandbox.applyPolicies("investigator", granted);
    expect(Object.keys(needed).filter((action) => needed[action] === 0)).toEqual([]);
  }, 120_000);

  test("of Kubernetes", async () => {
    const manifests = await readFile("deploy/rbac/investigator.yaml", "utf8");
    const granted = grantsFromManifests([manifests], { namespace: "eksiam", name: "eksiam-investigator" });
    for (const permission of [
      "list pods",
      "get pods/log",
      "get serviceaccounts",
      "get deployments.apps",
      "list mutatingwebhookconfigurations.admissionregistration.k8s.io",
    ]) {
      const [verb = "", qualified = ""] = permission.split(" ");
      const [resource = "", ...group] = qualified.split(".");
      sandbox.applyRbac(
        "investigator",
        withoutPermission(granted, { verb, group: group.join("."), resource }),
      );
      expect(await judgeAll(permission), permission).toBeGreaterThan(0);
    }
    sandbox.applyRbac("investigator", granted);
  }, 120_000);
});

/** Only a denial as the workload's own role makes its policies relevant, and none of these stories has one. */
const ofOwnPolicies = [
  "iam:ListAttachedRolePolicies",
  "iam:ListRolePolicies",
  "iam:GetRolePolicy",
  "iam:GetPolicy",
  "iam:GetPolicyVersion",
];

function actionsOf(policies: readonly NamedDocument[]): readonly string[] {
  return policies.flatMap(({ document }) => {
    const { Statement } = document as unknown as { Statement: readonly { Action: readonly string[] }[] };
    return Statement.flatMap((statement) => statement.Action);
  });
}
