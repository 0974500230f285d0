import { rules } from "../rules/index.ts";
import { exit, type Io, type Output } from "./commands.ts";
import { ConfigError } from "./config-error.ts";

/** The catalogue of failure modes, or one of them by its id or a former name. */
export function rulesCommand(id: string | undefined, options: { readonly output: Output }, io: Io): number {
  const chosen = rules.filter(
    (rule) => id === undefined || rule.id === id || rule.meta.aliases?.includes(id),
  );
  if (chosen.length === 0) throw new ConfigError(`There is no rule ${id}. eksiam rules lists them.`);
  const entries = chosen.map(({ id: ruleId, meta }) => ({
    id: ruleId,
    title: meta.title,
    stage: meta.stage,
    severity: meta.severity,
    aliases: meta.aliases ?? [],
    unless: meta.unless,
    references: meta.references,
  }));
  if (options.output === "json") {
    io.stdout.write(`${JSON.stringify(entries, null, 2)}\n`);
  } else if (options.output === "markdown") {
    const rows = entries.map(
      (entry) => `| ${entry.id} | ${entry.stage} | ${entry.severity} | ${entry.title} |`,
    );
    io.stdout.write(
      `| rule | stage | severity | what is wrong |\n| --- | --- | --- | --- |\n${rows.join("\n")}\n`,
    );
  } else if (id === undefined) {
    const width = Math.max(...entries.map((entry) => entry.id.length));
    for (const entry of entries) io.stdout.write(`${entry.id.padEnd(width)}  ${entry.title}\n`);
  } else {
    for (const entry of entries) {
      const unless = entry.unless.map((sentence) => `  ${sentence}\n`).join("");
      io.stdout.write(`${entry.id}\n${entry.title}\nstage: ${entry.stage}\nseverity: ${entry.severity}\n`);
      io.stdout.write(`it is something else where:\n${unless}`);
      io.stdout.write(`${entry.references.join("\n")}\nmore: docs/rules/${entry.id}.md\n`);
    }
  }
  return exit.noFault;
}
