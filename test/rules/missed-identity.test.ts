import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { diagnose } from "../../src/core/diagnose.ts";
import type { EvidenceBundle } from "../../src/core/evidence.ts";
import type { JsonValue } from "../../src/core/json.ts";
import { rules } from "../../src/rules/index.ts";
import { bundleOf, type RuleFixture } from "./rule-fixture.ts";

const folder = join(import.meta.dirname, "../fixtures/rules");

/** From the most to the least telling: what was meant for the workload, and stands elsewhere. */
const slips = [
  ["irsa-annotation-wrong-key", "the right key on the pod template"],
  ["kube2iam-kiam-leftover", "the annotation is left, kube2iam is gone"],
  ["pia-other-service-account", "the association's service account has a suffix"],
  ["irsa-annotated-other-sa", "a suffix more"],
  ["irsa-annotation-missing", "one role is made for this service account"],
  ["pia-other-namespace", "the namespace was mistyped"],
  ["pia-other-cluster", "the cluster before this one has it"],
] as const;

describe("one missing identity", () => {
  it.each(slips.map(([id], at) => [id, at] as const))(
    "is one finding, however much is misplaced: %s comes before what tells less",
    (id, at) => {
      const rest = slips.slice(at).map(([rule, name]) => caseOf(rule, name));
      // What tells more is put over what tells less.
      const bundle = rest.reduceRight((before, one) => bundleOf(before, one), base("node-role-denial"));

      const diagnosis = diagnose(rules, bundle);

      expect(diagnosis.cause?.ruleId).toBe(id);
      expect(diagnosis.alsoWrong).toEqual([]);
    },
  );

  it("is nobody's fault where nothing misses it: every slip at once, and logs without an error", () => {
    const all = slips.map(([rule, name]) => caseOf(rule, name));
    const bundle = patched(
      all.reduceRight((before, one) => bundleOf(before, one), base("node-role-denial")),
      quiet,
    );

    expect(diagnose(rules, bundle)).toMatchObject({ conclusion: "no-fault-found", alsoWrong: [] });
  });

  it.each(["pod-identity-healthy", "irsa-healthy"])("is not told beside the one that works: %s", (name) => {
    const beside = {
      ...template({ annotations: { "iam.amazonaws.com/role": "carts" }, hostNetwork: true }),
      "k8s.service-accounts": found([
        { name: "carts-sa", annotations: { "eks.amazonaws.com/role-arn": role } },
      ]),
      "eks.associations-elsewhere": found({
        otherNamespaces: [{ associationId: "a-0ns", namespace: "cart", serviceAccount: "carts" }],
        otherClusters: [{ cluster: "eks-blue", associationId: "a-0cl" }],
        complete: true,
      }),
    };
    const bundle = patched(base(name), beside);

    expect(diagnose(rules, bundle)).toMatchObject({ conclusion: "no-fault-found", alsoWrong: [] });
  });

  it("is told with what keeps the pods from the node role, which is no fault", () => {
    const bundle = bundleOf(
      bundleOf(base("node-role-denial"), caseOf("imds-hop-limit-1", "no credentials, and a hop limit of 1")),
      caseOf("imds-blocked", "a policy allows everything but this address"),
    );
    const limited = patched(bundle, {
      "ec2.instances":
        caseOf("imds-hop-limit-1", "no credentials, and a hop limit of 1").evidence?.["ec2.instances"] ??
        null,
    });

    const diagnosis = diagnose(rules, limited);

    expect(diagnosis.cause?.ruleId).toBe("no-credentials-no-identity");
    expect(diagnosis.alsoWrong.map(({ ruleId }) => ruleId)).toEqual(["imds-blocked", "imds-hop-limit-1"]);
  });

  it("leaves no blind spot where only information could not be seen, and says what was not read", () => {
    const found = caseOf("imds-hop-limit-1", "no credentials, and a hop limit of 1");
    const unseen = {
      status: "unavailable",
      reason: "access-denied",
      permission: "ec2:DescribeInstances",
      source: "test",
    };
    const bundle = bundleOf(base("node-role-denial"), { ...found, evidence: { "ec2.instances": unseen } });

    const { cause, blindSpots, remarks } = diagnose(rules, bundle);

    expect(cause?.ruleId).toBe("no-credentials-no-identity");
    expect(blindSpots.map(({ evidence }) => evidence)).not.toContain("ec2.instances");
    expect(remarks.join("\n")).toContain("Grant eksiam: ec2:DescribeInstances.");
  });

  it.each([
    ["the default service account without AWS", template({ serviceAccountName: "default" })],
    ["system pods on the host's network", template({ hostNetwork: true })],
    ["kube2iam's annotation", template({ annotations: { "iam.amazonaws.com/role": "carts" } })],
  ])("is not missed by %s", (_name, evidence) => {
    const bundle = patched(patched(base("node-role-denial"), evidence), quiet);

    expect(diagnose(rules, bundle)).toMatchObject({ conclusion: "no-fault-found", alsoWrong: [] });
  });
});

const role = "arn:aws:iam::111122223333:role/eks-workshop-carts-dynamo";
const quiet = { "logs.errors": { value: { errors: [] } } };

function template(values: Readonly<Record<string, JsonValue>>) {
  return { "k8s.workload": { value: { template: values } } };
}

function found(value: JsonValue) {
  return { status: "found", value, source: "test", at: "2026-11-20T12:00:00.000Z" };
}

function patched(bundle: EvidenceBundle, evidence: Readonly<Record<string, JsonValue>>): EvidenceBundle {
  return bundleOf(bundle, { name: "", patch: { evidence }, expect: { outcome: "pass" } });
}

function caseOf(id: string, name: string) {
  const { cases } = readJson(`${id}.json`) as RuleFixture;
  const one = cases.find((test) => test.name === name);
  if (one === undefined) throw new Error(`no such case: ${name}`);
  return one;
}

function base(name: string): EvidenceBundle {
  return readJson(`_bases/${name}.json`) as EvidenceBundle;
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(join(folder, file), "utf8"));
}
