import { markOf } from "./limits.ts";

/**
 * Text in Slack's mrkdwn that is safe to send: whatever came from outside in it has been escaped. Only this file
 * makes it, and only it may go into a block, so that a forgotten escape does not compile.
 * https://docs.slack.dev/messaging/formatting-message-text
 */
export interface Mrkdwn {
  readonly mrkdwn: string;
}

/**
 * Template tag: escapes every value that is not `Mrkdwn` already; the literal parts are the program's own words.
 * A value keeps to one line and can form no mention, link, code span or quotation.
 */
export function md(literals: TemplateStringsArray, ...values: readonly (string | number | Mrkdwn)[]): Mrkdwn {
  const parts = literals.map((literal, i) => literal + (i < values.length ? shown(values[i] ?? "") : ""));
  return { mrkdwn: parts.join("") };
}

function shown(value: string | number | Mrkdwn): string {
  return typeof value === "object" ? value.mrkdwn : escapeText(oneLine(String(value)));
}

/** Prose of a rule or of AWS: escaped, with its ARNs as code, so that Slack reads no emoji out of their colons. */
export function prose(text: string): Mrkdwn {
  const parts = oneLine(text).split(/(arn:aws[\w-]*:[^\s,;"'`()]*[^\s,;"'`().:])/);
  return join(
    parts.map((part, i) => (i % 2 === 1 ? code(part) : { mrkdwn: escapeText(part) })),
    "",
  );
}

/** A code span. There is no escape for a backtick: it is shown as a look-alike. */
export function code(text: string | number): Mrkdwn {
  const inner = oneLine(String(text)).trim();
  return { mrkdwn: `\`${escapeText(inner === "" ? "(empty)" : inner)}\`` };
}

/** A block of lines that are shown as they are, but for backticks, which are shown as look-alikes. */
export function codeBlock(text: string): Mrkdwn {
  const shownLines = text
    .trimEnd()
    .split("\n")
    .map((line) => escapeText(visible(line)));
  return { mrkdwn: `\`\`\`\n${shownLines.join("\n")}\n\`\`\`` };
}

/** Mentions a person by the id that Slack gave; anything else is shown as it stands. */
export function mention(slackUserId: string): Mrkdwn {
  return /^[UW][A-Z0-9]{1,20}$/.test(slackUserId) ? { mrkdwn: `<@${slackUserId}>` } : code(slackUserId);
}

export function join(parts: readonly Mrkdwn[], separator: string): Mrkdwn {
  return { mrkdwn: parts.map((part) => part.mrkdwn).join(separator) };
}

export function lines(parts: readonly Mrkdwn[]): Mrkdwn {
  return join(parts, "\n");
}

/** Text for Slack's `plain_text` objects, which are never parsed: only made visible, on one line. */
export function plain(text: string): string {
  return oneLine(text);
}

/**
 * Cuts at a character, never inside an entity or a mention, closes an open code span, and says how much is missing.
 */
export function truncateMrkdwn(text: Mrkdwn, max: number): Mrkdwn {
  if (text.mrkdwn.length <= max) return text;
  const tokens = text.mrkdwn.match(/&(?:amp|lt|gt);|<[^<>\n]*>|./gsu) ?? [];
  const room = max - "`".length - ` ${markOf(tokens.length)}`.length;
  const kept: string[] = [];
  let used = 0;
  let open = false;
  for (const token of tokens) {
    if (used + token.length > room) break;
    kept.push(token);
    used += token.length;
    if (token === "`") open = !open;
  }
  return { mrkdwn: `${kept.join("")}${open ? "`" : ""} ${markOf(tokens.length - kept.length)}` };
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("`", "ˋ");
}

/** A second line could pass for one of the program's own. */
function oneLine(text: string): string {
  return visible(text.replace(/[\s\u2028\u2029\u0085]+/g, " "));
}

/**
 * Characters that would make a text look like another one (control characters, direction overrides, invisible ones,
 * halves of a surrogate pair) are shown as a replacement character.
 */
function visible(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu, "\ufffd");
}
