import { describe, expect, test } from "vitest";
import { renderInvestigation } from "../../../src/adapters/slack/render-investigation.ts";
import type { JournalEntry } from "../../../src/app/journal.ts";
import { approval, diagnosis, entry, finding, investigation, plan, snapshot } from "./snapshots.ts";

const options = { approvers: ["U01ALICE", "U02BOB"] };

test("whoever asked is not named among those who may approve", () => {
  const { text } = renderInvestigation(snapshot(), options);
  expect(text).toContain("May approve: <@U02BOB>.");
  expect(text).toContain("Expires after 30 minutes.");
});

test.each([
  ["denied", "Nothing was changed."],
  ["expired", "Ask again to get a fresh plan."],
  ["rolled-back", "The association could not be seen."],
] as const)("%s says what has become of the world", (state, words) => {
  const { text } = renderInvestigation(
    snapshot({ approval: { ...approval, state, outcome: state === "rolled-back" ? words : null } }),
    options,
  );
  expect(text).toContain(words);
});

test.each([
  ["running", "asking the same question again"],
  ["not-fixed", "✗ *Not fixed.* Still denied."],
  ["cannot-tell", "Cannot tell whether it is fixed.* Still denied."],
] as const)("a verification that is %s is not shown as fixed", (verification, words) => {
  const { text } = renderInvestigation(
    snapshot({
      investigation: { ...investigation, verification, verificationDetail: "Still denied." },
      approval: { ...approval, state: "succeeded" },
    }),
    options,
  );
  expect(text).toContain(words);
  expect(text).not.toContain("Fixed and verified");
});

test("no fault, other faults, and a fix that is only by hand", () => {
  const none = { ...diagnosis, conclusion: "no-fault-found", cause: null, plan: null } as const;
  expect(renderInvestigation(snapshot({ diagnosis: none, approval: null }), options).text).toContain(
    "nothing is wrong",
  );
  const byHand = {
    ...diagnosis,
    cause: finding,
    conclusion: "cause-found",
    alsoWrong: [{ ...finding, title: "Another fault" }],
    plan: { ...plan, changes: [], manual: [{ title: "Change the trust policy.", command: null }] },
  } as const;
  const { text, blocks } = renderInvestigation(snapshot({ diagnosis: byHand, approval: null }), options);
  expect(text).toContain("Another fault");
  expect(text).toContain("Change the trust policy.");
  expect(blocks.some((block) => block.type === "actions")).toBe(false);
});

describe("each step shows the last thing that the journal says of it", () => {
  test.each([
    [[], "○ to do"],
    [["applying", "applied", "settling"], "… waiting until it is in effect"],
    [["already-done", "settled"], "✓ was there already"],
    [["drift"], "✗ the world has changed since"],
    [["applying", "failed"], "✗ failed"],
    [["applying", "applied", "settling", "settled"], "✓ done"],
    [["applying", "applied", "settled", "reverting"], "… taking back"],
    [["applying", "applied", "settled", "reverting", "reverted"], "↩ taken back"],
    [["applying", "applied", "settled", "reverting", "revert-failed"], "✗ could not be taken back"],
  ] as const satisfies readonly (readonly [readonly JournalEntry["event"][], string])[])(
    "%j",
    (said, words) => {
      const journal = said.map((event) => entry(0, event));
      const state = said.some((event) => event.startsWith("revert")) ? "failed" : "executing";
      const { text } = renderInvestigation(snapshot({ approval: { ...approval, state }, journal }), options);
      expect(text).toContain(`${words}: association for`);
    },
  );
});
