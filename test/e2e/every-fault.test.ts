import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { deployedRights } from "../../sandbox/deployed.ts";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox.ts";
import { createCallBudget } from "../../src/app/call-budget.ts";
import type { ClusterAccess } from "../../src/app/ports.ts";
import type {
  Evidence,
  EvidenceKind,
  Observation,
  Question,
  UnavailableReason,
} from "../../src/core/evidence.ts";
import { openOneCluster } from "../../src/main/clusters.ts";
import { type Config, loadConfig } from "../../src/main/config.ts";
import { encodedRefusal } from "../adapters/aws/story.ts";
import {
  awsProtocol,
  type Fault,
  faults,
  kubernetesProtocol,
  type Planted,
  startFaultProxy,
} from "../support/faults.ts";
import { quickLookups, writeQuickConfig } from "./support.ts";

const cluster = "eks-workshop";
const before = { ...process.env };
const question: Question = {
  cluster,
  namespace: "checkout",
  name: "checkout",
  kind: "Deployment",
  container: null,
  sinceSeconds: 3_600,
};

/** How each kind of workload is read, one and all. */
const getsOfKinds = {
  "get deployments.apps": "list deployments.apps",
  "get statefulsets.apps": "list statefulsets.apps",
  "get daemonsets.apps": "list daemonsets.apps",
  "get jobs.batch": "list jobs.batch",
  "get cronjobs.batch": "list cronjobs.batch",
  "get pods": "list pods",
};

const rights = await deployedRights();
let sandbox: Sandbox;
let folder: string;
let config: Config;
let planted: Planted | null = null;
const proxies: { close(): void }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eksiam-faults-"));
  sandbox = await startSandbox({
    ...rights,
    tickMs: 0,
    paceMs: 2,
    lookupsPerSecond: quickLookups,
  });
  furnish(sandbox);
  const { url } = sandbox.clusters[cluster];
  const kubernetes = await startFaultProxy(url, kubernetesProtocol, () => planted);
  const aws = await startFaultProxy(sandbox.awsUrl, awsProtocol, () => planted);
  proxies.push(kubernetes, aws);
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, sandbox.kubeconfig("investigator").replaceAll(url, kubernetes.url));
  config = await loadConfig(await writeQuickConfig(folder, sandbox));
  Object.assign(process.env, sandbox.awsEnv("investigator"), {
    AWS_ENDPOINT_URL: aws.url,
    KUBECONFIG: kubeconfig,
  });
  // What is tried again is tried again at once.
  vi.spyOn(Math, "random").mockReturnValue(0);
}, 30_000);

afterAll(async () => {
  vi.restoreAllMocks();
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
  for (const proxy of proxies) proxy.close();
  await sandbox?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Gives the workload all that a workload can have, so that every collector has something to read. */
function furnish({ account }: Sandbox): void {
  const role = "eks-workshop-checkout-sqs";
  const document = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "sqs:SendMessage", Resource: "*" }],
  };
  const policyArn = account.addManagedPolicy("checkout-extra", document);
  account.addPolicyVersion(policyArn, document, { asDefault: false });
  account.attachPolicy(role, policyArn);
  account.setPermissionsBoundary(role, policyArn);
  const targetRoleArn = account.addRole({
    name: "checkout-target",
    trustPolicy: { Version: "2012-10-17", Statement: [] },
    inline: { send: document },
    attached: [policyArn],
  });
  const association = account.associations(cluster).find((one) => one.serviceAccount === "checkout");
  if (association === undefined) throw new Error("checkout has no association");
  account.updateAssociation(association.associationId, { targetRoleArn });
}

const open = (): ClusterAccess => openOneCluster({ cluster }, config, process.env);

interface Truth {
  readonly evidence: Evidence;
  /** The operations that each kind asked for. */
  readonly operations: ReadonlyMap<EvidenceKind, readonly string[]>;
}

/** Everything that any collector can see of the workload, whether a rule wants it or not. */
async function wholeTruth(): Promise<Truth> {
  let evidence: Evidence = {};
  const operations = new Map<EvidenceKind, readonly string[]>();
  const left = new Set(Object.keys(open().collectors) as EvidenceKind[]);
  while (left.size > 0) {
    for (const kind of left) {
      const { collectors, meter } = open();
      if (!collectors[kind].after.every((one) => evidence[one] !== undefined)) continue;
      const budget = createCallBudget();
      const signal = AbortSignal.timeout(deadlineMs);
      const context = { question, evidence, signal };
      const ask = (): Promise<Observation<unknown>> => collectors[kind].collect(context);
      const seen = await meter.spending(budget, ask);
      left.delete(kind);
      operations.set(kind, Object.values(budget.counts()).flatMap(Object.keys));
      evidence = { ...evidence, [kind]: staged(kind, seen) };
    }
  }
  return { evidence, operations };
}

const deadlineMs = 10_000;

/** What the workload of the story does not show, but others do: an encoded refusal, a webhook of one's own. */
function staged(kind: EvidenceKind, seen: Observation<unknown>): Observation<unknown> {
  if (seen.status !== "found") return seen;
  const value = seen.value as Record<string, unknown>;
  if (kind === "logs.errors") return { ...seen, value: { ...value, errors: [encodedRefusal] } };
  if (kind !== "k8s.webhook") return seen;
  return {
    ...seen,
    value: { ...value, clientConfig: { url: null, service: "kube-system/kube-dns/mutate" } },
  };
}

/** What each fault is to the evidence. */
const reasonOf: Readonly<Record<Fault, readonly UnavailableReason[]>> = {
  denied: ["access-denied"],
  throttled: ["throttled"],
  "server-error": ["error"],
  // A cluster that does not know who calls, and an account that does not take the keys: no permission would help.
  unauthenticated: ["access-denied", "error"],
  hang: ["timeout"],
  reset: ["error"],
  malformed: ["error"],
  truncated: ["error"],
  "wrong-types": ["error"],
  nulls: ["error"],
  "empty-object": ["error"],
  "web-page": ["error"],
  "missing-page": ["error"],
};

/** Every text is a log. */
const harmlessToLogs: readonly Fault[] = ["malformed", "empty-object"];

const spoilsValues: readonly Fault[] = ["wrong-types", "nulls"];

function sameValue(a: Observation<unknown>, b: Observation<unknown> | undefined): boolean {
  const textOf = (seen: typeof b) => (seen?.status === "found" ? JSON.stringify(seen.value) : null);
  return textOf(a) !== null && textOf(a) === textOf(b);
}

/** Bodies that are read by each collector for itself; what else goes wrong, the client of an operation sees for all. */
const ofEveryCollector: readonly Fault[] = ["denied", "wrong-types", "nulls", "empty-object"];

/** Long enough for an answer, short enough to wait for often. */
const shortMs = 100;

/** Asks while an operation fails. @throws where the operation was not asked for. */
async function during<T>(
  operation: string,
  fault: Fault,
  ask: (access: ClusterAccess, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const plan: Planted = { operation, fault, met: 0 };
  planted = plan;
  try {
    return await ask(open(), AbortSignal.timeout(fault === "hang" ? shortMs : deadlineMs));
  } finally {
    planted = null;
    // On a busy machine the short deadline may come first, which is no other thing.
    if (fault !== "hang") expect(plan.met, `${operation} was not asked for`).toBeGreaterThan(0);
  }
}

/** Null: the evidence says what it must where this operation failed so. */
function problemOf(seen: Observation<unknown>, operation: string, fault: Fault): string | null {
  if (seen.status !== "unavailable") return `${seen.status} ${JSON.stringify(seen).slice(0, 200)}`;
  if (!reasonOf[fault].includes(seen.reason)) return `${seen.reason}: ${seen.detail}`;
  const permission = fault === "denied" ? operation : undefined;
  return seen.permission === permission ? null : `permission ${seen.permission}`;
}

test("whatever a call comes to, what it was for is not seen", async () => {
  const { evidence, operations } = await wholeTruth();
  const readers = [...operations].flatMap(([kind, asked]) => asked.map((operation) => ({ kind, operation })));
  expect(readers.length).toBeGreaterThan(50);
  const wrong: string[] = [];
  for (const [index, { kind, operation }] of readers.entries()) {
    const first = readers.findIndex((reader) => reader.operation === operation) === index;
    for (const fault of first ? faults : ofEveryCollector) {
      if (operation === "get pods/log" && harmlessToLogs.includes(fault)) continue;
      const ask = ({ collectors }: ClusterAccess, signal: AbortSignal): Promise<Observation<unknown>> =>
        collectors[kind].collect({ question, evidence, signal });
      const seen = await during(operation, fault, ask);
      // Of an empty list, only what nobody reads can be spoilt.
      if (spoilsValues.includes(fault) && sameValue(seen, evidence[kind])) continue;
      const problem = problemOf(seen, operation, fault);
      if (problem !== null) wrong.push(`${kind}, ${operation}, ${fault}: ${problem}`);
    }
  }
  expect(wrong).toEqual([]);
}, 60_000);

describe("names that cannot be looked up are not there for all that", () => {
  const somebody = { ...question, kind: null };
  const nobody = { ...question, name: "chekcout", kind: null };
  const gets = Object.keys(getsOfKinds);

  test.each(faults)("%s", async (fault) => {
    for (const operation of gets) {
      const found = await during(operation, fault, (access, signal) => access.resolve(somebody, signal));
      // Where one kind is there, the others do not matter.
      const matters = operation === "get deployments.apps";
      expect(found, operation).toMatchObject(matters ? { error: { type: "unavailable" } } : { ok: true });
      const lost = await during(operation, fault, (access, signal) => access.resolve(nobody, signal));
      const permission = fault === "denied" ? operation : null;
      expect(lost, operation).toMatchObject({ ok: false, error: { type: "unavailable", permission } });
      if (fault === "hang") break;
    }
    for (const operation of Object.values(getsOfKinds)) {
      const listed = await during(operation, fault, (access, signal) => access.listWorkloads(null, signal));
      expect(problemOf(listed, operation, fault), operation).toBeNull();
      if (fault === "hang") break;
    }
  });
});
