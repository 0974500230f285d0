import { describe, expect, test } from "vitest";
import { changeKinds, defaultChangeKinds } from "../../src/core/plan.ts";
import { parseConfig } from "../../src/main/config.ts";

const head = "clusters:\n  - name: shop\n    region: eu-west-1\n";

function changesOf(execution: string): readonly string[] {
  return parseConfig(`${head}${execution}`, "eksiam.yaml").execution.changes;
}

describe("the kinds of change that are carried out", () => {
  test.each([
    ["nothing is said", ""],
    ["an empty list", "execution:\n  changes: []\n"],
    ["one that is carried out anyway", "execution:\n  changes: [eks.addon.create]\n"],
  ])("are those that write nothing to IAM: %s", (_what, execution) => {
    expect(changesOf(execution)).toEqual(defaultChangeKinds);
    expect(changesOf(execution).filter((kind) => kind.startsWith("iam."))).toEqual([]);
  });

  test("and those of IAM that are listed, once each", () => {
    const listed = "execution:\n  changes: [iam.role.trust-policy, iam.role.trust-policy]\n";

    expect(changesOf(listed)).toEqual([...defaultChangeKinds, "iam.role.trust-policy"]);
  });

  test("can be all that there are", () => {
    const all = `execution:\n  changes: [${changeKinds.join(", ")}]\n`;

    expect([...changesOf(all)].sort()).toEqual([...changeKinds].sort());
  });

  test.each([
    ["a kind that there is not", "execution:\n  changes: [iam.role.delete]\n", /execution\.changes/],
    ["a word instead of a list", "execution:\n  changes: iam.role.trust-policy\n", /execution\.changes/],
    ["another field", "execution:\n  kinds: []\n", /execution/],
  ])("%s is refused with its place", (_what, execution, message) => {
    expect(() => changesOf(execution)).toThrow(message);
  });
});
