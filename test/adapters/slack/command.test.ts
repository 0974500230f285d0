import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCommand } from "../../../src/adapters/slack/command.ts";

const one = { names: ["eks-workshop"], default: null };
const several = { names: ["eks-workshop", "eks-staging"], default: null };
const asked = {
  cluster: "eks-workshop",
  namespace: "carts",
  name: "carts",
  kind: null,
  container: null,
  sinceSeconds: 3600,
};

function understood(text: string, clusters: Parameters<typeof parseCommand>[1] = one) {
  const parsed = parseCommand(text, clusters);
  if (!parsed.ok) throw new Error(`“${text}” was refused: ${parsed.error.problem}`);
  return parsed.value;
}

function refused(text: string, clusters: Parameters<typeof parseCommand>[1] = one) {
  const parsed = parseCommand(text, clusters);
  if (parsed.ok) throw new Error(`“${text}” was understood.`);
  return parsed.error;
}

describe("what is understood", () => {
  test.each(["", "   ", "help", "HELP", "--help", "-h", "?"])("“%s” asks for help", (text) => {
    expect(understood(text)).toEqual({ type: "help" });
  });

  test.each([
    ["why carts/carts", {}],
    ["  WHY   carts/carts ", {}],
    ["why `carts/carts`", {}],
    ["why “carts/carts”", {}],
    ["why carts/carts --kind statefulset", { kind: "StatefulSet" }],
    ["why carts/carts --kind=CronJob", { kind: "CronJob" }],
    ["why --kind pod carts/carts-6d8f", { kind: "Pod", name: "carts-6d8f" }],
    ["why carts/carts --container app --since 30m", { container: "app", sinceSeconds: 1800 }],
    ["why carts/carts --since 7d", { sinceSeconds: 604_800 }],
    // Slack's clients write a dash where somebody typed two hyphens.
    ["why carts/carts —since 2h", { sinceSeconds: 7200 }],
    ["why carts/carts –kind deployment", { kind: "Deployment" }],
    ["why a/carts.example.com", { namespace: "a", name: "carts.example.com" }],
  ])("%s", (text, differs) => {
    expect(understood(text)).toEqual({ type: "why", question: { ...asked, ...differs } });
  });

  test("a cluster is named, or the default, or the only one", () => {
    expect(understood("audit")).toEqual({ type: "audit", cluster: "eks-workshop" });
    expect(understood("audit --cluster eks-staging", several)).toEqual({
      type: "audit",
      cluster: "eks-staging",
    });
    expect(understood("audit", { ...several, default: "eks-staging" })).toEqual({
      type: "audit",
      cluster: "eks-staging",
    });
    expect(understood("why carts/carts --cluster eks-staging", several)).toMatchObject({
      question: { cluster: "eks-staging" },
    });
  });
});

describe("what is refused, with what is right", () => {
  test.each([
    ["whi carts/carts", "not a command", "why carts/carts"],
    ["audti", "not a command", "audit"],
    ["carts/carts", "not a command", "why carts/carts"],
    ["restart", "not a command", null],
    ["why", "Which workload?", "why NAMESPACE/NAME"],
    ["why carts", "lacks the namespace", "why NAMESPACE/carts"],
    ["why carts/", "lacks the namespace", "why NAMESPACE/carts"],
    ["why carts carts", "one workload", "why carts/carts"],
    ["why carts/deployment/carts", "kind", "why carts/carts --kind deployment"],
    ["why deployment/carts/carts", "kind", "why carts/carts --kind deployment"],
    ["why a/b/c", "too many parts", "why a/b"],
    ["why Carts/Carts", "lower-case", "why carts/carts"],
    ["why carts/carts_api", "lower-case", "why carts/carts-api"],
    ["why carts/carts --sicne 1h", "not an option", "why carts/carts --since 1h"],
    ["why carts/carts --since", "needs a value", "why carts/carts --since 1h"],
    ["why carts/carts --since tomorrow", "not a time span", "why carts/carts --since 1h"],
    ["why carts/carts --since 90d", "not a time span", "why carts/carts --since 7d"],
    ["why carts/carts --since 1s", "not a time span", "why carts/carts --since 1m"],
    ["why carts/carts --kind deploymnet", "not a kind", "why carts/carts --kind deployment"],
    ["why carts/carts --container App!", "container", "why carts/carts --container NAME"],
    ["audit eks-workshop", "whole cluster", "audit --cluster eks-workshop"],
    ["audit carts", "whole cluster", "audit"],
  ])("%s", (text, problem, nearest) => {
    const error = refused(text);
    expect(error.problem).toContain(problem);
    expect(error.nearest).toBe(nearest);
  });

  test("an unknown cluster names those that are known", () => {
    const error = refused("why carts/carts --cluster eks-wrokshop", several);
    expect(error.problem).toContain("eks-workshop, eks-staging");
    expect(error.nearest).toBe("why carts/carts --cluster eks-workshop");
    expect(refused("why carts/carts", several).problem).toContain("eks-workshop, eks-staging");
    expect(refused("audit", several).nearest).toBe("audit --cluster eks-workshop");
  });
});

const words = fc.oneof(
  fc.constantFrom(
    "why",
    "audit",
    "help",
    "carts/carts",
    "carts",
    "a/b/c",
    "deployment/a/b",
    "--since",
    "1h",
    "99d",
  ),
  fc.constantFrom(
    "--kind",
    "pod",
    "--cluster",
    "eks-workshop",
    "--container",
    "—since",
    "--kind=job",
    "/",
    "//",
  ),
  fc.string({ unit: "binary", maxLength: 12 }),
);

test("whatever is typed gets an answer, and what is proposed instead is right", () => {
  fc.assert(
    fc.property(fc.array(words, { maxLength: 7 }), (typed) => {
      const parsed = parseCommand(typed.join(" "), one);
      if (parsed.ok) return;
      expect(parsed.error.problem).not.toBe("");
      const nearest = parsed.error.nearest;
      if (nearest === null) return;
      // One step at a time is enough: following the proposals ends in something that is understood.
      let text = nearest;
      for (let step = 0; step < 12; step += 1) {
        const again = parseCommand(text.replaceAll(/\bNAME(SPACE)?\b/g, "x"), one);
        if (again.ok || again.error.nearest === null) return;
        text = again.error.nearest;
      }
      throw new Error(`The proposals for “${typed.join(" ")}” lead nowhere: ${text}`);
    }),
    { numRuns: 1000 },
  );
});
