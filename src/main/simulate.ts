import { parseCase } from "../core/iam/case.ts";
import { evaluate } from "../core/iam/evaluate.ts";
import { repeatedKey } from "../core/json-keys.ts";
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
    const answered = answerTo(lines.join("\n"), "the input");
    io.stdout.write(`${JSON.stringify(answered, null, 2)}\n`);
    return "error" in answered ? exit.usage : exit.noFault;
  }
  let number = 0;
  let answers = "";
  for await (const line of linesOf(input)) {
    number++;
    if (line.trim() === "") continue;
    answers += `${JSON.stringify(answerTo(line, `line ${number}`))}\n`;
    if (answers.length < batch) continue;
    await write(io.stdout, answers);
    answers = "";
  }
  if (answers !== "") await write(io.stdout, answers);
  return exit.noFault;
}

function answerTo(text: string, place: string) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { id: null, error: `${place} is not JSON` };
  }
  const id = value !== null && typeof value === "object" && "id" in value ? value.id : null;
  const twice = repeatedKey(text);
  if (twice !== null) return { id, error: `${twice}: the key stands twice in one object` };
  const parsed = parseCase(value);
  if (!parsed.ok) return { id, error: parsed.error };
  const { request, layers } = parsed.value;
  return { id, ...evaluate(request, layers) };
}
