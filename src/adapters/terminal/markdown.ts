import { printable } from "./style.ts";

/** What sites that show Markdown make links, mentions and references of, escaped or not: only in code they leave it. */
const linked = /@|:\/\/|www\.|#\d/i;

/** Text from outside can form no markup, no link and no mention. It stands at the beginning of a line or within one. */
export function text(value: string): string {
  return wordsOf(value)
    .map((word) => (linked.test(word) ? code(word) : escaped(word)))
    .join(" ")
    .replace(/^[-+]/, "\\$&")
    .replace(/^(\d{1,9})([.)])/, "$1\\$2");
}

/** The same for a cell of a table, which every bar would end, in code as well: there it is shown as a look-alike. */
export function cell(value: string): string {
  return wordsOf(value)
    .map((word) => (linked.test(word) ? code(word.replaceAll("|", "¦")) : escaped(word)))
    .join(" ");
}

/** A code span that its content cannot end: the fence is longer than any run of backticks in it. */
export function code(value: string): string {
  const safe = printable(value);
  if (safe === "") return "";
  const longest = Math.max(0, ...(safe.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${safe}${fence}` : `${fence} ${safe} ${fence}`;
}

/** Without blanks at the beginning: four would make it code. */
function wordsOf(value: string): readonly string[] {
  return printable(value).trim().split(" ");
}

function escaped(word: string): string {
  return word.replace(/[\\`*_{}[\]<>#|~&]/g, (character) => `\\${character}`);
}
