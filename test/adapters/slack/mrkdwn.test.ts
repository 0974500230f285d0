import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { limits, truncate } from "../../../src/adapters/slack/limits.ts";
import { header, list, message, section } from "../../../src/adapters/slack/message.ts";
import {
  code,
  lines,
  md,
  mention,
  plain,
  prose,
  truncateMrkdwn,
} from "../../../src/adapters/slack/mrkdwn.ts";
import { hostile, uncontrolled } from "./hostile.ts";

describe("escaping", () => {
  test.each([
    ["<!channel>", "&lt;!channel&gt;"],
    ["a & b", "a &amp; b"],
    ["`rm -rf`", "ˋrm -rfˋ"],
    ["first\nApproved by <@U02BOB>", "first Approved by &lt;@U02BOB&gt;"],
    ["\u202Eevil", "\uFFFDevil"],
    ["half \uD83D", "half \uFFFD"],
  ])("%j", (text, escaped) => {
    expect(md`${text}`.mrkdwn).toBe(escaped);
    expect(code(text).mrkdwn).toBe(`\`${escaped}\``);
  });

  test("prose sets ARNs as code and keeps the sentence's own punctuation outside", () => {
    expect(prose("Role arn:aws:iam::111122223333:role/app/carts, not <b>.").mrkdwn).toBe(
      "Role `arn:aws:iam::111122223333:role/app/carts`, not &lt;b&gt;.",
    );
  });

  test("only ids that Slack gives become mentions", () => {
    expect(mention("U02BOB").mrkdwn).toBe("<@U02BOB>");
    expect(mention("U02BOB> <!channel").mrkdwn).toBe("`U02BOB&gt; &lt;!channel`");
  });

  test("no text from outside forms a control sequence, wherever it is put", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const made of [md`${text}`, code(text), prose(text), mention(text)]) {
          uncontrolled(made.mrkdwn);
        }
        expect(md`${text}`.mrkdwn).not.toMatch(/[\n`]/);
        expect(code(text).mrkdwn).toMatch(/^`[^`\n]+`$/);
        expect(plain(text)).not.toMatch(/[\n\u202a-\u202e]/);
      }),
      { numRuns: 500 },
    );
  });
});

describe("cutting", () => {
  test("keeps what fits, and says how much is missing", () => {
    expect(truncate("short", 10)).toBe("short");
    const cut = truncate("🦊".repeat(100), 60);
    expect(cut.length).toBeLessThanOrEqual(60);
    expect(cut).toMatch(/^(🦊)+… \(\d+ more characters\)$/u);
    const kept = [...cut.slice(0, cut.indexOf("…"))].length;
    expect(cut).toContain(`(${100 - kept} more`);
  });

  test("closes what it cuts open", () => {
    expect(truncateMrkdwn(code("x".repeat(200)), 100).mrkdwn).toMatch(/^`x+` … \(\d+ more characters\)$/);
    expect(truncateMrkdwn(md`${"&".repeat(200)}`, 100).mrkdwn).toMatch(/^(&amp;)+ … \(\d+ more/);
  });

  test("never exceeds the limit, never splits a character, an entity or a span", () => {
    const parts = fc.array(
      fc.oneof(
        hostile.map((text) => md`${text} `),
        hostile.map((text) => code(text)),
        fc.constant(mention("U02BOB")),
      ),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(parts, fc.integer({ min: 60, max: 400 }), (all, max) => {
        const cut = truncateMrkdwn(lines(all), max).mrkdwn;
        expect(cut.length).toBeLessThanOrEqual(max);
        expect(cut.isWellFormed()).toBe(true);
        uncontrolled(cut);
        expect((cut.match(/`/g) ?? []).length % 2).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});

describe("messages", () => {
  test("a list takes as many sections as it needs, and counts what it leaves out", () => {
    const items = Array.from({ length: 400 }, (_, i) => md`• item number ${i}`);
    const parts = list(md`*All*`, items, 6_000);
    expect(parts.length).toBe(3);
    const { blocks, text } = message(parts);
    expect(JSON.stringify(blocks)).toMatch(/… and \d+ more/);
    expect(text).toContain("item number 0");
  });

  test("too many parts are cut from the end, with a word about it; buttons stay", () => {
    const value = "v";
    const confirm = { title: "Sure?", text: "It runs.", confirm: "Run" };
    const buttons = [
      { actionId: "approve", label: "Approve", effect: "Approve", style: "primary", value, confirm },
    ] as const;
    const parts = [header("Title"), { type: "buttons", buttons } as const];
    for (let i = 0; i < 80; i += 1) parts.push(section(md`${"x".repeat(300)} ${i}`) as never);
    const { blocks } = message(parts);
    expect(blocks.length).toBeLessThanOrEqual(limits.blocks);
    expect(blocks[0]?.type).toBe("header");
    expect(blocks[1]?.type).toBe("actions");
    expect(JSON.stringify(blocks.at(-1))).toMatch(/\d+ more parts do not fit/);
  });
});
