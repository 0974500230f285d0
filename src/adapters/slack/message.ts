import type { types } from "@slack/bolt";
import { limits, truncate } from "./limits.ts";
import { code, join, lines, type Mrkdwn, md, plain, truncateMrkdwn } from "./mrkdwn.ts";

/** A message as `chat.postMessage` and `chat.update` take it. `text` holds all that the blocks say. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly types.KnownBlock[];
}

/** What a message is made of. Only texts that are `Mrkdwn` or are shown unparsed can get in. */
export type Part =
  | { readonly type: "header"; readonly text: string }
  | { readonly type: "section"; readonly text: Mrkdwn }
  | { readonly type: "context"; readonly text: Mrkdwn }
  | { readonly type: "divider" }
  | { readonly type: "buttons"; readonly buttons: readonly Button[] };

export interface Button {
  readonly actionId: string;
  readonly label: string;
  /** The label for screen readers: what pressing it does. */
  readonly effect: string;
  readonly style: "primary" | "danger" | null;
  readonly value: string;
  readonly confirm: { readonly title: string; readonly text: string; readonly confirm: string };
}

export function header(text: string): Part {
  return { type: "header", text };
}

export function section(...paragraph: readonly Mrkdwn[]): Part {
  return { type: "section", text: lines(paragraph) };
}

export function context(...paragraph: readonly Mrkdwn[]): Part {
  return { type: "context", text: lines(paragraph) };
}

/** A list that keeps to its bound and says how many it leaves out. */
export function bounded(
  items: readonly Mrkdwn[],
  max: number,
  more: (hidden: number) => Mrkdwn,
): readonly Mrkdwn[] {
  return items.length <= max ? items : [...items.slice(0, max), more(items.length - max)];
}

/**
 * A titled list as sections, as many as its lines need: Slack's limit is of one section's text.
 * @param max characters for the whole list; what does not fit is counted in its last line.
 */
export function list(title: Mrkdwn, items: readonly Mrkdwn[], max: number): readonly Part[] {
  const short = items.map((item) => truncateMrkdwn(item, Math.min(limits.sectionText - 200, max)));
  const sections: Mrkdwn[][] = [[title]];
  let total = title.mrkdwn.length;
  for (const [i, item] of short.entries()) {
    const length = item.mrkdwn.length + 1;
    if (total + length > max && i > 0) {
      sections.at(-1)?.push(md`… and ${short.length - i} more`);
      break;
    }
    total += length;
    const last = sections.at(-1) ?? [];
    if (lines([...last, item]).mrkdwn.length > limits.sectionText - 100) sections.push([item]);
    else last.push(item);
  }
  return sections.map((paragraph) => section(...paragraph));
}

/**
 * Keeps the parts within Slack's limits. Buttons and the header always stay; where the rest is too much, the last
 * parts are left out and a line says so.
 */
export function message(parts: readonly Part[]): SlackMessage {
  // Slack refuses a message that has an empty text anywhere.
  const fitted = withinLimits(parts.filter((part) => !isBlank(part)));
  return { text: fallback(fitted), blocks: fitted.map(block) };
}

function isBlank(part: Part): boolean {
  return (part.type === "section" || part.type === "context") && part.text.mrkdwn.trim() === "";
}

function withinLimits(parts: readonly Part[]): readonly Part[] {
  const budget = { blocks: limits.blocks, units: limits.allBlocks };
  const fits = (kept: readonly Part[]) =>
    kept.length <= budget.blocks && kept.reduce((sum, part) => sum + sizeOf(part), 0) <= budget.units;
  if (fits(parts)) return parts;
  const kept = [...parts];
  let left = 0;
  while (!fits([...kept, leftOut(left)])) {
    const last = kept.findLastIndex((part) => part.type !== "buttons" && part.type !== "header");
    if (last === -1) break;
    kept.splice(last, 1);
    left += 1;
  }
  return [...kept, leftOut(left)];
}

function leftOut(count: number): Part {
  return context(
    md`${count} more parts do not fit into a message. The whole answer: ${code("eksiam why")} on the command line.`,
  );
}

function sizeOf(part: Part): number {
  switch (part.type) {
    case "header":
      return Math.min(part.text.length, limits.headerText);
    case "section":
      return Math.min(part.text.mrkdwn.length, limits.sectionText);
    case "context":
      return Math.min(part.text.mrkdwn.length, limits.contextText);
    case "divider":
      return 0;
    case "buttons":
      return part.buttons.length * (limits.buttonText + limits.confirmText + 300);
  }
}

function block(part: Part): types.KnownBlock {
  switch (part.type) {
    case "header":
      return { type: "header", text: plainText(part.text, limits.headerText) };
    case "section":
      return { type: "section", text: mrkdwnText(part.text, limits.sectionText), expand: true };
    case "context":
      return { type: "context", elements: [mrkdwnText(part.text, limits.contextText)] };
    case "divider":
      return { type: "divider" };
    case "buttons":
      return { type: "actions", elements: part.buttons.map(button) };
  }
}

function button({ actionId, label, effect, style, value, confirm }: Button): types.Button {
  // Cut, the value would name something else.
  if (value.length > limits.buttonValue) throw new RangeError("A button's value is too long for Slack.");
  return {
    type: "button",
    action_id: actionId,
    text: plainText(label, limits.buttonText),
    accessibility_label: truncate(plain(effect), limits.buttonText),
    value,
    ...(style === null ? {} : { style }),
    confirm: {
      title: plainText(confirm.title, limits.confirmTitle),
      text: plainText(confirm.text, limits.confirmText),
      confirm: plainText(confirm.confirm, limits.confirmButton),
      deny: plainText("Cancel", limits.confirmButton),
    },
  };
}

function plainText(text: string, max: number): types.PlainTextElement {
  const shown = plain(text).trim();
  return { type: "plain_text", text: shown === "" ? "(no text)" : truncate(shown, max), emoji: false };
}

/** `verbatim`: Slack makes no link and no mention of its own out of bare addresses and names. */
function mrkdwnText(text: Mrkdwn, max: number): types.MrkdwnElement {
  return { type: "mrkdwn", text: truncateMrkdwn(text, max).mrkdwn, verbatim: true };
}

/** Screen readers and notifications read only this: https://docs.slack.dev/reference/methods/chat.postMessage */
function fallback(parts: readonly Part[]): string {
  return truncateMrkdwn(lines(parts.flatMap(textsOf)), limits.messageText).mrkdwn;
}

function textsOf(part: Part): readonly Mrkdwn[] {
  switch (part.type) {
    case "header":
      return [md`*${part.text}*`];
    case "section":
    case "context":
      return [part.text];
    case "divider":
      return [];
    case "buttons": {
      const effects = part.buttons.map(({ effect }) => md`${effect}`);
      return [md`Buttons: ${join(effects, " | ")}`];
    }
  }
}
