import { describe, expect, test } from "vitest";
import { denialsOf } from "../../../src/core/denials.ts";
import type { Evidence } from "../../../src/core/evidence.ts";
import type { TrailEvent, TrailSession } from "../../../src/core/facts/trail.ts";
import { ownershipOf } from "../../../src/core/trail/ownership.ts";
import { event, facts, question } from "./event.ts";

const role = "arn:aws:iam::111122223333:role/apps/carts";
const sts = "arn:aws:sts::111122223333:assumed-role";
const uuid = "d1861451-8b4c-4c1b-9f0e-0123456789ab";
const own = `${sts}/carts/eks-eks-worksh-carts-6d5f-${uuid}`;
const another = `${sts}/carts/eks-eks-worksh-orders-7f-${uuid}`;
const at = "2026-01-02T03:04:05Z";

const pod = { name: "carts-6d5f9-x2x4z", createdAt: "2026-01-01T00:00:00Z", statuses: [], containers: [] };
const error = { kind: "access-denied", principalArn: own, requestId: "r-1", pods: [], containers: [] };

/** Pod Identity for the workload, with what the case adds. */
function evidenceWith({
  sessions = [],
  errors = [],
  shared = false,
  events = [],
  targetRoleArn = null,
}: {
  readonly sessions?: readonly TrailSession[];
  readonly errors?: readonly object[];
  readonly shared?: boolean;
  readonly events?: readonly TrailEvent[];
  readonly targetRoleArn?: string | null;
} = {}): Evidence {
  const found = (value: unknown) => ({ status: "found", value, source: "test", at });
  return {
    ...facts({ sessions, events }),
    "k8s.workload": found({ template: { serviceAccountName: "carts" }, namespace: "carts" }),
    "k8s.pods": found({ pods: [pod], total: 1 }),
    "k8s.sharing": found({ workloads: shared ? [{ kind: "Job", name: "import" }] : [] }),
    "eks.association": found({ roleArn: role, targetRoleArn }),
    "logs.errors": found({ errors }),
  } as unknown as Evidence;
}

const session = (given: Partial<TrailSession>): TrailSession => ({
  sessionArn: another,
  roleArn: role,
  at,
  subject: null,
  pod: null,
  userAgent: null,
  ...given,
});
const madeFor = (podName: string, given: object = {}) =>
  session({
    pod: {
      cluster: "eks-workshop",
      namespace: "carts",
      serviceAccount: "carts",
      name: podName,
      uid: "u",
      ...given,
    },
  });

const subject = "system:serviceaccount:carts:carts";
const byRole = event({ principalArn: another });

describe("whose call it was", () => {
  test.each([
    ["the session's name fits one of its pods", event({ principalArn: own }), {}, "own"],
    ["a session of the role that names another pod", byRole, {}, "same-role"],
    ["its log names that session", byRole, { errors: [{ ...error, principalArn: another }] }, "own"],
    ["STS says: for its pod", byRole, { sessions: [madeFor("carts-6d5f9-x2x4z")] }, "own"],
    [
      "STS says: for a pod of its ServiceAccount that is gone",
      byRole,
      { sessions: [madeFor("carts-0")] },
      "own",
    ],
    [
      "the same, but it shares the ServiceAccount",
      byRole,
      { sessions: [madeFor("carts-0")], shared: true },
      "same-role",
    ],
    [
      "STS says: for another namespace",
      byRole,
      { sessions: [madeFor("carts-6d5f9-x2x4z", { namespace: "orders" })] },
      "same-role",
    ],
    [
      "STS says: for another cluster",
      byRole,
      { sessions: [madeFor("carts-6d5f9-x2x4z", { cluster: "eks-legacy" })] },
      "same-role",
    ],
    ["STS says: by its token", byRole, { sessions: [session({ subject })] }, "own"],
    [
      "by its token, which others use too",
      byRole,
      { sessions: [session({ subject })], shared: true },
      "same-role",
    ],
    [
      "by another's token",
      byRole,
      { sessions: [session({ subject: "system:serviceaccount:orders:orders" })] },
      "same-role",
    ],
    [
      "a node's call is everybody's on it",
      event({ principalArn: `${sts}/nodes/i-0123456789abcdef0` }),
      {},
      "other",
    ],
    [
      "but the one that its log names",
      event({ principalArn: `${sts}/nodes/i-0123456789abcdef0`, requestId: "r-1" }),
      { errors: [error] },
      "own",
    ],
    [
      "the agent's failure, by the request id that it hands on",
      event({ eventName: "AssumeRoleForPodIdentity", requestId: "r-1" }),
      { errors: [error] },
      "own",
    ],
    ["the agent's failure for some other pod", event({ eventName: "AssumeRoleForPodIdentity" }), {}, "other"],
    [
      "the failed assumption by its own token",
      event({ eventName: "AssumeRoleWithWebIdentity", userName: subject }),
      {},
      "own",
    ],
    [
      "the failed assumption by another's",
      event({ eventName: "AssumeRoleWithWebIdentity", userName: "system:serviceaccount:x:x" }),
      {},
      "other",
    ],
  ] as const)("%s", (_name, call, given, ownership) => {
    expect(ownershipOf(call, evidenceWith(given), question)).toBe(ownership);
  });
});

describe("what the denials say of it", () => {
  const message = `User: ${own} is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:us-west-2:111122223333:key/k because no resource-based policy allows the kms:Decrypt action`;

  test("the service's sentence, who called, and no call of others", () => {
    const events = [
      event({ eventId: "1", principalArn: own, errorMessage: message }),
      event({ eventId: "2", principalArn: own, errorMessage: message, at: "2026-01-02T03:01:00Z" }),
      event({ eventId: "3", principalArn: another, errorMessage: message }),
    ];

    expect(denialsOf(evidenceWith({ events }), question)).toEqual([
      {
        kind: "access-denied",
        principalArn: own,
        principalKind: "pod-identity-role",
        action: "kms:Decrypt",
        missingAction: null,
        resource: "arn:aws:kms:us-west-2:111122223333:key/k",
        denyLayer: "resource-based",
        source: "cloudtrail",
        count: 2,
        firstSeen: "2026-01-02T03:00:00Z",
        lastSeen: "2026-01-02T03:01:00Z",
        history: false,
        excerpt: message,
        caller: `a Pod Identity session (eks-eks-worksh-carts-6d5f-${uuid})`,
      },
    ]);
  });

  test.each([
    ["AccessDenied", "Decrypt", "kms.amazonaws.com", "access-denied", "kms:Decrypt"],
    [
      "Client.UnauthorizedOperation",
      "RunInstances",
      "ec2.amazonaws.com",
      "access-denied",
      "ec2:RunInstances",
    ],
    ["AuthorizationError", "Subscribe", "sns.amazonaws.com", "access-denied", "sns:Subscribe"],
    ["ThrottlingException", "Decrypt", "kms.amazonaws.com", "throttled", "kms:Decrypt"],
    ["ExpiredTokenException", "ListQueues", "sqs.amazonaws.com", "expired-token", "sqs:ListQueues"],
    [
      "AccessDenied",
      "DescribeAlarms",
      "monitoring.amazonaws.com",
      "access-denied",
      "cloudwatch:DescribeAlarms",
    ],
    [
      "AccessDenied",
      "ListFunctions20150331",
      "lambda.amazonaws.com",
      "access-denied",
      "lambda:ListFunctions",
    ],
    ["ResourceNotFoundException", "GetSecretValue", "secretsmanager.amazonaws.com", null, null],
    ["ValidationException", "DescribeTable", "dynamodb.amazonaws.com", null, null],
  ])("code %s of %s is %s", (errorCode, eventName, eventSource, kind, action) => {
    const events = [event({ principalArn: own, errorCode, eventName, eventSource })];
    const denials = denialsOf(evidenceWith({ events }), question);

    expect(denials.map((denial) => [denial.kind, denial.action])).toEqual(
      kind === null ? [] : [[kind, action]],
    );
  });

  test("EKS Auth's refusal is the agent's, not the node's", () => {
    const events = [
      event({
        eventName: "AssumeRoleForPodIdentity",
        eventSource: "eks-auth.amazonaws.com",
        principalArn: `${sts}/nodes/i-0123456789abcdef0`,
        requestId: "r-1",
      }),
    ];

    expect(denialsOf(evidenceWith({ events, errors: [error] }), question)).toContainEqual(
      expect.objectContaining({
        kind: "pod-identity-agent-error",
        action: "eks-auth:AssumeRoleForPodIdentity",
      }),
    );
  });
});
