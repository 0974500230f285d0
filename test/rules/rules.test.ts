import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EvidenceBundle } from "../../src/core/evidence.ts";
import { defineRule, fail, type Pass, pass, type Rule } from "../../src/core/rule.ts";
import { catalogueOf } from "../../src/rules/catalogue.ts";
import { rules } from "../../src/rules/index.ts";
import type { Bases, RuleFixture } from "./rule-fixture.ts";
import { problemsOf } from "./rule-tester.ts";

const root = join(import.meta.dirname, "../..");
const fixturesPath = join(root, "test/fixtures/rules");
const bases = readBases();

describe.each(rules.map((rule) => [rule.id, rule] as const))("rule %s", (id, rule) => {
  it("is complete: file, fixture, page, and every promise of the rule tester", () => {
    expect(problemsOf(rule, readFixture(id), readPage(id), bases)).toEqual([]);
  });
});

describe("the list of rules", () => {
  it("names every rule file, fixture and page once, and nothing else", () => {
    const ids = rules.map(({ id }) => id).sort();
    const files = namesIn("src/rules", ".ts").filter((name) => name !== "index" && name !== "catalogue");

    expect(new Set(ids).size).toBe(ids.length);
    expect(files).toEqual(ids);
    expect(namesIn("test/fixtures/rules", ".json")).toEqual(ids);
    expect(namesIn("docs/rules", ".md").filter((name) => name !== "README")).toEqual(ids);
  });

  it("is the catalogue page", () => {
    expect(readPage("README")).toBe(catalogueOf(rules));
  });
});

describe("the rule tester catches", () => {
  const id = "pi-role-deleted";
  const sound = rules.find((rule) => rule.id === id);
  const fixture = readFixture(id);
  const page = readPage(id);
  const problems = (change: Partial<Rule>) =>
    problemsOf({ ...(sound as Rule), ...change }, fixture, page, bases);
  const failing = (change: object) =>
    problems({ check: (...given) => ({ ...(sound as Rule).check(...given), ...change }) as never });

  it("nothing on a sound rule", () => {
    expect(problems({})).toEqual([]);
  });

  it.each([
    [
      "a message that no case shows",
      problems({ meta: { ...(sound as Rule).meta, messages: { ...sound?.meta.messages, b: "" } } }),
      /no failing case for message "b"/,
    ],
    [
      "a rule without a reference",
      problems({ meta: { ...(sound as Rule).meta, references: [] as never } }),
      /no vendor reference/,
    ],
    ["a missing fixture", problemsOf(sound as Rule, null, page, bases), /no fixture/],
    ["a missing page", problemsOf(sound as Rule, fixture, null, bases), /no page/],
    [
      "headings out of order",
      problemsOf(sound as Rule, fixture, (page ?? "").replace("## Fix", "## Repair"), bases),
      /needs the headings/,
    ],
    ["an unfilled placeholder", failing({ data: {} }), /leaves \{\{role\}\} unfilled/],
    [
      "data that fills nothing",
      failing({ data: { association: "", role: "", serviceAccount: "", more: "" } }),
      /fills no placeholder with more/,
    ],
    ["a rule that guesses", problems({ needs: [], check: () => pass() }), /expected fail, got/],
    [
      "a need that is only pretended",
      problems({ when: [], needs: ["iam.role"], check: () => fail("deleted", {}) }),
      /expected pass, got fail/,
    ],
    ["a rule that changes its input", problems({ check: tamper }), /threw TypeError/],
    ["a fail without a way out", failing({ manual: [] }), /offers no way out/],
    [
      "advice without a command",
      failing({ manual: [{ title: "Think", command: null }] }),
      /offers no command/,
    ],
    [
      "a placeholder that looks like a value",
      failing({ manual: [{ title: "Do", command: "aws iam get-role --role-name ROLE_NAME" }] }),
      /unmarked placeholder/,
    ],
    ["a fix that is not asserted", failing({ fix: [uselessRestart] }), /offers \[k8s.rollout.restart\]/],
    ["a fix that fixes nothing", failing({ fix: [uselessRestart] }), /the rehearsed fix leads to fail/],
    ["two cases of one name", problemsOf(sound as Rule, twice(fixture), page, bases), /unique names/],
    [
      "a base that does not exist",
      problemsOf(sound as Rule, { ...(fixture as RuleFixture), base: "x" }, page, bases),
      /no such base/,
    ],
  ])("%s", (_name, found, expected) => {
    expect(found.join("\n")).toMatch(expected);
  });

  it("at compile time: evidence that was not declared, values not looked for, unknown messages, promises", () => {
    const meta = {
      title: "",
      stage: "injection",
      severity: "error",
      references: ["x"],
      unless: ["x"],
      messages: { a: "" },
    } as const;
    const rule = { id: "", meta } as const;
    const undeclared = defineRule({
      ...rule,
      needs: ["iam.role"],
      // @ts-expect-error the rule does not declare this evidence
      check: (evidence) => (evidence["k8s.pods"] ? pass() : pass()),
    });
    const unlooked = defineRule({
      ...rule,
      needs: ["iam.role"],
      // @ts-expect-error a value read before its status
      check: (evidence) => (evidence["iam.role"].value ? pass() : pass()),
    });
    const unworded = defineRule({
      ...rule,
      needs: [],
      // @ts-expect-error no such message
      check: () => fail("b", {}),
    });
    const late = defineRule({
      ...rule,
      needs: [],
      // @ts-expect-error a promise is no verdict
      check: async () => pass(),
    });
    const broken = [undeclared, unlooked, unworded, late];
    expect(broken).toHaveLength(4);
  });
});

const uselessRestart = {
  kind: "k8s.rollout.restart",
  target: { cluster: "eks-workshop", kind: "Deployment", namespace: "carts", name: "carts" },
  before: { mark: null },
  after: { mark: "m" },
};

function tamper(evidence: object): Pass {
  (evidence as { "eks.association": { source: string } })["eks.association"].source = "tampered";
  return pass();
}

function twice(fixture: RuleFixture | null): RuleFixture {
  const cases = fixture?.cases ?? [];
  return { base: fixture?.base ?? "", cases: [...cases, ...cases.slice(0, 1)] };
}

function readBases(): Bases {
  const folder = join(fixturesPath, "_bases");
  const entries = readdirSync(folder).map((file) => [basename(file, ".json"), readJson(join(folder, file))]);
  return Object.fromEntries(entries) as Record<string, EvidenceBundle>;
}

function readFixture(id: string): RuleFixture | null {
  const path = join(fixturesPath, `${id}.json`);
  return existsSync(path) ? (readJson(path) as RuleFixture) : null;
}

function readPage(id: string): string | null {
  const path = join(root, "docs/rules", `${id}.md`);
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

function namesIn(folder: string, extension: string): readonly string[] {
  return readdirSync(join(root, folder))
    .filter((name) => name.endsWith(extension))
    .map((name) => basename(name, extension))
    .sort();
}
