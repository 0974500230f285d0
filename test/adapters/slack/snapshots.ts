import type { Investigation } from "../../../src/app/investigation.ts";
import type { JournalEntry } from "../../../src/app/journal.ts";
import type { InvestigationSnapshot } from "../../../src/app/ports.ts";
import type { Approval } from "../../../src/core/approval.ts";
import type { Denial, Diagnosis, Finding, Plan } from "../../../src/core/diagnosis.ts";

export const roleArn = "arn:aws:iam::111122223333:role/eks-workshop-carts-dynamo";
export const nodeArn =
  "arn:aws:sts::111122223333:assumed-role/eksctl-eks-workshop-nodegroup-NodeInstanceRole/i-0123456789abcdef0";

export const investigation: Investigation = {
  id: "investigation-1",
  questionKey: "key",
  version: 3,
  question: {
    cluster: "eks-workshop",
    namespace: "carts",
    name: "carts",
    kind: "Deployment",
    container: null,
    sinceSeconds: 3600,
  },
  requester: { slackUserId: "U01ALICE" },
  views: [],
  status: "diagnosed",
  askedAt: "2026-11-20T12:00:00.000Z",
  diagnosedAt: "2026-11-20T12:00:05.000Z",
  progress: { workload: "done", logs: "done", config: "done", cloudtrail: "done" },
  problem: null,
  approvalId: "approval-1",
  verification: null,
  verificationDetail: null,
};

export const denial: Denial = {
  kind: "access-denied",
  principalArn: nodeArn,
  principalKind: "node-role",
  action: "dynamodb:Query",
  missingAction: null,
  resource: "arn:aws:dynamodb:eu-west-1:111122223333:table/carts",
  denyLayer: "identity-based",
  source: "pod-log",
  count: 214,
  firstSeen: "2026-11-20T11:01:00.000Z",
  lastSeen: "2026-11-20T11:59:30.000Z",
  history: false,
  excerpt: "User is not authorized to perform: dynamodb:Query",
};

const target = { cluster: "eks-workshop", region: "eu-west-1", namespace: "carts", serviceAccount: "carts" };
const rollout = { cluster: "eks-workshop", kind: "Deployment", namespace: "carts", name: "carts" } as const;

export const plan: Plan = {
  digest: "digest-1",
  closes: ["node-role-fallback-no-identity"],
  changes: [
    {
      change: {
        kind: "eks.pod-identity-association.create",
        target,
        before: null,
        after: { roleArn },
      },
      target: "eks-workshop/carts/carts",
      preview: `Create a Pod Identity association: service account carts/carts gets the role ${roleArn}.`,
      command: "aws eks create-pod-identity-association --cluster-name eks-workshop",
      undo: "aws eks delete-pod-identity-association --cluster-name eks-workshop",
    },
    {
      change: {
        kind: "k8s.rollout.restart",
        target: rollout,
        before: { mark: null },
        after: { mark: "mark-1" },
      },
      target: "eks-workshop/carts/carts",
      preview: "Restart the rollout of deployment carts/carts.",
      command: "kubectl -n carts rollout restart deployment/carts",
      undo: "kubectl -n carts rollout undo deployment/carts",
    },
  ],
  manual: [],
  warnings: ["The restart replaces 2 pods."],
};

export const finding: Finding = {
  ruleId: "node-role-fallback-no-identity",
  title: "No identity is configured",
  message: "Service account carts/carts has no association; the pods fall back to the node's role.",
  stage: "identity-configuration",
  severity: "error",
  cites: ["eks:ListPodIdentityAssociations", "k8s:serviceaccounts/carts/carts"],
  unless: ["An association for another name is meant for this workload."],
  fix: [],
  manual: [],
};

export const diagnosis: Diagnosis = {
  schema: "eksiam/diagnosis/v1",
  question: investigation.question,
  collectedAt: "2026-11-20T12:00:04.000Z",
  conclusion: "cause-found",
  cause: finding,
  alsoWrong: [],
  ruledOut: ["irsa-trust-sub-mismatch"],
  blindSpots: [],
  remarks: ["CloudTrail was read."],
  identity: {
    expected: { mechanism: "none", roleArn: null },
    injected: { mechanism: "none", roleArn: null },
    used: { mechanism: "node-role", principalArn: nodeArn },
  },
  credentials: [
    {
      container: "carts",
      pods: ["carts-1"],
      sdk: "java2",
      sdkVersion: "2.21.0",
      sdkFrom: "AWS SDK for Java 2, told by the form of its log's errors",
      sources: [
        { provider: "environment", status: "not-set", detail: "" },
        { provider: "web-identity", status: "injected", detail: roleArn },
      ],
      winner: "web-identity",
      ifItFails: "the SDK goes on silently to the node's role",
      stale: null,
      note: null,
    },
  ],
  denials: [denial],
  plan,
};

export const approval: Approval = {
  id: "approval-1",
  investigationId: "investigation-1",
  planDigest: "digest-1",
  requester: { slackUserId: "U01ALICE" },
  state: "pending",
  threshold: 1,
  reviews: [],
  createdAt: "2026-11-20T12:00:05.000Z",
  expiresAt: "2026-11-20T12:30:05.000Z",
  finishedAt: null,
  outcome: null,
};

export function snapshot(parts: Partial<InvestigationSnapshot> = {}): InvestigationSnapshot {
  return { investigation, diagnosis, approval, journal: [], verification: null, ...parts };
}

export function entry(step: number, event: JournalEntry["event"]): JournalEntry {
  return { at: "2026-11-20T12:01:00.000Z", step, event, detail: null };
}
