import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { stories } from "../../sandbox/stories/index.ts";
import { diagnosisJson } from "../../src/adapters/terminal/diagnosis-json.ts";
import { diagnose } from "../../src/core/diagnose.ts";
import { workloadKinds } from "../../src/core/evidence.ts";
import { rules } from "../../src/rules/index.ts";
import { eksiam, type Ran, type Served, serve } from "./support.ts";

const mechanism = z.enum(["pod-identity", "irsa", "none"]);
const nullableText = z.string().nullable();
const finding = z.object({
  ruleId: z.enum(rules.map(({ id }) => id) as [string, ...string[]]),
  title: z.string().min(1),
  message: z.string().min(1),
  stage: z.string().min(1),
  severity: z.enum(["error", "warning", "info"]),
  cites: z.array(z.string().min(1)).min(1),
  unless: z.array(z.string().min(1)).min(1),
});

/** What scripts may rely on. Fields may be added; none of these may go. */
const document = z.object({
  schema: z.literal("eksiam/diagnosis/v1"),
  question: z.object({
    cluster: z.string(),
    namespace: z.string(),
    name: z.string(),
    kind: z.enum(workloadKinds),
  }),
  conclusion: z.enum(["cause-found", "no-fault-found", "inconclusive"]),
  cause: finding.extend({ severity: z.enum(["error", "warning"]) }).nullable(),
  alsoWrong: z.array(finding),
  ruledOut: z.array(z.string()),
  credentials: z.array(
    z.object({
      container: z.string(),
      pods: z.array(z.string()),
      sdk: z.string().nullable(),
      sdkVersion: z.string().nullable(),
      sdkFrom: z.string(),
      sources: z.array(z.object({ provider: z.string(), status: z.string(), detail: z.string() })),
      winner: z.string().nullable(),
      ifItFails: z.string().nullable(),
      stale: z.string().nullable(),
      note: z.string().nullable(),
    }),
  ),
  blindSpots: z.array(
    z.object({
      evidence: z.string(),
      reason: z.string(),
      permission: nullableText,
      ruleIds: z.array(z.string()),
    }),
  ),
  identity: z.object({
    expected: z.object({ mechanism, roleArn: nullableText }),
    injected: z.object({ mechanism }),
    used: z
      .object({
        mechanism: z.enum(["pod-identity", "irsa", "none", "node-role", "static-keys", "other-role"]),
        principalArn: nullableText,
      })
      .nullable(),
  }),
  denials: z.array(
    z.object({
      kind: z.string(),
      principalArn: nullableText,
      principalKind: z.string(),
      action: nullableText,
      resource: nullableText,
      denyLayer: nullableText,
      source: z.enum(["pod-log", "cloudtrail"]),
      count: z.int().min(1),
      firstSeen: z.iso.datetime().nullable(),
      lastSeen: z.iso.datetime().nullable(),
    }),
  ),
  plan: z
    .object({
      changes: z.array(
        z.object({
          kind: z.string(),
          target: z.string(),
          preview: z.string(),
          command: z.string(),
          undo: z.string(),
        }),
      ),
      manual: z.array(z.object({ title: z.string(), command: nullableText })),
    })
    .nullable(),
});

let served: Served;
const answers = new Map<string, Ran>();

beforeAll(async () => {
  served = await serve();
}, 30_000);
afterAll(() => served?.close());

describe.each(stories.map((story) => [`${story.namespace}/${story.name}`, story] as const))(
  "%s",
  (name, { cluster, expect: expected, ...story }) => {
    const bundle = () => join(served.folder, `${story.name}.json`);
    const code = expected.ruleId === null ? 0 : 1;

    test("its JSON is what scripts rely on, with the right answer and exit code", async () => {
      const asked = await eksiam(["why", name, "--cluster", cluster, "--output", "json"]);
      expect(asked).toMatchObject({ code, err: "" });
      const diagnosis = document.parse(JSON.parse(asked.out));
      expect(diagnosis).toMatchObject({
        question: { cluster, namespace: story.namespace, name: story.name, kind: story.kind },
        conclusion: expected.conclusion,
        blindSpots: [],
      });
      expect(diagnosis.cause?.ruleId ?? null).toBe(expected.ruleId);
      answers.set(name, asked);
    });

    test("its bundle judges to the same bytes", async () => {
      const collected = await eksiam(["collect", name, "--cluster", cluster, "--out", bundle()]);
      expect(collected).toMatchObject({ code: 0, out: "" });
      const text = await readFile(bundle(), "utf8");
      expect(text).not.toMatch(/sandbox-secret|sandbox-investigator/);
      const offline = await eksiam(["why", "--bundle", bundle(), "--output", "json"]);
      expect(offline).toMatchObject({ code, err: "" });
      expect(offline.out).toBe(diagnosisJson(diagnose(rules, JSON.parse(text))));
      // Seconds lie between the two runs, and what bears a time is of its own run: a restart's mark, and so the digest.
      const live = JSON.parse(answers.get(name)?.out ?? "");
      const recorded = JSON.parse(offline.out);
      for (const part of ["conclusion", "cause", "alsoWrong", "ruledOut", "identity"]) {
        expect(recorded[part], part).toEqual(live[part]);
      }
      expect({ ...recorded.plan, digest: "" }).toEqual({ ...live.plan, digest: "" });
    });
  },
);

describe("with no cluster and no credentials left", () => {
  beforeAll(() => served.disconnect());

  test.each(stories.map((story) => [story.name, story] as const))(
    "%s is judged from its bundle, in every format",
    async (name, { expect: { ruleId } }) => {
      const file = join(served.folder, `${name}.json`);
      const again = await Promise.all(
        [1, 2].map(() => eksiam(["why", "--bundle", file, "--output", "json"])),
      );
      const bundle = JSON.parse(await readFile(file, "utf8"));
      for (const { out, code } of again) {
        expect(out).toBe(diagnosisJson(diagnose(rules, bundle)));
        expect(code).toBe(ruleId === null ? 0 : 1);
      }
      const text = await eksiam(["why", "--bundle", file]);
      const markdown = await eksiam(["why", "--bundle", file, "--output", "markdown"]);
      expect(text.out).toContain(ruleId ?? "No fault found");
      expect(markdown.out).toContain(ruleId === null ? "**no-fault-found**" : `\`${ruleId}\``);
      expect(markdown.out.startsWith("## ")).toBe(true);
      for (const { out, err } of [text, markdown]) {
        expect(err).toBe("");
        expect(out).not.toContain("\u001b");
        expect(out.endsWith("\n")).toBe(true);
      }
    },
  );

  test("a live question says what is missing, and prints no document", async () => {
    const asked = await eksiam(["why", "carts/carts", "--cluster", "eks-workshop", "--output", "json"]);
    expect(asked.code).toBe(2);
    expect(asked.out).toBe("");
    expect(asked.err).toMatch(/kubeconfig/i);
  });
});
