import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { refusalTexts, renderHelp, renderProblem } from "../../../src/adapters/slack/help.ts";
import type { SlackMessage } from "../../../src/adapters/slack/message.ts";
import { renderDetails } from "../../../src/adapters/slack/render-details.ts";
import { renderInvestigation } from "../../../src/adapters/slack/render-investigation.ts";
import { renderReport } from "../../../src/adapters/slack/render-report.ts";
import type { InvestigationSnapshot } from "../../../src/app/ports.ts";
import type { AuditEntry } from "../../../src/core/digest.ts";
import { hostile, uncontrolled, withinSlack } from "./hostile.ts";
import { approval, denial, diagnosis, entry, finding, investigation, plan, snapshot } from "./snapshots.ts";

const options = { approvers: ["U02BOB", "U03CAROL"] };
const show = (parts: Partial<InvestigationSnapshot> = {}) => renderInvestigation(snapshot(parts), options);
const buttonsOf = ({ blocks }: SlackMessage) =>
  blocks.flatMap((block) => (block.type === "actions" ? block.elements : []));

describe("an investigation's message", () => {
  test("shows how far each source is", () => {
    const progress = { workload: "done", logs: "running", config: "partly", cloudtrail: "failed" } as const;
    const { text } = show({
      investigation: { ...investigation, status: "gathering", progress },
      diagnosis: null,
      approval: null,
    });

    expect(text).toContain("✓ read: workload");
    expect(text).toContain("… reading: logs");
    expect(text).toContain("◐ partly read: Kubernetes, EKS and IAM");
    expect(text).toContain("✗ could not be read: CloudTrail");
    expect(text).toContain("<@U01ALICE> asked about");
  });

  test("draws the path, names the cause, and offers the fix to those who may approve", () => {
    const shown = show();

    expect(shown.text).toContain(
      "deployment `carts` → ✗ no identity configured → node role `eksctl-eks-workshop-nodegroup-NodeInstanceRole` → ✗ `dynamodb:Query`",
    );
    expect(shown.text).toContain(finding.message);
    expect(shown.text).toContain("May approve: <@U02BOB>, <@U03CAROL>");
    const [approve, deny] = buttonsOf(shown);
    expect(approve).toMatchObject({
      action_id: "approve",
      accessibility_label: "Approve: create the association, then restart the rollout",
      value: JSON.stringify({ approvalId: "approval-1", planDigest: "digest-1" }),
      confirm: { text: { text: expect.stringContaining("Create a Pod Identity association") } },
    });
    expect(deny).toMatchObject({ action_id: "deny" });
  });

  test("says so where nobody can approve", () => {
    const { text } = renderInvestigation(snapshot(), { approvers: ["U01ALICE"] });
    expect(text).toContain("Nobody else is configured as approver");
  });

  test.each([
    ["approved", "Approved* (<@U02BOB> approved)"],
    ["executing", "Running"],
    ["denied", "Denied"],
    ["expired", "Expired"],
    ["succeeded", "Done"],
    ["failed", "Failed"],
    ["rolled-back", "Stopped and taken back"],
  ] as const)("has no buttons once it is %s", (state, words) => {
    const verdict = state === "denied" ? "deny" : "approve";
    const reviews = [{ reviewer: { slackUserId: "U02BOB" }, verdict, at: approval.createdAt } as const];
    const shown = show({ approval: { ...approval, state, reviews: state === "expired" ? [] : reviews } });

    expect(buttonsOf(shown)).toEqual([]);
    expect(shown.text).toContain(words);
  });

  test("keeps its buttons while more approvals are needed", () => {
    const reviews = [
      { reviewer: { slackUserId: "U02BOB" }, verdict: "approve", at: approval.createdAt } as const,
    ];
    const shown = show({ approval: { ...approval, threshold: 2, reviews } });

    expect(buttonsOf(shown)).toHaveLength(2);
    expect(shown.text).toContain("Waiting for 1 more");
  });

  test("tells the run step by step, the verification, and how to undo it", () => {
    const journal = [entry(0, "applying"), entry(0, "applied"), entry(0, "settled"), entry(1, "applying")];
    const running = show({ approval: { ...approval, state: "executing" }, journal });
    expect(running.text).toContain("✓ done: association");
    expect(running.text).toContain("… applying: restart");

    const done = show({
      investigation: { ...investigation, verification: "fixed", verificationDetail: "No denial since." },
      approval: { ...approval, state: "succeeded" },
      journal: [...journal, entry(1, "applied"), entry(1, "settled")],
    });
    expect(done.text).toContain("Fixed and verified.* No denial since.");
    // Pods keep what they were created with, so they are replaced last.
    expect(done.text.indexOf("delete-pod-identity-association")).toBeLessThan(
      done.text.indexOf("rollout undo"),
    );
  });

  test("offers to undo only what this run has changed", () => {
    const state = "succeeded" as const;
    const journal = [
      entry(0, "already-done"),
      entry(0, "settled"),
      entry(1, "applying"),
      entry(1, "applied"),
      entry(1, "settled"),
    ];
    const { text } = show({ approval: { ...approval, state }, journal });
    expect(text).toContain("✓ was there already: association");
    expect(text).toContain("rollout undo");
    expect(text).not.toContain("delete-pod-identity-association");

    const reverted = [entry(0, "applying"), entry(0, "applied"), entry(1, "drift"), entry(0, "reverted")];
    const back = show({ approval: { ...approval, state: "rolled-back" }, journal: reverted });
    expect(back.text).not.toContain("To undo it");

    const half = [entry(0, "applying"), entry(0, "applied"), entry(0, "settled"), entry(1, "failed")];
    const failed = show({ approval: { ...approval, state: "failed", outcome: "It broke." }, journal: half });
    expect(failed.text).toContain("It broke.");
    expect(failed.text).toContain("delete-pod-identity-association");
  });

  test("says what could not be seen, and which permission would show it", () => {
    const blindSpots = [
      {
        evidence: "iam.role",
        reason: "access-denied",
        permission: "iam:GetRole",
        detail: null,
        ruleIds: ["irsa-trust-sub-mismatch"],
      } as const,
    ];
    const inconclusive = {
      ...diagnosis,
      conclusion: "inconclusive",
      cause: null,
      plan: null,
      blindSpots,
    } as const;
    const { text } = show({ diagnosis: inconclusive, approval: null });

    expect(text).toContain("inconclusive");
    expect(text).toContain("grant `iam:GetRole`");
  });

  test.each([
    ["refused", "There is no workload carts/cart. Did you mean carts/carts?", "cannot answer"],
    ["failed", "The queue lost it.", "/eksiam why carts/carts"],
  ] as const)("tells why it was %s", (status, problem, words) => {
    const { text } = show({
      investigation: { ...investigation, status, problem },
      diagnosis: null,
      approval: null,
    });
    expect(text).toContain(problem);
    expect(text).toContain(words);
  });

  test("is the same for the same state", () => {
    expect(show()).toEqual(show());
  });
});

test("the details hold the identity, what was seen, the evidence and every command with its undo", () => {
  const { text } = renderDetails(diagnosis);

  expect(text).toContain("214×");
  expect(text).toContain("`eks:ListPodIdentityAssociations`");
  expect(text).toContain(plan.changes[0]?.command);
  expect(text).toContain(plan.changes[1]?.undo);
  expect(text).toContain("irsa-trust-sub-mismatch");
  expect(text).toContain("CloudTrail was read.");
});

describe("a digest", () => {
  const request = { id: "1", cluster: "eks-workshop", channel: "C01PLATFORM", requester: null };
  const broken = (i: number): AuditEntry => ({
    namespace: "team",
    name: `app-${i}`,
    kind: "Deployment",
    conclusion: "cause-found",
    ruleId: "node-role-fallback-no-identity",
    message: "No identity.",
    alsoWrong: [],
    missingPermissions: [],
  });
  const result = (workloads: readonly AuditEntry[]) => ({
    schema: "eksiam/audit/v1" as const,
    cluster: "eks-workshop",
    at: "2026-11-20T08:00:00.000Z",
    workloads,
    totals: {},
    new: workloads.slice(0, 1),
    resolved: [],
  });

  test("is bounded, and says where the rest is", () => {
    const workloads = Array.from({ length: 52 }, (_, i) => broken(i));
    const shown = renderReport({ request, outcome: { ok: true, result: result(workloads) } });

    withinSlack(shown);
    expect(shown.text).toContain("52 workloads broken");
    expect(shown.text).toContain("`team/app-0` (new)");
    expect(shown.text).toContain("… and 37 more: `eksiam audit`");
  });

  test("names the permissions without which something could not be judged", () => {
    const unjudged: AuditEntry = {
      ...broken(1),
      conclusion: "inconclusive",
      ruleId: null,
      message: null,
      alsoWrong: [],
      missingPermissions: ["iam:GetRole"],
    };
    const { text } = renderReport({ request, outcome: { ok: true, result: result([unjudged]) } });
    expect(text).toContain("nothing is broken");
    expect(text).toContain("Could not be judged");
    expect(text).toContain("iam:GetRole");
  });

  test("says so where it could not be made", () => {
    const { text } = renderReport({ request, outcome: { ok: false, problem: "No access." } });
    expect(text).toContain("could not be made.* No access.");
  });
});

test("the help names every command and option, and a wrong command what is right", () => {
  const { text } = renderHelp({ names: ["a", "b"], default: "a" });
  for (const word of ["why", "audit", "help", "--cluster", "--kind", "--container", "--since", "a, b"]) {
    expect(text).toContain(word);
  }
  const wrong = renderProblem({ problem: "“<!channel>” is not a command.", nearest: "why a/`b`" });
  expect(wrong.text).toContain("“&lt;!channel&gt;” is not a command. Did you mean `/eksiam why a/ˋbˋ`?");
});

test("every refusal is a sentence that says what to do", () => {
  for (const text of Object.values(refusalTexts)) {
    expect(text).toMatch(/\.$/);
    uncontrolled(text);
  }
});

test("no name and no log line, however hostile, breaks a message", () => {
  const hostileSnapshot = fc
    .record({
      text: hostile,
      other: hostile,
      count: fc.integer({ min: 1, max: 40 }),
      status: fc.constantFrom("asked", "refused", "failed", "diagnosed" as const),
      state: fc.constantFrom("pending", "denied", "executing", "succeeded", "failed", "expired" as const),
      conclusion: fc.constantFrom("cause-found", "no-fault-found", "inconclusive" as const),
    })
    .map(({ text, other, count, status, state, conclusion }): InvestigationSnapshot => {
      const many = <T>(item: T) => Array.from({ length: count }, () => item);
      const bad = { ...finding, ruleId: other, title: text, message: other, cites: many(text) };
      const question = { ...investigation.question, namespace: other, name: text, container: other };
      const base = {
        ...diagnosis,
        question,
        alsoWrong: many(bad),
        ruledOut: many(other),
        blindSpots: many({
          evidence: "iam.role",
          reason: "error",
          permission: text,
          detail: other,
          ruleIds: [text],
        } as const),
        remarks: many(text),
        identity: {
          expected: { mechanism: "irsa", roleArn: text },
          injected: { mechanism: "none", roleArn: null },
          used: { mechanism: "other-role", principalArn: other },
        } as const,
        denials: many({
          ...denial,
          action: text,
          resource: other,
          principalArn: text,
          excerpt: other,
          lastSeen: text,
        }),
        plan: {
          ...plan,
          changes: many(plan.changes[0]).flatMap((change) =>
            change === undefined
              ? []
              : [{ ...change, target: text, preview: other, command: `${text}\n${other}`, undo: text }],
          ),
          manual: many({ title: other, command: text }),
          warnings: many(text),
        },
      };
      return {
        investigation: {
          ...investigation,
          question,
          status,
          problem: text,
          requester: { slackUserId: other },
          verification: "fixed",
          verificationDetail: text,
        },
        diagnosis:
          conclusion === "cause-found"
            ? { ...base, conclusion, cause: bad }
            : { ...base, conclusion, cause: null },
        approval: {
          ...approval,
          state,
          requester: { slackUserId: other },
          outcome: text,
          reviews: [{ reviewer: { slackUserId: text }, verdict: "approve", at: text }],
        },
        journal: [entry(0, "applied"), entry(1, "failed")],
        verification: null,
      };
    });
  fc.assert(
    fc.property(hostileSnapshot, hostile, (hostileState, approver) => {
      withinSlack(renderInvestigation(hostileState, { approvers: [approver, "U02BOB"] }));
      if (hostileState.diagnosis !== null) withinSlack(renderDetails(hostileState.diagnosis));
    }),
    { numRuns: 150 },
  );
  fc.assert(
    fc.property(hostile, hostile, fc.integer({ min: 0, max: 60 }), (text, other, count) => {
      const bad: AuditEntry = {
        namespace: text,
        name: other,
        kind: "Pod",
        conclusion: count % 2 === 0 ? "cause-found" : "inconclusive",
        ruleId: text,
        message: other,
        alsoWrong: [],
        missingPermissions: [text, other],
      };
      const workloads = Array.from({ length: count }, () => bad);
      const result = {
        schema: "eksiam/audit/v1",
        cluster: text,
        at: other,
        workloads,
        totals: {},
        new: workloads,
        resolved: workloads,
      } as const;
      const request = { id: text, cluster: other, channel: text, requester: { slackUserId: other } };
      withinSlack(renderReport({ request, outcome: { ok: true, result } }));
      withinSlack(renderProblem({ problem: text, nearest: other }));
      withinSlack(renderHelp({ names: [text, other], default: text }));
    }),
    { numRuns: 150 },
  );
});
