import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { auditMarkdown, auditText } from "../../src/adapters/terminal/audit-text.ts";
import { diagnosisMarkdown } from "../../src/adapters/terminal/diagnosis-markdown.ts";
import { diagnosisText } from "../../src/adapters/terminal/diagnosis-text.ts";
import { createStyle, printable } from "../../src/adapters/terminal/style.ts";
import type { Diagnosis } from "../../src/core/diagnosis.ts";
import type { AuditResult } from "../../src/core/digest.ts";
import type { Change } from "../../src/core/plan.ts";

const plain = createStyle({ isTTY: false } as NodeJS.WriteStream, {});
const at = "2026-01-02T03:04:05Z";

const attacks = [
  "\u001b[2J\u001b[31mred",
  "\u009b31m",
  "\u001b]8;;https://evil.example\u0007click\u001b]8;;\u0007",
  "\u202etxet desrever\u2066",
  "\r\n✓ No fault found",
  "\b\b\b",
  "[click](https://evil.example)",
  "![x](https://evil.example/x.png)",
  "<script>alert(1)</script>",
  "`code` ``` **bold** _it_ ~~no~~",
  "| cell |",
  "# heading",
  "https://evil.example/x",
  "www.evil.example",
  "mallory@evil.example",
  "@everybody see #12",
  "- item",
  "1. item",
  "---",
  "&lt;b&gt;",
  "\\",
];
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...attacks), fc.string({ unit: "binary", maxLength: 20 })), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => parts.join(" "));

/** A diagnosis in which everything that comes from outside is `bad`. */
function diagnosisOf(bad: string): Diagnosis {
  const finding = {
    ruleId: "node-role-fallback-no-identity",
    title: `T ${bad}`,
    message: `M ${bad}`,
    stage: "identity",
    severity: "error",
    cites: [bad],
    unless: [bad],
    fix: [],
    manual: [],
  };
  return {
    schema: "eksiam/diagnosis/v1",
    question: {
      cluster: bad,
      namespace: bad,
      name: bad,
      kind: "Deployment",
      container: null,
      sinceSeconds: 1,
    },
    collectedAt: at,
    credentials: [
      {
        container: bad,
        pods: [bad],
        sdk: null,
        sdkVersion: bad,
        sdkFrom: bad,
        sources: [{ provider: "web-identity", status: "set", detail: bad }],
        winner: "web-identity",
        ifItFails: bad,
        stale: bad,
        note: bad,
      },
    ],
    conclusion: "cause-found",
    cause: finding,
    alsoWrong: [finding],
    ruledOut: [],
    blindSpots: [{ evidence: "iam.role", reason: "error", permission: bad, detail: bad, ruleIds: [] }],
    remarks: [`R ${bad}`],
    identity: {
      expected: { mechanism: "irsa", roleArn: bad },
      injected: { mechanism: "irsa", roleArn: bad },
      used: { mechanism: "other-role", principalArn: bad },
    },
    denials: [
      {
        kind: "access-denied",
        principalArn: bad,
        principalKind: "role",
        action: bad,
        missingAction: bad,
        resource: bad,
        denyLayer: null,
        source: "pod-log",
        count: 1,
        firstSeen: at,
        lastSeen: at,
        history: false,
        excerpt: bad,
      },
    ],
    plan: {
      digest: "0",
      closes: [],
      changes: [
        {
          change: changeOf(bad),
          target: bad,
          preview: `P ${bad}`,
          command: `aws ${bad}`,
          undo: `aws ${bad}`,
        },
      ],
      manual: [{ title: `S ${bad}`, command: `kubectl ${bad}` }],
      warnings: [`W ${bad}`],
    },
  } as unknown as Diagnosis;
}

function changeOf(bad: string): Change {
  return {
    kind: "eks.pod-identity-association.create",
    target: { cluster: bad, region: bad, namespace: bad, serviceAccount: bad },
    before: null,
    after: { roleArn: bad },
  };
}

function auditOf(bad: string): AuditResult {
  const entry = {
    namespace: bad,
    name: bad,
    kind: "Deployment",
    conclusion: "cause-found",
    ruleId: "no-credentials-no-identity",
    message: bad,
    alsoWrong: [],
    missingPermissions: [],
  } as const;
  const unjudged = {
    ...entry,
    conclusion: "inconclusive",
    ruleId: null,
    missingPermissions: [bad],
  } as const;
  const totals = { "no-credentials-no-identity": 1 };
  return {
    schema: "eksiam/audit/v1",
    cluster: bad,
    at,
    workloads: [entry, unjudged],
    totals,
    new: [entry],
    resolved: [entry],
  };
}

/** What sites that show Markdown make links and mentions of by themselves. */
const links = /@|:\/\/|www\./i;

/** Control characters, and those that turn the direction of writing: what a terminal acts on rather than shows. */
const acting = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

/**
 * What is left of Markdown without its code spans and escapes: there, markup would take effect. An escape counts only
 * outside a span, and a span ends at a run of as many backticks: https://spec.commonmark.org/0.31.2/#code-spans
 */
function effective(markdown: string): string {
  return markdown
    .split("\n")
    .map((line) => {
      let rest = "";
      for (let index = 0; index < line.length; ) {
        const escaped = /^\\[!-/:-@[-`{-~]/.exec(line.slice(index));
        const [fence] = /^`+/.exec(line.slice(index)) ?? [];
        if (escaped !== null) index += 2;
        else if (fence === undefined) rest += line[index++] ?? "";
        else {
          const from = index + fence.length;
          const close = [...line.slice(from).matchAll(/`+/g)].find(([run]) => run.length === fence.length);
          if (close === undefined) rest += fence;
          index = close === undefined ? from : from + close.index + fence.length;
        }
      }
      return rest;
    })
    .join("\n");
}

describe("what is hostile in a cluster or a bundle", () => {
  test("is made visible", () => {
    expect(printable("a\u001b[31mb\u0000c")).toBe("a\\x1b[31mb\\x0c");
    expect(printable("a\nb\tc")).toBe("a b c");
    expect(printable("ünïcode – 🦊")).toBe("ünïcode – 🦊");
  });

  test("does nothing to a terminal and forges no line", () => {
    const harmless = diagnosisText(diagnosisOf("x"), plain).split("\n").length;
    const rows = auditText(auditOf("x"), plain).split("\n").length;
    fc.assert(
      fc.property(hostile, (bad) => {
        const text = diagnosisText(diagnosisOf(bad), plain);
        expect(text).not.toMatch(acting);
        // A command for people may have several lines.
        const extra = bad.split("\n").length - 1;
        expect(text.split("\n").length).toBe(harmless + extra);
        const audit = auditText(auditOf(bad), plain);
        expect(audit).not.toMatch(acting);
        expect(audit.split("\n").length).toBe(rows);
      }),
    );
  });

  test("forms no Markdown", () => {
    const lines = diagnosisMarkdown(diagnosisOf("x")).split("\n").length;
    const rows = auditMarkdown(auditOf("x")).split("\n").length;
    fc.assert(
      fc.property(hostile, (bad) => {
        const markdown = diagnosisMarkdown(diagnosisOf(bad));
        expect(markdown).not.toMatch(acting);
        expect(markdown.split("\n").length).toBe(lines);
        const rest = effective(markdown.replaceAll(/^(`{3,})\n[\s\S]*?\n\1$/gm, ""))
          .replaceAll(/^#{2,3} /gm, "")
          .replaceAll("**", "");
        expect(rest).not.toMatch(/[[\]<>|_*`~#]/);
        expect(rest).not.toMatch(links);
        expect(markdown).not.toMatch(/^(?:[-+]|\d+[.)]) +(?:[-+]|\d+[.)]) /m);
        const audit = auditMarkdown(auditOf(bad));
        expect(audit).not.toMatch(acting);
        expect(audit.split("\n").length).toBe(rows);
        for (const row of audit.split("\n").filter((line) => line.startsWith("| "))) {
          expect(row.replace(/\\./g, "").split("|")).toHaveLength(5);
          expect(effective(row)).not.toMatch(links);
        }
      }),
    );
  });
});

test("colour is for terminals that want it", () => {
  const terminal = { isTTY: true } as NodeJS.WriteStream;
  expect(createStyle(terminal, {}).red("x")).toContain("\u001b[31m");
  expect(createStyle(terminal, { NO_COLOR: "1" }).red("x")).toBe("x");
  expect(createStyle(terminal, { NO_COLOR: "" }).red("x")).toContain("\u001b[31m");
  expect(plain.red("x")).toBe("x");
});
