/**
 * What container runtimes, Compose and kubectl write before each line of a log: `2024-05-05T10:00:00.1Z stderr F `,
 * `carts-1  | `, `[pod/carts-0/carts] `.
 */
const linePrefix =
  /^(?:\d{4}-\d\d-\d\dT[\d:.]{8,20}(?:Z|[+-]\d\d:\d\d) std(?:out|err) [FP] |[\w.-]{1,80} {1,20}\| |\[pod\/[\w./-]{1,300}\] )/gm;

/**
 * One line from a record that terminals wrapped, loggers escaped and tools boxed: colours, box drawing and escapes
 * are taken out, and any white space is one space. Linear in the text.
 */
export function normalise(text: string): string {
  return text
    .replace(/\u001b\[[0-9;?]{0,32}[A-Za-z]/g, "")
    .replace(/\\{1,4}u001b\[[0-9;?]{0,32}[A-Za-z]/gi, "")
    .replace(linePrefix, "")
    .replace(/[\u2500-\u257f]+/g, " ")
    .replace(/\\{1,8}[nrt]/g, " ")
    .replace(/\\{1,8}(["'/])/g, "$1")
    .replace(/\\u003c/gi, "<")
    .replace(/\\u003e/gi, ">")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/\s+/g, " ");
}
