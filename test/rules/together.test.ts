import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { diagnose } from "../../src/core/diagnose.ts";
import type { EvidenceBundle } from "../../src/core/evidence.ts";
import { rules } from "../../src/rules/index.ts";
import { bundleOf, type RuleFixture } from "./rule-fixture.ts";

const folder = join(import.meta.dirname, "../fixtures/rules");
const failing = readdirSync(folder)
  .filter((file) => file.endsWith(".json"))
  .flatMap((file) => {
    const fixture = readJson(file) as RuleFixture;
    return fixture.cases
      .filter(({ expect: { outcome } }) => outcome === "fail")
      .map((test) => ({
        id: file.replace(/\.json$/, ""),
        name: test.name,
        bundle: bundleOf(readBase(test.base ?? fixture.base), test),
      }));
  });

/** Information is told beside the answer and is never the cause. */
const informing = new Set(rules.filter(({ meta }) => meta.severity === "info").map(({ id }) => id));
const faults = failing.filter(({ id }) => !informing.has(id));

/** Without the evidence that tells more, what is left is the wider fault, which is true as well. */
const noIdentity = ["node-role-fallback-no-identity", "no-credentials-no-identity", "hostnetwork-node-role"];
const wider: Readonly<Record<string, readonly string[]>> = {
  "irsa-annotated-other-sa": noIdentity,
  "irsa-annotation-missing": noIdentity,
  "pia-other-cluster": noIdentity,
  "pia-other-namespace": noIdentity,
  "pod-uses-default-sa": noIdentity,
  "policy-not-default-version": ["identity-policy-missing-action"],
  "webhook-pod-down": ["injection-missed-webhook-flap", "webhook-url-unreachable"],
  "stale-principal-in-resource-policy": ["resource-policy-missing-cross-account"],
};

describe("all rules together", () => {
  it.each(faults)("name one cause, $id, and nobody repeats it: $name", ({ id, bundle }) => {
    const diagnosis = diagnose(rules, bundle);

    expect(diagnosis.cause?.ruleId).toBe(id);
    expect(diagnosis.alsoWrong.map(({ ruleId }) => ruleId)).toEqual([]);
  });

  it("tell information beside the answer", () => {
    const told = failing
      .filter(({ id }) => informing.has(id))
      .map(({ id, bundle }) => ({ id, diagnosis: diagnose(rules, bundle) }));

    expect(told.filter(({ id, diagnosis }) => diagnosis.cause?.ruleId === id)).toEqual([]);
    expect(
      told.filter(({ id, diagnosis }) => !diagnosis.alsoWrong.some(({ ruleId }) => ruleId === id)),
    ).toEqual([]);
  });

  it.each(faults)(
    "never call it healthy, or name another cause, without one kind of evidence: $id, $name",
    ({ id, bundle }) => {
      const kinds = Object.keys(bundle.evidence);
      const answers = kinds.map((kind) => diagnose(rules, without(bundle, kind)));

      expect(kinds.filter((_, at) => answers[at]?.conclusion === "no-fault-found")).toEqual([]);
      const told = [id, ...(wider[id] ?? [])];
      expect(kinds.filter((_, at) => !told.includes(answers[at]?.cause?.ruleId ?? id))).toEqual([]);
    },
  );

  it.each(["pod-identity-healthy", "irsa-healthy"])("find no fault in %s", (base) => {
    expect(diagnose(rules, readBase(base))).toMatchObject({
      conclusion: "no-fault-found",
      alsoWrong: [],
      blindSpots: [],
    });
  });

  it.each([
    ["no AWS at all", "node-role-denial", { "logs.errors": { value: { errors: [] } } }],
    ["a malformed annotation beside a working association", "pod-identity-healthy", annotated("carts")],
    [
      "Auto Mode nodes without a DaemonSet",
      "pod-identity-healthy",
      { "k8s.agent": { value: { pods: [] } }, ...nodes("auto") },
    ],
  ] as const)("accuse nobody: %s", (_name, base, evidence) => {
    const bundle = bundleOf(readBase(base), {
      name: "",
      patch: { evidence },
      expect: { outcome: "pass" },
    });

    expect(diagnose(rules, bundle)).toMatchObject({ conclusion: "no-fault-found", alsoWrong: [] });
  });
});

describe("an answer of the agent", () => {
  it.each([
    ["networkpolicy-blocks-agent", "the agent answered through the policy, which nothing enforces"],
    ["security-group-for-pods", "the agent answered"],
    ["proxy-no-no_proxy", "the agent answered"],
  ])("leads to the trust policy, and not to what could be in the way: %s", (id, name) => {
    const { base, cases } = readJson(`${id}.json`) as RuleFixture;
    const answered = cases.find((one) => one.name === name);
    if (answered === undefined) throw new Error(`no such case: ${name}`);
    const nobody = { "iam.role": { value: { trustPolicy: { Version: "2012-10-17", Statement: [] } } } };

    const diagnosis = diagnose(rules, bundleOf(readBase(base), { ...answered, patch: { evidence: nobody } }));

    expect(diagnosis.cause?.ruleId).toBe("pi-trust-missing-principal");
    expect(diagnosis.alsoWrong).toEqual([]);
  });
});

it("a static pod is told as such, and not as one that the webhook missed", () => {
  const bundle = readBase("pod-identity-not-injected");
  const pods = bundle.evidence["k8s.pods"];
  if (pods?.status !== "found") throw new Error("no pods");
  const mirrored = {
    ...pods,
    value: { ...pods.value, pods: pods.value.pods.map((pod) => ({ ...pod, mirror: true })) },
  };

  const diagnosis = diagnose(rules, { ...bundle, evidence: { ...bundle.evidence, "k8s.pods": mirrored } });

  expect(diagnosis.cause?.ruleId).toBe("pod-identity-unsupported-compute");
  expect(diagnosis.alsoWrong).toEqual([]);
});

describe("a sidecar that another webhook added after the identity", () => {
  it.each(["pod-identity-healthy", "irsa-healthy"])(
    "is not taken for a container that was missed: %s",
    (name) => {
      const bundle = readBase(name);
      const pods = bundle.evidence["k8s.pods"];
      if (pods?.status !== "found") throw new Error("no pods");
      const withSidecar = pods.value.pods.map((pod) => ({
        ...pod,
        containers: pod.containers.flatMap((own) => [own, { ...own, name: "istio-proxy", env: [] }]),
      }));
      const seen = { ...pods, value: { ...pods.value, pods: withSidecar } };

      expect(
        diagnose(rules, { ...bundle, evidence: { ...bundle.evidence, "k8s.pods": seen } }),
      ).toMatchObject({
        conclusion: "no-fault-found",
        alsoWrong: [],
      });
    },
  );
});

function annotated(value: string) {
  return { "k8s.service-account": { value: { annotations: { "eks.amazonaws.com/role-arn": value } } } };
}

function nodes(compute: string) {
  const node = { name: "i-0", instanceId: null, nodegroup: null, compute, os: "linux", createdAt: "" };
  return { "k8s.nodes": { value: [node] } };
}

function without(bundle: EvidenceBundle, kind: string): EvidenceBundle {
  const blind = { status: "unavailable", reason: "access-denied", source: "test" } as const;
  return { ...bundle, evidence: { ...bundle.evidence, [kind]: blind } };
}

function readBase(name: string): EvidenceBundle {
  return readJson(`_bases/${name}.json`) as EvidenceBundle;
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(join(folder, file), "utf8"));
}
