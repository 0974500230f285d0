import { once } from "node:events";
import { createServer } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Fault } from "../../../sandbox/account/faults.ts";
import { createAwsClients } from "../../../src/adapters/aws/clients.ts";
import { createEksCollectors } from "../../../src/adapters/aws/collectors/eks.ts";
import type { Evidence, Unavailable } from "../../../src/core/evidence.ts";
import { accountId, everything, statement, trustService } from "../../sandbox/account/served.ts";
import {
  type AwsCollectors,
  clock,
  cluster,
  collectorsOf,
  contextOf,
  deny,
  forgetEnvironment,
  foundValue,
  gatherAll,
  issuer,
  kubernetesEvidence,
  nodeRoleArn,
  question,
  roleArn,
  type Story,
  seen,
  serveStory,
  useEnvironment,
} from "./story.ts";

let story: Story;
let collectors: AwsCollectors;
let known: Evidence;

beforeAll(async () => {
  story = await serveStory();
  collectors = collectorsOf();
  known = await gatherAll(collectors);
});
afterAll(async () => {
  forgetEnvironment();
  await story.close();
});
beforeEach(() => {
  story.account.faults.clear();
  story.caller.policies = everything;
});

const annotation = "eks.amazonaws.com/role-arn";
const annotated = (arn: string) =>
  kubernetesEvidence({ serviceAccount: "reports", annotations: { [annotation]: arn } });

/** The calls of each kind, in the order in which they are made. */
const calls: Readonly<Record<keyof AwsCollectors, readonly string[]>> = {
  "eks.cluster": ["eks:DescribeCluster"],
  "eks.associations": ["eks:ListPodIdentityAssociations"],
  "eks.association": ["eks:ListPodIdentityAssociations", "eks:DescribePodIdentityAssociation"],
  "eks.agent-addon": ["eks:DescribeAddon"],
  "eks.node-role": ["eks:DescribeNodegroup"],
  "iam.oidc-providers": ["iam:ListOpenIDConnectProviders", "iam:GetOpenIDConnectProvider"],
  "iam.role": ["iam:GetRole"],
  "iam.role-policies": [
    "iam:ListAttachedRolePolicies",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:ListRolePolicies",
    "iam:GetRolePolicy",
  ],
  "iam.candidate-roles": ["iam:GetAccountAuthorizationDetails"],
  "iam.irsa-candidates": ["iam:GetAccountAuthorizationDetails"],
  "iam.role-boundary": ["iam:GetPolicy", "iam:GetPolicyVersion"],
  "iam.policy-versions": ["iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListPolicyVersions"],
  "iam.target-role": ["iam:GetRole"],
  "iam.target-role-policies": ["iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:GetRolePolicy"],
  "iam.node-role-policies": ["iam:ListAttachedRolePolicies", "iam:ListRolePolicies"],
  "eks.associations-elsewhere": ["eks:ListPodIdentityAssociations", "eks:ListClusters"],
  "sts.decoded-messages": ["sts:DecodeAuthorizationMessage"],
  "cloudtrail.events": ["cloudtrail:LookupEvents"],
};
const kinds = Object.keys(calls) as (keyof AwsCollectors)[];
/** A call a round, with every kind that makes it. */
const rounds = [...new Set(Object.values(calls).flat())].map((call) =>
  kinds.filter((kind) => calls[kind].includes(call)).map((kind) => ({ kind, call })),
);

describe("what is there", () => {
  test("every kind is found", () => {
    const ours = kinds.map((kind) => known[kind]?.status);
    expect(ours).toEqual(kinds.map(() => "found"));
  });

  test("the cluster", () => {
    expect(foundValue(known["eks.cluster"])).toMatchObject({
      name: cluster,
      region: "us-west-2",
      accountId,
      oidcIssuer: issuer,
      autoMode: false,
    });
  });

  test("the association in full, and all of the namespace in brief", () => {
    expect(foundValue(known["eks.association"])).toMatchObject({
      associationId: story.association.associationId,
      cluster,
      namespace: "carts",
      serviceAccount: "carts",
      roleArn,
      targetRoleArn: `arn:aws:iam::${accountId}:role/target`,
      sessionPolicy: null,
      ownerArn: null,
    });
    expect(foundValue(known["eks.associations"])).toEqual([
      { associationId: story.association.associationId, namespace: "carts", serviceAccount: "carts" },
    ]);
  });

  test("the role, its policies at their default versions, and who trusts Pod Identity", () => {
    expect(foundValue(known["iam.role"])).toMatchObject({
      arn: roleArn,
      path: "/apps/",
      trustPolicy: trustService("pods.eks.amazonaws.com"),
      tags: { team: "shop" },
    });
    const policies = [
      {
        name: "carts-table",
        arn: `arn:aws:iam::${accountId}:policy/carts-table`,
        document: statement("Allow", "dynamodb:Query"),
      },
      { name: "extra", arn: null, document: statement("Allow", "dynamodb:Scan") },
    ];
    expect(foundValue(known["iam.role-policies"])).toEqual(policies);
    expect(foundValue(known["iam.candidate-roles"])).toMatchObject([{ arn: roleArn, policies }]);
  });

  test("the node role, the add-on and the cluster's OIDC provider", () => {
    expect(foundValue(known["eks.node-role"])).toEqual({ roleArn: nodeRoleArn, from: "node group default" });
    expect(foundValue(known["eks.agent-addon"])).toMatchObject({ status: "ACTIVE" });
    expect(foundValue(known["iam.oidc-providers"]).forCluster).toMatchObject({
      issuer: issuer.replace("https://", ""),
      clientIds: ["sts.amazonaws.com"],
    });
  });

  test("the role of an annotation, where there is no association", async () => {
    const evidence = await gatherAll(collectors, annotated(roleArn));
    expect(evidence["eks.association"]).toMatchObject({
      status: "absent",
      source: "eks:ListPodIdentityAssociations",
    });
    expect(foundValue(evidence["iam.role"]).arn).toBe(roleArn);
  });

  test("the node role of EKS Auto Mode", async () => {
    const name = "auto";
    story.account.addCluster({ name, computeConfig: { nodeRoleArn, nodePools: ["system"] } });
    const nodes = foundValue(known["k8s.nodes"]).map((node) => ({
      ...node,
      nodegroup: null,
      compute: "auto" as const,
    }));
    const answer = await collectors["eks.node-role"].collect(
      contextOf({ ...known, "k8s.nodes": seen(nodes) }, { asked: { ...question, cluster: name } }),
    );
    expect(foundValue(answer)).toEqual({ roleArn: nodeRoleArn, from: "EKS Auto Mode" });
  });

  test("every page of a list", async () => {
    const namespace = "many";
    for (let count = 0; count < 230; count++) {
      story.account.addAssociation({ cluster, namespace, serviceAccount: `app-${count}`, roleArn });
      story.account.addRole({
        name: `many-${count}`,
        trustPolicy: trustService("pods.eks.amazonaws.com"),
      });
    }
    const context = contextOf(known, { asked: { ...question, namespace } });
    expect(foundValue(await collectors["eks.associations"].collect(context))).toHaveLength(230);
    expect(foundValue(await collectors["iam.candidate-roles"].collect(context))).toHaveLength(231);
    for (let count = 0; count < 230; count++) story.account.deleteRole(`many-${count}`);
  });
});

describe("what is not there", () => {
  test("no association, and a configuration that names no role: told apart by their source", async () => {
    const association = await collectors["eks.association"].collect(
      contextOf(kubernetesEvidence({ serviceAccount: "reports" })),
    );
    expect(association).toMatchObject({ status: "absent", source: "eks:ListPodIdentityAssociations" });

    const roleOf = (evidence: Evidence) =>
      collectors["iam.role"].collect(contextOf({ ...known, ...evidence, "eks.association": association }));
    const unnamed = await roleOf(kubernetesEvidence({ serviceAccount: "reports" }));
    expect(unnamed).toMatchObject({ status: "absent", source: "k8s:serviceaccounts/carts/carts" });
    expect(await roleOf(annotated("no ARN at all"))).toMatchObject(unnamed);
    expect(await roleOf(annotated(`arn:aws:iam::${accountId}:role/gone`))).toMatchObject({
      status: "absent",
      source: "iam:GetRole",
    });
    expect(
      await collectors["iam.role-policies"].collect(contextOf({ ...known, "iam.role": unnamed })),
    ).toMatchObject({ status: "absent" });
  });

  test("a role without policies, an account without OIDC providers: empty, and seen", async () => {
    const empty = await collectors["iam.role-policies"].collect(
      contextOf({ ...known, "iam.role": seen({ ...foundValue(known["iam.role"]), name: "nodes" }) }),
    );
    expect(empty).toMatchObject({ status: "found", value: [] });

    story.account.deleteOidcProvider(issuer);
    const providers = await collectors["iam.oidc-providers"].collect(contextOf(known));
    story.account.addOidcProvider({ issuer, clientIds: ["sts.amazonaws.com"] });
    expect(providers).toMatchObject({ status: "found", value: { arns: [], forCluster: null } });
  });

  test("no add-on, no OIDC provider, no cluster", async () => {
    story.account.addCluster({ name: "bare" });
    const asked = { ...question, cluster: "bare" };
    const cluster = await collectors["eks.cluster"].collect(contextOf({}, { asked }));
    const evidence = { ...known, "eks.cluster": cluster };
    expect(await collectors["eks.agent-addon"].collect(contextOf(evidence, { asked }))).toMatchObject({
      status: "absent",
      source: "eks:DescribeAddon",
    });
    const providers = foundValue(
      await collectors["iam.oidc-providers"].collect(contextOf(evidence, { asked })),
    );
    expect(providers.forCluster).toBeNull();
    expect(providers.arns).toHaveLength(1);

    const nowhere = contextOf({}, { asked: { ...question, cluster: "nowhere" } });
    expect(await collectors["eks.cluster"].collect(nowhere)).toMatchObject({
      status: "absent",
      source: "eks:DescribeCluster",
    });
  });

  test("a cluster that is not there says nothing about its associations", async () => {
    const context = contextOf(known, { asked: { ...question, cluster: "nowhere" } });
    for (const kind of ["eks.associations", "eks.association"] as const) {
      const answer = await collectors[kind].collect(context);
      expect(answer).toMatchObject({ status: "unavailable", reason: "error" });
      expect((answer as Unavailable).detail).toContain("no cluster nowhere in us-west-2");
    }
  });

  test("a role that vanished says nothing about its policies", async () => {
    const gone = { ...foundValue(known["iam.role"]), name: "gone" };
    const answer = await collectors["iam.role-policies"].collect(
      contextOf({ ...known, "iam.role": seen(gone) }),
    );
    expect(answer).toMatchObject({ status: "unavailable", reason: "error" });
  });
});

describe("what cannot be seen from here", () => {
  test("a role of another account, though one of that name is in this one", async () => {
    const foreign = annotated("arn:aws:iam::444455556666:role/carts");
    for (const cluster of [known["eks.cluster"], undefined]) {
      const evidence = {
        ...foreign,
        ...(cluster === undefined ? {} : { "eks.cluster": cluster }),
        "eks.association": { status: "absent", source: "eks:ListPodIdentityAssociations", at: clock() },
      } as const;
      const answer = await collectors["iam.role"].collect(contextOf(evidence));
      expect(answer).toMatchObject({ status: "unavailable", reason: "not-collected", source: "iam:GetRole" });
      expect((answer as Unavailable).detail).toContain("444455556666");
    }
  });

  test("the role of nodes that are in no managed node group", async () => {
    const nodes = foundValue(known["k8s.nodes"]).map((node) => ({ ...node, nodegroup: null }));
    const answer = await collectors["eks.node-role"].collect(
      contextOf({ ...known, "k8s.nodes": seen(nodes) }),
    );
    expect(answer).toMatchObject({ status: "unavailable", reason: "not-collected" });
  });

  test.each([
    ["eks.association", "k8s.workload"],
    ["eks.node-role", "k8s.nodes"],
    ["iam.oidc-providers", "eks.cluster"],
    ["iam.role", "eks.association"],
    ["iam.role-policies", "iam.role"],
    ["cloudtrail.events", "eks.association"],
  ] as const)("%s without %s: for the same reason, by the same permission", async (kind, prerequisite) => {
    const unseen: Unavailable = {
      status: "unavailable",
      reason: "access-denied",
      permission: "get things",
      source: "k8s:things",
    };
    const answer = await collectors[kind].collect(contextOf({ ...known, [prerequisite]: unseen }));
    expect(answer).toMatchObject({
      status: "unavailable",
      reason: "access-denied",
      permission: "get things",
    });
  });

  test("the annotation, where the service account could not be read", async () => {
    const { "eks.association": _, ...rest } = known;
    const evidence: Evidence = {
      ...rest,
      "eks.association": { status: "absent", source: "eks:ListPodIdentityAssociations", at: clock() },
      "k8s.service-account": {
        status: "unavailable",
        reason: "access-denied",
        permission: "get serviceaccounts",
        source: "k8s:serviceaccounts/carts/carts",
      },
    };
    for (const kind of ["iam.role", "cloudtrail.events"] as const) {
      expect(await collectors[kind].collect(contextOf(evidence))).toMatchObject({
        status: "unavailable",
        permission: "get serviceaccounts",
      });
    }
  });
});

describe("could not look is never not there", () => {
  test("without its permission", async () => {
    for (const round of rounds) {
      story.caller.policies = [...everything, deny(...round.map(({ call }) => call))];
      for (const { kind, call } of round) {
        const answer = await collectors[kind].collect(contextOf(known));
        expect(answer, kind).toMatchObject({
          status: "unavailable",
          reason: "access-denied",
          permission: call,
          source: call,
        });
      }
    }
  });

  test.each([
    ["throttled", "throttled", 15_000],
    ["server-error", "error", 15_000],
    ["malformed", "error", 15_000],
    ["hang", "timeout", 250],
  ] as const)("%s", async (fault: Fault, reason, deadlineMs) => {
    // What waits for its deadline shows with the first call of each kind: the others cost a deadline each.
    const tried = fault === "hang" ? [kinds.map((kind) => ({ kind, call: calls[kind][0] ?? "" }))] : rounds;
    // A lookup of the fault before may still be on its way, and would be shared.
    const fresh = collectorsOf();
    for (const round of tried) {
      story.account.faults.clear();
      for (const { call } of round) story.account.faults.set(call, fault);
      await Promise.all(
        round.map(async ({ kind, call }) => {
          const signal = AbortSignal.timeout(deadlineMs);
          const answer = await fresh[kind].collect(contextOf(known, { signal }));
          expect(answer, call).toMatchObject({ status: "unavailable", reason, source: call });
          expect((answer as Unavailable).permission).toBeUndefined();
          expect((answer as Unavailable).detail, call).toMatch(/\S/);
        }),
      );
    }
  });

  test("a failure that passes is tried again", async () => {
    story.account.faults.set("eks:DescribeCluster", "server-error", 1);
    expect(await collectors["eks.cluster"].collect(contextOf({}))).toMatchObject({ status: "found" });
  });

  test("an answer that is none, as a proxy in between gives it", async () => {
    for (const body of ["", "{}", "<html><body>Sign in</body></html>", "<Answer/>"]) {
      const proxy = createServer((_request, response) => {
        response.writeHead(200, { "content-type": body.startsWith("{") ? "application/json" : "text/xml" });
        response.end(body);
      }).listen(0, "127.0.0.1");
      await once(proxy, "listening");
      const { port } = proxy.address() as { port: number };
      useEnvironment({
        AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
        AWS_ACCESS_KEY_ID: story.caller.accessKeyId,
        AWS_SECRET_ACCESS_KEY: story.caller.secretAccessKey,
      });
      const misled = collectorsOf();
      const answers = await Promise.all(kinds.map((kind) => misled[kind].collect(contextOf(known))));
      expect(
        answers.map(({ status }, index) => `${kinds[index]} ${status}`),
        body,
      ).toEqual(kinds.map((kind) => `${kind} unavailable`));
      proxy.closeAllConnections();
      proxy.close();
    }
    story.useServer();
  });
});

describe("eksiam's own credentials", () => {
  const answerOf = () =>
    createEksCollectors(createAwsClients("us-west-2"), clock)["eks.cluster"].collect(contextOf({}));

  test("none: says what to do", async () => {
    useEnvironment({
      AWS_ENDPOINT_URL: story.url,
      AWS_SHARED_CREDENTIALS_FILE: "/nonexistent",
      AWS_CONFIG_FILE: "/nonexistent",
    });
    const answer = await answerOf();
    story.useServer();
    expect(answer).toMatchObject({ status: "unavailable", reason: "error" });
    expect((answer as Unavailable).detail).toContain("eksiam itself has no AWS credentials");
  });

  test("of nobody: says so", async () => {
    useEnvironment({
      AWS_ENDPOINT_URL: story.url,
      AWS_ACCESS_KEY_ID: "NOBODY",
      AWS_SECRET_ACCESS_KEY: "nothing",
    });
    const answer = await answerOf();
    story.useServer();
    expect(answer).toMatchObject({ status: "unavailable", reason: "error" });
    expect((answer as Unavailable).detail).toContain("does not accept eksiam's own credentials");
  });
});
