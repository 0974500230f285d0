import fc from "fast-check";
import { expect } from "vitest";
import { limits } from "../../../src/adapters/slack/limits.ts";
import type { SlackMessage } from "../../../src/adapters/slack/message.ts";

const attacks = [
  "<!channel>",
  "<!here|x>",
  "<@U02BOB>",
  "<#C01PLATFORM>",
  "<http://evil.example|click>",
  "```",
  "`",
  "&lt;!channel&gt;",
  "&",
  "*bold* _it_ ~no~",
  "\n*Approved by* <@U02BOB>\n",
  "\u202Etxet desrever",
  "\uD83D",
  "🦊",
  "> quoted",
  ":tada:",
  "arn:aws:iam::111122223333:role/<!channel>",
  "x".repeat(5_000),
  "&".repeat(4_000),
];

/** What an attacker, or bad luck, could put into a name or a log line. */
export const hostile: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.constantFrom(...attacks), fc.string({ unit: "binary", maxLength: 40 })), {
    maxLength: 6,
  })
  .map((parts) => parts.join(" "));

/** What the program itself may say to Slack between angle brackets: people and channels by id, nothing else. */
const ours = /<[@#][UWCG][A-Z0-9]+>/g;

/** Fails where a text would make Slack mention, link or call anybody that the program did not mean. */
export function uncontrolled(mrkdwn: string): void {
  const rest = mrkdwn.replaceAll(ours, "");
  expect(rest).not.toMatch(/[<>]/);
  expect(rest.replaceAll(/&(amp|lt|gt);/g, "")).not.toContain("&");
}

/** Fails where Slack would refuse the message, or read something into it. */
export function withinSlack({ text, blocks }: SlackMessage): void {
  expect(text.length).toBeLessThanOrEqual(limits.messageText);
  expect(text.trim()).not.toBe("");
  uncontrolled(text);
  expect(blocks.length).toBeGreaterThan(0);
  expect(blocks.length).toBeLessThanOrEqual(limits.blocks);
  // Slack's own limit is about 13,200.
  expect(JSON.stringify(blocks).length).toBeLessThan(40_000);
  let total = 0;
  const mrkdwn = (object: unknown, max: number) => {
    const { type, text: inner, verbatim } = object as { type: string; text: string; verbatim?: boolean };
    expect(inner.length).toBeGreaterThan(0);
    expect(inner.length).toBeLessThanOrEqual(max);
    expect(inner.isWellFormed()).toBe(true);
    total += inner.length;
    if (type !== "mrkdwn") return;
    expect(verbatim).toBe(true);
    uncontrolled(inner);
  };
  for (const block of blocks) {
    switch (block.type) {
      case "header":
        mrkdwn(block.text, limits.headerText);
        break;
      case "section":
        mrkdwn(block.text, limits.sectionText);
        break;
      case "context":
        for (const element of block.elements) mrkdwn(element, limits.contextText);
        break;
      case "actions":
        for (const element of block.elements) {
          if (element.type !== "button") throw new Error(`There is a ${element.type} among the buttons.`);
          mrkdwn(element.text, limits.buttonText);
          expect(element.accessibility_label?.length).toBeLessThanOrEqual(limits.buttonText);
          expect(element.value?.length).toBeLessThanOrEqual(limits.buttonValue);
          mrkdwn(element.confirm?.title, limits.confirmTitle);
          mrkdwn(element.confirm?.text, limits.confirmText);
          mrkdwn(element.confirm?.confirm, limits.confirmButton);
          mrkdwn(element.confirm?.deny, limits.confirmButton);
        }
        break;
      default:
        throw new Error(`No message has a block of type ${block.type}.`);
    }
  }
  expect(total).toBeLessThanOrEqual(limits.allBlocks + 1_500);
}
