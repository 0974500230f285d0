import { withoutPrefixes } from "./line-prefix.ts";

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', amp: "&", apos: "'" };

/**
 * The lines of a text without what terminals, loggers and tools put around them: colours, box drawing, escapes (once or
 * several times over), the prefixes of container runtimes. Linear in the text.
 */
export function plainLines(text: string): string {
  const plain = text
    .replace(/(?:\u001b|\\{1,8}(?:u001b|x1b|033|e)|#033)\[[0-9;?]{0,32}[A-Za-z]/gi, "")
    .replace(/[\u200b\ufeff]/g, "")
    .replace(/\\{1,8}u([0-9a-f]{4})/gi, (whole, code: string) => printable(whole, code))
    .replace(/\r\n?/g, "\n")
    .replace(/\\{1,8}r(?=\\{1,8}n)/g, "")
    .replace(/\\{1,8}[nr]/g, "\n")
    .replace(/\\{1,8}t/g, "\t")
    .replace(/\\{1,8}(["'/`])/g, "$1")
    .replace(/&(lt|gt|quot|amp|apos);/g, (_, name: string) => entities[name] ?? " ")
    .replace(/[\u2500-\u257f]+/g, " ");
  return withoutPrefixes(plain);
}

/** A record on one line: any white space is one space. */
export function normalise(text: string): string {
  return oneLine(plainLines(text));
}

export function oneLine(text: string): string {
  return text.replace(/\s+/g, " ");
}

/** The letters that some encoders of JSON escape without need. */
function printable(whole: string, code: string): string {
  const letter = String.fromCharCode(Number.parseInt(code, 16));
  return /[<>&'"]/.test(letter) ? letter : whole;
}
