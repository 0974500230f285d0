/**
 * Slack's limits on a message, in UTF-16 units (never fewer than the characters that Slack counts).
 * https://docs.slack.dev/reference/block-kit/blocks, https://docs.slack.dev/reference/methods/chat.postMessage
 */
export const limits = {
  blocks: 50,
  sectionText: 3000,
  contextText: 2000,
  headerText: 150,
  buttonText: 75,
  buttonValue: 2000,
  confirmTitle: 100,
  confirmText: 300,
  confirmButton: 30,
  /** Recommended for the `text` of a message; Slack cuts at 40,000. */
  messageText: 4000,
  /**
   * All texts of a message's blocks together. Slack documents no such limit, but answers `msg_blocks_too_long` from
   * about 13,200 on: https://github.com/slackapi/bolt-js/issues/2509
   */
  allBlocks: 12_000,
} as const;

/** Cuts a text at a code point so that it fits, and says how many characters are missing. */
export function truncate(text: string, max: number): string {
  if (text.length <= max) return text;
  const characters = [...text];
  // The longest mark there can be, so that the result fits whatever number it ends up naming.
  let kept = take(characters, Math.max(0, max - markOf(characters.length).length));
  let mark = markOf(characters.length - kept.length);
  if (mark.length > max) {
    kept = take(characters, max);
    mark = "";
  }
  return kept.join("") + mark;
}

/** Says how much a cut took away. */
export function markOf(missing: number): string {
  return `… (${missing} more characters)`;
}

function take(characters: readonly string[], units: number): readonly string[] {
  let used = 0;
  let count = 0;
  for (const character of characters) {
    used += character.length;
    if (used > units) break;
    count += 1;
  }
  return characters.slice(0, count);
}
