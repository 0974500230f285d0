import { runRule } from "../../src/core/diagnose.ts";
import type { EvidenceBundle, EvidenceKind } from "../../src/core/evidence.ts";
import { rehearse } from "../../src/core/rehearse.ts";
import type { Rule } from "../../src/core/rule.ts";
import { type Bases, bundleOf, type RuleCase, type RuleFixture } from "./rule-fixture.ts";

const headings = ["What it checks", "Why it breaks", "Evidence", "Fix", "When it is not the cause"];

/** Everything that is wrong with a rule, its fixture and its page. Empty: they are complete. */
export function problemsOf(
  rule: Rule,
  fixture: RuleFixture | null,
  page: string | null,
  bases: Bases,
): readonly string[] {
  const cases = fixture?.cases ?? [];
  const names = cases.map(({ name }) => name);
  const expected = new Set(
    cases.map(({ expect }) => (expect.outcome === "fail" ? expect.messageId : expect.outcome)),
  );
  const missing = Object.keys(rule.meta.messages).filter((id) => !expected.has(id));
  const pageHeadings = [...(page ?? "").matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
  return [
    ...when(rule.meta.references.length === 0, "no vendor reference"),
    ...when(fixture === null, "no fixture"),
    ...when(new Set(names).size !== names.length || names.includes(""), "cases need unique names"),
    // Where the condition is all there is to see, not applying is the other answer.
    ...when(!expected.has("pass") && rule.needs.length > 0, "no passing case"),
    ...when(!expected.has("pass") && !expected.has("not-applicable"), "no case that finds nothing"),
    ...missing.map((id) => `no failing case for message "${id}"`),
    ...when(page === null, "no page"),
    ...when(
      page !== null && pageHeadings.join() !== headings.join(),
      `the page needs the headings ${headings.join(", ")}`,
    ),
    ...when(
      page !== null && lastItems(page).join("\n") !== rule.meta.unless.join("\n"),
      `the page's last section and meta.unless differ:\n${lastItems(page ?? "").join("\n")}`,
    ),
    ...cases.flatMap((test) => problemsOfCase(rule, test, bases[test.base ?? fixture?.base ?? ""])),
  ];
}

/** The items of the page's last section, without its markup. */
function lastItems(page: string): readonly string[] {
  const section = page.split(`## ${headings.at(-1)}`)[1] ?? "";
  return section
    .split(/^- /m)
    .slice(1)
    .map((item) => item.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, "$1").replaceAll("`", ""))
    .map((item) => item.replaceAll(/\s+/g, " ").trim());
}

function problemsOfCase(rule: Rule, test: RuleCase, base: EvidenceBundle | undefined): readonly string[] {
  if (base === undefined) return [`${test.name}: no such base`];
  const bundle = deepFreeze(bundleOf(base, test));
  let problems: readonly string[];
  try {
    problems = judge(rule, test, bundle);
  } catch (error) {
    problems = [`threw ${String(error)}`];
  }
  return problems.map((problem) => `${test.name}: ${problem}`);
}

function judge(rule: Rule, { expect }: RuleCase, bundle: EvidenceBundle): readonly string[] {
  const result = runRule(rule, bundle);
  if (result.outcome !== expect.outcome) {
    const said =
      result.outcome === "fail" ? `fail "${result.finding.message}"` : JSON.stringify({ ...result, rule: 0 });
    return [`expected ${expect.outcome}, got ${said}`];
  }
  // A need that could not be seen leaves no rule room to guess.
  const asked = result.outcome === "not-applicable" ? [] : rule.needs;
  const applied = rule.when.flatMap(({ needs }, at) =>
    // Where an earlier condition does not hold, the needs of a later one do not count.
    at === 0 || result.outcome !== "not-applicable" ? needs : [],
  );
  const guessed = [...applied, ...asked].filter(
    (kind) => runRule(rule, without(bundle, kind)).outcome !== "unknown",
  );
  const problems = guessed.map((kind) => `guesses without ${kind}`);
  if (result.outcome !== "fail" || expect.outcome !== "fail") return problems;

  const { messageId, data, fix = [], manual = [] } = result.verdict;
  const commands = manual.flatMap(({ command }) => command ?? []);
  const template = rule.meta.messages[messageId] ?? "";
  const placeholders = new Set([...template.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name ?? ""));
  const filled = Object.keys(data);
  const rehearsed = fix.reduce((before, change) => rehearse(change, before), bundle);
  const after = runRule(rule, rehearsed).outcome;
  const differing = Object.entries(expect.data).filter(([key, value]) => data[key] !== value);
  const wavering = rule.wants.filter((kind) => {
    const blind = runRule(rule, without(bundle, kind));
    return blind.outcome !== "fail" || blind.verdict.messageId !== messageId;
  });
  return [
    ...problems,
    ...when(messageId !== expect.messageId, `message is "${messageId}", not "${expect.messageId}"`),
    ...[...placeholders]
      .filter((name) => !filled.includes(name))
      .map((name) => `leaves {{${name}}} unfilled`),
    ...filled.filter((name) => !placeholders.has(name)).map((name) => `fills no placeholder with ${name}`),
    ...differing.map(([key, value]) => `${key} is "${data[key]}", not "${value}"`),
    ...when(
      fix.map(({ kind }) => kind).join() !== expect.fix.join(),
      `offers [${fix.map(({ kind }) => kind)}]`,
    ),
    ...when(fix.length === 0 && manual.length === 0, "offers no way out"),
    ...when(fix.length === 0 && manual.length > 0 && commands.length === 0, "offers no command"),
    // What only a person can know stands in angle brackets, so that nobody runs it as it is.
    ...commands
      .filter((command) =>
        /(?<![\w<])[A-Z]+_(?:ARN|NAME|ID)(?![\w=-])|\b(?:REGION|BUCKET|NAME)\b(?!\S*=)/.test(command),
      )
      .map((command) => `has an unmarked placeholder: ${command}`),
    ...when(
      fix.length > 0 && after !== "pass" && after !== "not-applicable",
      `the rehearsed fix leads to ${after}`,
    ),
    ...wavering.map((kind) => `judges otherwise without ${kind}, which it only wants`),
  ];
}

function without(bundle: EvidenceBundle, kind: EvidenceKind): EvidenceBundle {
  const blind = { status: "unavailable", reason: "access-denied", source: "test" } as const;
  return { ...bundle, evidence: { ...bundle.evidence, [kind]: blind } };
}

function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === "object") for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}

function when(holds: boolean, problem: string): readonly string[] {
  return holds ? [problem] : [];
}
