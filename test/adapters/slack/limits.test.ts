import fc from "fast-check";
import { expect, test } from "vitest";
import type { SlackMessage } from "../../../src/adapters/slack/message.ts";
import { renderDetails } from "../../../src/adapters/slack/render-details.ts";
import { renderInvestigation } from "../../../src/adapters/slack/render-investigation.ts";
import type { InvestigationStatus } from "../../../src/app/investigation.ts";
import type { ApprovalState } from "../../../src/core/approval.ts";
import type { Diagnosis } from "../../../src/core/diagnosis.ts";
import { approval, diagnosis, entry, finding, investigation, plan } from "./snapshots.ts";

// Slack's documented limits once more, by hand: a wrong number in the source must not be its own witness.
const slackMax = { blocks: 50, section: 3000, header: 150, context: 2000, value: 2000, button: 75 };
/** Undocumented: https://github.com/slackapi/bolt-js/issues/2509 */
const slackMaxTexts = 13_200;

const statuses = [
  "asked",
  "gathering",
  "diagnosed",
  "refused",
  "failed",
] as const satisfies readonly InvestigationStatus[];
const states = [
  "pending",
  "approved",
  "denied",
  "expired",
  "executing",
  "succeeded",
  "failed",
  "rolled-back",
] as const satisfies readonly ApprovalState[];

/** Every mention here is of somebody that no state names. */
const injected = [
  "<!channel>",
  "<!subteam^S0EVIL>",
  "<@U0EVIL>",
  "<#C0EVIL>",
  "<http://x|y>",
  "`",
  "\n",
  "&",
  "\uD83D",
];
const evil = fc
  .array(
    fc.oneof(fc.constantFrom(...injected, "x".repeat(3_500)), fc.string({ unit: "binary", maxLength: 20 })),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((parts) => parts.join(""));

function textsOf({ blocks }: SlackMessage): readonly (readonly [string, number])[] {
  return blocks.flatMap((block): readonly (readonly [string, number])[] => {
    switch (block.type) {
      case "header":
        return [[block.text.text, slackMax.header]];
      case "section":
        return [[block.text?.text ?? "", slackMax.section]];
      case "context":
        return block.elements.map((element) => ["text" in element ? element.text : "", slackMax.context]);
      case "actions":
        return block.elements.flatMap((element): readonly (readonly [string, number])[] =>
          element.type !== "button"
            ? []
            : [
                [element.text.text, slackMax.button],
                [element.value ?? "", slackMax.value],
                [element.confirm?.title?.text ?? "", 100],
                [element.confirm?.text.text ?? "", 300],
                [element.confirm?.confirm?.text ?? "", 30],
                [element.confirm?.deny?.text ?? "", 30],
              ],
        );
      default:
        throw new Error(`No message has a block of type ${block.type}.`);
    }
  });
}

function check(shown: SlackMessage): void {
  const texts = textsOf(shown);
  expect(shown.blocks.length).toBeLessThanOrEqual(slackMax.blocks);
  for (const [text, max] of texts) expect(text.length).toBeLessThanOrEqual(max);
  expect(texts.reduce((sum, [text]) => sum + text.length, 0)).toBeLessThanOrEqual(slackMaxTexts);
  expect(shown.text.trim()).not.toBe("");
  const mrkdwn = shown.blocks.flatMap((block) =>
    block.type === "section"
      ? [block.text?.text ?? ""]
      : block.type === "context"
        ? block.elements.map((e) => ("text" in e ? e.text : ""))
        : [],
  );
  for (const text of [shown.text, ...mrkdwn]) {
    expect(text.replaceAll(/<@U0(1ALICE|2BOB|3CAROL)>/g, "")).not.toMatch(/[<>]/);
  }
}

function stateOf(text: string, other: string, count: number): Diagnosis & { conclusion: "cause-found" } {
  const many = <T>(item: T): readonly T[] => Array.from({ length: count }, () => item);
  const bad = { ...finding, title: text, message: other, cites: many(text) };
  return {
    ...diagnosis,
    conclusion: "cause-found",
    cause: bad,
    alsoWrong: many(bad),
    ruledOut: many(text),
    credentials: many(diagnosis.credentials)
      .flat()
      .map((trace) => ({
        ...trace,
        container: text,
        sdkFrom: other,
        sources: trace.sources.map((source) => ({ ...source, detail: text })),
        ifItFails: other,
        stale: text,
        note: other,
      })),
    remarks: many(other),
    plan: {
      ...plan,
      changes: many(plan.changes)
        .flat()
        .map((change) => ({ ...change, target: text, preview: other, command: other, undo: text })),
      warnings: many(text),
      manual: many({ title: text, command: other }),
    },
  };
}

test.each(statuses.flatMap((status) => states.map((state) => [status, state] as const)))(
  "%s and %s: within Slack's limits, whatever the texts are",
  (status, state) => {
    fc.assert(
      fc.property(evil, evil, fc.integer({ min: 1, max: 30 }), (text, other, count) => {
        const judged = stateOf(text, other, count);
        const reviews = [
          { reviewer: { slackUserId: "U02BOB" }, verdict: "approve", at: approval.createdAt } as const,
        ];
        const snapshot = {
          investigation: {
            ...investigation,
            status,
            problem: text,
            verification: "not-fixed",
            verificationDetail: other,
          } as const,
          diagnosis: judged,
          approval: { ...approval, state, reviews, outcome: other },
          journal: [entry(0, "applied"), entry(1, "failed")],
          verification: null,
        };
        check(renderInvestigation(snapshot, { approvers: ["U02BOB", "U03CAROL"] }));
        check(renderDetails(judged));
      }),
      { numRuns: 12 },
    );
  },
);

test("the text alone holds the cause, however long the names that Kubernetes allows are", () => {
  const name = "n".repeat(253);
  const question = { ...investigation.question, namespace: "s".repeat(63), name };
  const message = `${"Long. ".repeat(100)}The end.`;
  const judged = { ...stateOf("title", message, 30), question };
  const { text } = renderInvestigation(
    {
      investigation: { ...investigation, question },
      diagnosis: judged,
      approval,
      journal: [],
      verification: null,
    },
    { approvers: ["U02BOB"] },
  );
  expect(text).toContain(message);
});
