/**
 * One line from a record that terminals wrapped, loggers escaped and tools boxed: colours, box drawing and escapes
 * are taken out, and any white space is one space. Linear in the text.
 */
export function normalise(text: string): string {
  return text
    .replace(/\u001b\[[0-9;?]{0,32}[A-Za-z]/g, "")
    .replace(/[\u2500-\u257f]+/g, " ")
    .replace(/\\{1,8}[nrt]/g, " ")
    .replace(/\\{1,8}(["'])/g, "$1")
    .replace(/\s+/g, " ");
}
