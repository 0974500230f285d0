import { type Rule, stages } from "../core/rule.ts";

/** The table of all failure modes, as `docs/rules/README.md` shows it: by stage, then in the order of the list. */
export function catalogueOf(rules: readonly Rule[]): string {
  const rows = stages.flatMap((stage) =>
    rules
      .filter(({ meta }) => meta.stage === stage)
      .map(({ id, meta }) => `| [${id}](${id}.md) | ${meta.title} | ${stage} | ${meta.severity} |`),
  );
  return [
    "# Failure modes",
    "",
    "What eksiam recognises, in the order in which a call meets it. The first stage that breaks is the cause.",
    "This page is made from the rules; a test keeps the two equal.",
    "",
    "| Rule | What is wrong | Stage | Severity |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}
