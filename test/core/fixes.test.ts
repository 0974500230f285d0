import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { describeChange } from "../../src/core/describe-change.ts";
import type { EvidenceBundle, Found, WorkloadFacts } from "../../src/core/evidence.ts";
import {
  annotateServiceAccount,
  attachNodePolicy,
  createOidcProvider,
  deletePod,
  installAgent,
  registerAudience,
  runAs,
  setFsGroup,
  setTemplateMetadata,
  setVariables,
  trustPolicyFix,
} from "../../src/core/fixes.ts";
import { known } from "../../src/core/identity.ts";
import { canonical } from "../../src/core/json.ts";
import type { Change } from "../../src/core/plan.ts";
import { rehearse } from "../../src/core/rehearse.ts";

const bundle = read("irsa-healthy");
const { question, evidence } = bundle;
const workload = evidence["k8s.workload"] as Found<WorkloadFacts>;
const cluster = found("eks.cluster");
const role = found("iam.role");
const account = evidence["k8s.service-account"];
const container = workload.value.template.containers[0]?.name ?? "";

function read(base: string): EvidenceBundle {
  const path = new URL(`../fixtures/rules/_bases/${base}.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")) as EvidenceBundle;
}

function found<K extends keyof EvidenceBundle["evidence"]>(kind: K, from = bundle) {
  const value = known(from.evidence[kind] as never);
  if (value === null) throw new Error(`the base has no ${kind}`);
  return value as NonNullable<EvidenceBundle["evidence"][K]> extends infer O
    ? O extends Found<infer T>
      ? T
      : never
    : never;
}

const withTemplate = (template: object) => ({
  ...workload,
  value: { ...workload.value, template: { ...workload.value.template, ...template } },
});
const withEnv = (env: WorkloadFacts["template"]["containers"][number]["env"]) => {
  const [first] = workload.value.template.containers;
  return withTemplate({ containers: [{ ...first, env }] });
};
const kinds = (fix: readonly Change[] | undefined) => (fix ?? []).map(({ kind }) => kind);
const rehearsed = (fix: readonly Change[] | undefined, from = bundle) =>
  (fix ?? []).reduce((before, change) => rehearse(change, before), from);

describe("a service account", () => {
  const roleArn = "arn:aws:iam::111122223333:role/other";

  test("is annotated, and the pods are replaced, for they keep what they were given", () => {
    if (account?.status !== "found") throw new Error("the base has no service account");
    const { fix } = annotateServiceAccount(account, roleArn, workload, question);

    expect(kinds(fix)).toEqual(["k8s.service-account.annotate", "k8s.rollout.restart"]);
    const env = found("k8s.pods", rehearsed(fix)).pods[0]?.containers[0]?.env ?? [];
    expect(env.filter(({ name }) => name === "AWS_ROLE_ARN").map(({ value }) => value)).toEqual([roleArn]);
  });

  test("of another name: the workload's pods run as it", () => {
    const { fix } = runAs(workload, "other", question);

    const after = rehearsed(fix);
    expect(found("k8s.workload", after).template.serviceAccountName).toBe("other");
    expect(found("k8s.pods", after).pods[0]?.serviceAccountName).toBe("other");
    expect(after.evidence["k8s.service-account"]?.status).not.toBe("found");
  });
});

describe("variables", () => {
  test("are set and taken out, in the order of their names", () => {
    const given = withEnv([{ name: "NO_PROXY", value: "localhost", from: "literal" }]);
    const { fix } = setVariables(given, container, { no_proxy: "a", NO_PROXY: null }, question);

    expect(fix).toMatchObject([
      {
        target: { container, variables: ["NO_PROXY", "no_proxy"] },
        before: { NO_PROXY: { value: "localhost" }, no_proxy: null },
        after: { NO_PROXY: null, no_proxy: { value: "a" } },
      },
    ]);
  });

  test("with keys in them are never told, and say how to put them back", () => {
    const given = withEnv([
      { name: "AWS_ACCESS_KEY_ID", value: null, from: "literal" },
      { name: "AWS_SECRET_ACCESS_KEY", value: null, from: "secret" },
    ]);
    const names = { AWS_ACCESS_KEY_ID: null, AWS_SECRET_ACCESS_KEY: null };
    const [change] = setVariables(given, container, names, question).fix ?? [];

    expect(change?.before).toEqual({
      AWS_ACCESS_KEY_ID: { from: "hidden" },
      AWS_SECRET_ACCESS_KEY: { from: "secret" },
    });
    expect(change === undefined ? "" : describeChange(change).undo).toContain("rollout undo");
  });

  test("that only envFrom brings, or of a censored value, are a person's to edit", () => {
    expect(setVariables(withEnv([]), container, { AWS_PROFILE: null }, question)).not.toHaveProperty("fix");
    const value = "http://u:[redacted]@proxy,169.254.170.23";
    expect(setVariables(withEnv([]), container, { NO_PROXY: value }, question)).not.toHaveProperty("fix");
  });
});

test("a pod template gets a group and loses an annotation; what has no rollout is a person's to edit", () => {
  const key = "eks.amazonaws.com/skip-containers";
  const given = withTemplate({ annotations: { [key]: "app" } });
  const { fix } = setTemplateMetadata(given, "annotations", key, null, question);
  const start = { ...bundle, evidence: { ...evidence, "k8s.workload": given } };

  expect(found("k8s.pods", rehearsed(fix, start)).pods[0]?.annotations).not.toHaveProperty([key]);
  expect(found("k8s.pods", rehearsed(setFsGroup(workload, 65_534, question).fix)).pods[0]?.fsGroup).toBe(
    65_534,
  );
  const job = { ...workload, value: { ...workload.value, kind: "Job" as const } };
  expect(setFsGroup(job, 65_534, question).fix).toBeUndefined();
});

test("one pod is made anew, where something makes it", () => {
  const [pod] = found("k8s.pods").pods;
  if (pod === undefined) throw new Error("the base has no pod");
  const change = deletePod(pod, workload.value, question);

  expect(change?.before).toEqual({ uid: pod.uid });
  const after = found("k8s.pods", rehearsed(change === null ? [] : [change])).pods;
  expect(after.map(({ uid }) => uid)).not.toContain(pod.uid);
  expect(after).toHaveLength(found("k8s.pods").pods.length);
  expect(deletePod(pod, { ...workload.value, kind: "Pod" }, question)).toBeNull();
});

describe("IAM", () => {
  test("a trust policy is replaced by the corrected one, unless it is too long or a person's to decide", () => {
    const document = { Version: "2012-10-17", Statement: [] };
    const { fix } = trustPolicyFix("Correct it", role, document, question);

    expect(found("iam.role", rehearsed(fix)).trustPolicy).toEqual(document);
    expect(trustPolicyFix("Correct it", role, null, question)).toMatchObject({
      manual: [{ title: "Correct it" }],
    });
    const long = { ...document, Id: "x".repeat(2_048) };
    expect(trustPolicyFix("Correct it", role, long, question).manual?.[0]?.title).toMatch(
      /more than the 2048/,
    );
  });

  test("white space does not count towards a trust policy's length", () => {
    const spaced = { Version: "2012-10-17", Statement: [], Id: `${" ".repeat(3_000)}x` };

    expect(trustPolicyFix("Correct it", role, spaced, question).fix).toHaveLength(1);
  });

  test("an issuer and an audience are registered", () => {
    const create = createOidcProvider(cluster, "sts.amazonaws.com");
    if (create === null) throw new Error("the base has no issuer");
    const start = {
      ...bundle,
      evidence: { ...evidence, "iam.oidc-providers": { status: "absent", source: "", at: "" } as const },
    };
    const provider = found("iam.oidc-providers", rehearsed([create], start)).forCluster;
    if (provider === null) throw new Error("the rehearsal made no provider");

    expect(provider).toEqual({
      arn: `arn:aws:iam::${cluster.accountId}:oidc-provider/${provider.issuer}`,
      issuer: cluster.oidcIssuer?.slice("https://".length),
      clientIds: ["sts.amazonaws.com"],
    });
    const after = rehearsed([create, registerAudience(provider, "more", question)], start);
    expect(found("iam.oidc-providers", after).forCluster?.clientIds).toEqual(["sts.amazonaws.com", "more"]);
  });

  test("a node role gets the managed policy of its own partition", () => {
    expect(attachNodePolicy("arn:aws-cn:iam::111122223333:role/path/nodes", question)?.target).toEqual({
      cluster: question.cluster,
      roleArn: "arn:aws-cn:iam::111122223333:role/path/nodes",
      roleName: "nodes",
      policyArn: "arn:aws-cn:iam::aws:policy/AmazonEKSWorkerNodePolicy",
    });
    expect(attachNodePolicy("not a role", question)).toBeNull();
  });
});

test("the agent is installed on every node", () => {
  const after = rehearsed([installAgent(cluster)]);

  expect(found("eks.agent-addon", after).status).toBe("ACTIVE");
  expect(found("k8s.agent", after).pods).toHaveLength(found("k8s.nodes").length);
});

test("rehearsing changes no evidence that it was given", () => {
  const before = canonical(bundle);
  rehearsed([installAgent(cluster), ...(runAs(workload, "other", question).fix ?? [])]);
  expect(canonical(bundle)).toBe(before);
});
