import { describe, expect, it } from "vitest";
import type { Decision } from "../../../src/core/iam/evaluate.ts";
import {
  evaluateTrust,
  explainTrust,
  podIdentityContext,
  type TrustAction,
  type TrustCaller,
  webIdentityContext,
} from "../../../src/core/iam/trust.ts";
import { guide, type Json, named } from "./support.ts";

const account = "111122223333";
const roleArn = `arn:aws:iam::${account}:role/carts`;
const issuer = "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE";
const provider = issuer.slice("https://".length);
const providerArn = `arn:aws:iam::${account}:oidc-provider/${provider}`;
const clusterArn = `arn:aws:eks:eu-west-1:${account}:cluster/shop`;
const userGuide = "https://docs.aws.amazon.com/eks/latest/userguide/";

const pods: TrustCaller = { service: "pods.eks.amazonaws.com" };
const web = (
  more: Partial<{ subject: string; audience: string; providerArn: string }> = {},
): TrustCaller => ({
  webIdentity: {
    providerArn,
    issuer,
    subject: "system:serviceaccount:shop:carts",
    audience: "sts.amazonaws.com",
    ...more,
  },
});
const podSession = {
  clusterName: "shop",
  clusterArn,
  accountId: account,
  namespace: "shop",
  serviceAccount: "carts",
  podName: "carts-6d8-x2x",
  podUid: "0b7f",
  disableSessionTags: false,
};

const forPods = (Condition: Json = {}, Action: unknown = ["sts:AssumeRole", "sts:TagSession"]): Json => ({
  Effect: "Allow",
  Principal: { Service: "pods.eks.amazonaws.com" },
  Action,
  Condition,
});
const forWeb = (Condition: Json, more: Json = {}): Json => ({
  Effect: "Allow",
  Principal: { Federated: providerArn },
  Action: "sts:AssumeRoleWithWebIdentity",
  Condition,
  ...more,
});
const subject = (value: unknown, operator = "StringEquals") => ({
  [operator]: { [`${provider}:sub`]: value },
});

interface Case {
  readonly what: string;
  readonly statements: readonly Json[];
  readonly caller?: TrustCaller;
  readonly action?: TrustAction;
  readonly context?: Readonly<Record<string, readonly string[]>>;
  readonly expect: Decision["decision"];
  readonly missing?: readonly string[];
}

const tables: Readonly<Record<string, readonly Case[]>> = {
  [`${userGuide}pod-id-role.html`]: [
    { what: "the trust policy of the guide", statements: [forPods()], expect: "allowed" },
    { what: "TagSession too", statements: [forPods()], action: "sts:TagSession", expect: "allowed" },
    {
      what: "TagSession is missing",
      statements: [forPods({}, "sts:AssumeRole")],
      action: "sts:TagSession",
      expect: "implicitDeny",
    },
    {
      what: "another service is named",
      statements: [{ ...forPods(), Principal: { Service: "eks.amazonaws.com" } }],
      expect: "implicitDeny",
    },
    { what: "only an OIDC provider is named", statements: [forWeb({})], expect: "implicitDeny" },
    {
      what: "one of several services",
      statements: [{ ...forPods(), Principal: { Service: ["ec2.amazonaws.com", "pods.eks.amazonaws.com"] } }],
      expect: "allowed",
    },
    {
      what: "the cluster as source",
      statements: [
        forPods({
          ArnEquals: { "aws:SourceArn": clusterArn },
          StringEquals: { "aws:SourceAccount": account },
        }),
      ],
      expect: "allowed",
    },
    {
      what: "the cluster's name before it was recreated",
      statements: [forPods({ ArnEquals: { "aws:SourceArn": `${clusterArn}-old` } })],
      expect: "implicitDeny",
    },
    {
      what: "an organization that is not known here",
      statements: [forPods({ StringEquals: { "aws:SourceOrgID": "o-a1b2c3d4e5" } })],
      expect: "implicitDeny",
      missing: ["aws:SourceOrgID"],
    },
    { what: "a Deny", statements: [forPods(), { ...forPods(), Effect: "Deny" }], expect: "explicitDeny" },
  ],
  [`${userGuide}pod-id-abac.html`]: [
    {
      what: "namespace and service account as session tags",
      statements: [
        forPods({
          StringEquals: {
            "aws:RequestTag/kubernetes-namespace": "shop",
            "aws:RequestTag/kubernetes-service-account": ["carts", "orders"],
          },
        }),
      ],
      expect: "allowed",
    },
    {
      what: "another namespace",
      statements: [forPods({ StringEquals: { "aws:RequestTag/kubernetes-namespace": "carts" } })],
      expect: "implicitDeny",
    },
    {
      what: "cluster and pod",
      statements: [
        forPods({
          StringLike: {
            "aws:RequestTag/eks-cluster-arn": clusterArn,
            "aws:RequestTag/eks-cluster-name": "shop",
            "aws:RequestTag/kubernetes-pod-name": "carts-*",
            "aws:RequestTag/kubernetes-pod-uid": "0b7f",
          },
        }),
      ],
      expect: "allowed",
    },
    {
      what: "the tags are switched off",
      statements: [forPods({ StringEquals: { "aws:RequestTag/kubernetes-namespace": "shop" } })],
      context: podIdentityContext({ ...podSession, disableSessionTags: true }),
      expect: "implicitDeny",
      missing: ["aws:RequestTag/kubernetes-namespace"],
    },
    {
      what: "the pod is not known yet",
      statements: [forPods({ StringLike: { "aws:RequestTag/kubernetes-pod-name": "carts-*" } })],
      context: podIdentityContext({ ...podSession, podName: null }),
      expect: "implicitDeny",
      missing: ["aws:RequestTag/kubernetes-pod-name"],
    },
    {
      what: "the keys of all six tags",
      statements: [forPods({ "ForAllValues:StringLike": { "aws:TagKeys": ["eks-*", "kubernetes-*"] } })],
      expect: "allowed",
    },
  ],
  [`${userGuide}associate-service-account-role.html`]: [
    {
      what: "subject and audience",
      caller: web(),
      statements: [
        forWeb({
          StringEquals: {
            [`${provider}:sub`]: "system:serviceaccount:shop:carts",
            [`${provider}:aud`]: "sts.amazonaws.com",
          },
        }),
      ],
      expect: "allowed",
    },
    {
      what: "another service account",
      caller: web(),
      statements: [forWeb(subject("system:serviceaccount:shop:orders"))],
      expect: "implicitDeny",
    },
    {
      what: "a wildcard with StringLike",
      caller: web(),
      statements: [forWeb(subject("system:serviceaccount:shop:*", "StringLike"))],
      expect: "allowed",
    },
    {
      what: "a wildcard with StringEquals",
      caller: web(),
      statements: [forWeb(subject("system:serviceaccount:shop:*"))],
      expect: "implicitDeny",
    },
    {
      what: "several subjects",
      caller: web(),
      statements: [forWeb(subject(["system:serviceaccount:a:b", "system:serviceaccount:shop:carts"]))],
      expect: "allowed",
    },
    {
      what: "another audience",
      caller: web({ audience: "vault" }),
      statements: [forWeb({ StringEquals: { [`${provider}:aud`]: "sts.amazonaws.com" } })],
      expect: "implicitDeny",
    },
    {
      what: "no condition on the audience",
      caller: web({ audience: "vault" }),
      statements: [forWeb(subject("system:serviceaccount:shop:carts"))],
      expect: "allowed",
    },
    {
      what: "the issuer's key with the scheme",
      caller: web(),
      statements: [forWeb({ StringEquals: { [`${issuer}:sub`]: "system:serviceaccount:shop:carts" } })],
      expect: "implicitDeny",
      missing: [`${issuer}:sub`],
    },
    {
      what: "the provider of another cluster",
      caller: web({ providerArn: `${providerArn}2` }),
      statements: [forWeb({})],
      expect: "implicitDeny",
    },
    {
      what: "AssumeRole only",
      caller: web(),
      statements: [forWeb({}, { Action: "sts:AssumeRole" })],
      expect: "implicitDeny",
    },
    {
      what: "all actions of STS",
      caller: web(),
      statements: [forWeb({}, { Action: "sts:*" })],
      expect: "allowed",
    },
    {
      what: "conditions of two clusters in one statement",
      caller: web(),
      statements: [
        forWeb({
          StringEquals: {
            [`${provider}:sub`]: "system:serviceaccount:shop:carts",
            "oidc.eks.eu-west-1.amazonaws.com/id/OLD:sub": "system:serviceaccount:shop:carts",
          },
        }),
      ],
      expect: "implicitDeny",
      missing: ["oidc.eks.eu-west-1.amazonaws.com/id/OLD:sub"],
    },
  ],
  [`${guide}reference_policies_elements_principal.html`]: [
    {
      what: "a role, by its session",
      caller: { principal: `arn:aws:sts::${account}:assumed-role/ci/run-1` },
      statements: [
        {
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${account}:role/tools/ci` },
          Action: "sts:AssumeRole",
        },
      ],
      expect: "allowed",
    },
    {
      what: "another account as a whole",
      caller: { principal: "arn:aws:iam::444455556666:role/ci" },
      statements: [{ Effect: "Allow", Principal: { AWS: "444455556666" }, Action: "sts:AssumeRole" }],
      expect: "allowed",
    },
    {
      what: "an external id that is missing",
      caller: { principal: "arn:aws:iam::444455556666:role/ci" },
      statements: [
        {
          Effect: "Allow",
          Principal: { AWS: "444455556666" },
          Action: "sts:AssumeRole",
          Condition: { StringEquals: { "sts:ExternalId": "x" } },
        },
      ],
      context: {},
      expect: "implicitDeny",
      missing: ["sts:ExternalId"],
    },
    {
      what: "the id of a deleted role",
      caller: { principal: `arn:aws:iam::${account}:role/ci` },
      statements: [
        { Effect: "Allow", Principal: { AWS: `AROA${"EXAMPLE".repeat(2)}ABC` }, Action: "sts:AssumeRole" },
      ],
      expect: "implicitDeny",
    },
  ],
};

function ask({
  statements,
  caller = pods,
  action,
  context = podIdentityContext(podSession),
}: Omit<Case, "what" | "expect">) {
  const asked = action ?? ("webIdentity" in caller ? "sts:AssumeRoleWithWebIdentity" : "sts:AssumeRole");
  return { trustPolicy: named("trust", statements).policy, roleArn, caller, action: asked, context };
}

describe.each(Object.entries(tables))("%s", (_page, cases) => {
  it.each(cases)("$what", ({ expect: expected, missing = [], ...given }) => {
    const { decision, missingContext } = evaluateTrust(ask(given));
    expect({ decision, missingContext }).toEqual({ decision: expected, missingContext: missing });
    expect(explainTrust(ask(given)).allowed).toBe(expected === "allowed");
  });
});

describe("explainTrust", () => {
  it("shows what the condition expects beside what the token has", () => {
    const { statements } = explainTrust(
      ask({ caller: web(), statements: [forWeb(subject("system:serviceaccount:carts:shop"))] }),
    );
    expect(statements[0]).toEqual({
      sid: null,
      index: 0,
      principals: [{ type: "Federated", value: providerArn }],
      principalMatches: true,
      actionMatches: true,
      actions: ["sts:AssumeRoleWithWebIdentity"],
      failedConditions: [
        {
          operator: "StringEquals",
          key: `${provider}:sub`,
          expected: ["system:serviceaccount:carts:shop"],
          actual: ["system:serviceaccount:shop:carts"],
        },
      ],
    });
  });

  it("shows a key that the request does not carry", () => {
    const { statements } = explainTrust(ask({ statements: [forPods(subject("x"))] }));
    expect(statements[0]?.failedConditions[0]?.actual).toBeNull();
  });

  it("tells a Deny from what is not allowed", () => {
    const denied = explainTrust(ask({ statements: [forPods(), { ...forPods(), Effect: "Deny" }] }));
    expect([denied.allowed, denied.denied, denied.statements.length]).toEqual([false, true, 1]);
  });
});

describe("the grant", () => {
  it.each([
    [{ AWS: `arn:aws:iam::${account}:root` }, "account"],
    [{ AWS: `arn:aws:iam::${account}:role/ci` }, "role"],
    [{ AWS: `arn:aws:sts::${account}:assumed-role/ci/run-1` }, "direct"],
    [{ AWS: [account, `arn:aws:iam::${account}:role/ci`] }, "role"],
    ["*", "direct"],
    [{ AWS: "444455556666" }, "none"],
  ])("of %j is %s", (Principal, grant) => {
    const statements = [{ Effect: "Allow", Principal, Action: "sts:AssumeRole" }];
    const caller = { principal: `arn:aws:sts::${account}:assumed-role/ci/run-1` };
    expect(evaluateTrust(ask({ statements, caller })).grant).toBe(grant);
  });
});

describe("webIdentityContext", () => {
  it("has the issuer without its scheme", () => {
    expect(webIdentityContext(issuer, "s", "a")).toEqual({
      [`${provider}:sub`]: ["s"],
      [`${provider}:aud`]: ["a"],
    });
  });
});
