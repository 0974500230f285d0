import { createCaseReader, type ReadCase, readCase } from "../core/iam/case-reader.ts";
import { evaluate } from "../core/iam/evaluate.ts";
import { exit, type Io } from "./commands.ts";
import { linesOf, openInput, write } from "./input.ts";

/** Answers are written in pieces of about this many characters. */
const batch = 1 << 16;

/**
 * `eksiam simulate`: evaluates cases offline. A case that is not valid is answered with an error, in its place among
 * the others. Exit code 2 where the only case, or the input itself, is not valid.
 */
export async function simulateCommand(
  file: string | undefined,
  { jsonl = false }: { readonly jsonl?: boolean },
  io: Io,
): Promise<number> {
  const input = await openInput(file, io, "eksiam simulate < case.json");
  if (!jsonl) {
    const lines: string[] = [];
    for await (const line of linesOf(input)) lines.push(line);
    const answered = answerTo(readCase(lines.join("\n"), "the input"));
    io.stdout.write(`${JSON.stringify(answered, null, 2)}\n`);
    return "error" in answered ? exit.usage : exit.noFault;
  }
  const read = createCaseReader();
  let number = 0;
  let answers = "";
  for await (const line of linesOf(input)) {
    number++;
    if (line.trim() === "") continue;
    answers += `${JSON.stringify(answerTo(read(line, `line ${number}`)))}\n`;
    if (answers.length < batch) continue;
    await write(io.stdout, answers);
    answers = "";
  }
  if (answers !== "") await write(io.stdout, answers);
  return exit.noFault;
}

function answerTo(read: ReadCase) {
  return read.ok
    ? { id: read.id, ...evaluate(read.value.request, read.value.layers) }
    : { id: read.id, error: read.error };
}
