import { expect, test } from "vitest";
import type { TrailSession } from "../../../src/core/facts/trail.ts";
import {
  callerOf,
  describeCaller,
  isSessionOfPod,
  principalKindOfEvent,
} from "../../../src/core/trail/caller.ts";
import { event } from "./event.ts";

const sts = "arn:aws:sts::111122223333:assumed-role";
const iam = "arn:aws:iam::111122223333";
const provider = `${iam}:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/EXAMPLE`;
const uuid = "d1861451-8b4c-4c1b-9f0e-0123456789ab";

test.each([
  [
    "a node, by what EC2 says of its credentials",
    { principalArn: `${sts}/nodes/i-0123456789abcdef0`, identity: { ec2RoleDelivery: "2.0" } },
    "node",
    "node-role",
    "node i-0123456789abcdef0 (its instance profile)",
  ],
  [
    "a node of an event without that field",
    { principalArn: `${sts}/nodes/i-01234567` },
    "node",
    "node-role",
    "node i-01234567 (its instance profile)",
  ],
  [
    "a hybrid node",
    { principalArn: `${sts}/hybrid/mi-0123456789abcdef0` },
    "node",
    "node-role",
    "node mi-0123456789abcdef0 (its instance profile)",
  ],
  [
    "Pod Identity",
    { principalArn: `${sts}/carts/eks-eks-worksh-carts-6d5f-${uuid}` },
    "pod-identity",
    "pod-identity-role",
    `a Pod Identity session (eks-eks-worksh-carts-6d5f-${uuid})`,
  ],
  [
    "IRSA, whatever the session is called",
    { principalArn: `${sts}/carts/external-secrets`, identity: { federatedProvider: provider } },
    "web-identity",
    "irsa-role",
    `a web identity session by ${provider}`,
  ],
  [
    "the call by which IRSA assumes its role",
    {
      identityType: "WebIdentityUser",
      userName: "system:serviceaccount:carts:carts",
      identity: { identityProvider: provider },
    },
    "web-identity",
    "irsa-role",
    "the web identity of system:serviceaccount:carts:carts",
  ],
  [
    "a key of an IAM user",
    { identityType: "IAMUser", principalArn: `${iam}:user/apps/carts`, userName: "carts" },
    "user",
    "user",
    "IAM user carts",
  ],
  [
    "a session that looks like an SDK's, by AssumeRole: nothing tells how",
    {
      principalArn: `${sts}/carts/botocore-session-1700000000`,
      identity: { issuerArn: `${iam}:role/carts` },
    },
    "role",
    "unknown",
    "session botocore-session-1700000000 of role carts, assumed by other means",
  ],
  [
    "a person through IAM Identity Center",
    {
      principalArn: `${sts}/AWSReservedSSO_Admin_0123456789abcdef/ann@example.com`,
      identity: {
        issuerArn: `${iam}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef`,
      },
    },
    "sso",
    "unknown",
    "IAM Identity Center user ann@example.com (permission set Admin)",
  ],
  [
    "an AWS service",
    { identityType: "AWSService", identity: { invokedBy: "pods.eks.amazonaws.com" } },
    "service",
    "unknown",
    "the AWS service pods.eks.amazonaws.com",
  ],
  [
    "the root user",
    { identityType: "Root", principalArn: `${iam}:root` },
    "root",
    "user",
    "the account's root user",
  ],
  ["nobody", { identityType: null }, "unknown", "unknown", "an unknown caller"],
] as const)("%s", (_name, given, kind, principalKind, words) => {
  const one = event(given);

  expect(callerOf(one).kind).toBe(kind);
  expect(principalKindOfEvent(one)).toBe(principalKind);
  expect(describeCaller(one, null)).toBe(words);
});

test("what STS recorded when it gave the session out names the pod, or the token's subject", () => {
  const session: TrailSession = {
    sessionArn: `${sts}/carts/eks-eks-worksh-carts-6d5f-${uuid}`,
    roleArn: `${iam}:role/carts`,
    at: "2026-01-02T03:00:00Z",
    subject: null,
    pod: {
      cluster: "eks-workshop",
      namespace: "carts",
      serviceAccount: "carts",
      name: "carts-6d5f9-x",
      uid: "u",
    },
    userAgent: null,
  };
  const pod = event({ principalArn: session.sessionArn });
  const irsa = event({ principalArn: `${sts}/carts/x`, identity: { federatedProvider: provider } });
  const subject = "system:serviceaccount:carts:carts";

  expect(describeCaller(pod, session)).toBe("a Pod Identity session of pod carts/carts-6d5f9-x");
  expect(describeCaller(irsa, { ...session, pod: null, subject })).toBe(`the web identity of ${subject}`);
});

test("recordings of before tell the kind by the session's name", () => {
  const { identity: _identity, ...before } = event({
    principalArn: `${sts}/carts/botocore-session-1700000000`,
  });

  expect(principalKindOfEvent(before)).toBe("irsa-role");
});

test.each([
  ["eks-eks-worksh-carts-6d5f-", "eks-workshop", "carts-6d5f9-x2x4z", true],
  ["eks-eks-worksh-carts-7777-", "eks-workshop", "carts-6d5f9-x2x4z", false],
  ["eks-eks-legacy-carts-6d5f-", "eks-workshop", "carts-6d5f9-x2x4z", false],
  // The pod's short name is no beginning of another's.
  ["eks-eks-worksh-ui-", "eks-workshop", "ui", true],
  ["eks-eks-worksh-ui-0-", "eks-workshop", "ui", false],
])("%s<uuid> fits pod %s/%s: %s", (start, cluster, pod, fits) => {
  expect(isSessionOfPod(`${start}${uuid}`, cluster, pod)).toBe(fits);
});

test("a session's name is hostile: nothing takes long, nothing throws", () => {
  const names = ["eks-", "a".repeat(200_000), `eks-${"-".repeat(200_000)}`, `i-${"0".repeat(200_000)}`];
  for (const name of names) {
    expect(callerOf(event({ principalArn: `${sts}/carts/${name}` })).kind).toBe("role");
  }
});
