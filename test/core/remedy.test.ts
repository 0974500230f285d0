import { expect, test } from "vitest";
import { describeChange, undoCommands } from "../../src/core/describe-change.ts";
import type { Finding } from "../../src/core/diagnosis.ts";
import { type Change, defaultChangeKinds } from "../../src/core/plan.ts";
import { digestOf, planOf } from "../../src/core/remedy.ts";

const create: Change = {
  kind: "eks.pod-identity-association.create",
  target: { cluster: "c", region: "us-west-2", namespace: "n", serviceAccount: "s" },
  before: null,
  after: { roleArn: "arn:aws:iam::111122223333:role/r" },
};
const restart: Change = {
  kind: "k8s.rollout.restart",
  target: { cluster: "c", kind: "Deployment", namespace: "n", name: "w" },
  before: { mark: null },
  after: { mark: "m1" },
};

test("what is taken back is taken back before the pods are replaced, for they keep what they were created with", () => {
  expect(undoCommands([create, restart]).map((command) => command.split(" ").slice(0, 3).join(" "))).toEqual([
    "aws eks delete-pod-identity-association",
    "kubectl -n n",
  ]);
});

test("a digest is of the changes alone: their order counts, the order of their fields does not", () => {
  const { kind, target, before, after } = create;
  expect(digestOf([{ after, before, target, kind }, restart])).toBe(digestOf([create, restart]));
  expect(digestOf([restart, create])).not.toBe(digestOf([create, restart]));
});

test("a name that a shell would read is quoted", () => {
  const hostile: Change = { ...restart, target: { ...restart.target, name: "w; rm -rf $HOME" } };
  expect(describeChange(hostile).command).toBe("kubectl -n n rollout restart 'deployment/w; rm -rf $HOME'");
});

const finding = (ruleId: string, fix: readonly Change[]) =>
  ({ ruleId, fix, manual: [] }) as unknown as Finding;
const trust: Change = {
  kind: "iam.role.trust-policy",
  target: { cluster: "c", roleArn: "arn:aws:iam::111122223333:role/r", roleName: "r" },
  before: { document: {} },
  after: { document: { Version: "2012-10-17" } },
};
const template: Change = {
  kind: "k8s.workload.fs-group",
  target: restart.target,
  before: { fsGroup: null },
  after: { fsGroup: 65_534 },
};
const kindsOf = (fixes: readonly (readonly Change[])[], allowed = defaultChangeKinds) =>
  planOf(
    fixes.map((fix, at) => finding(`r${at}`, fix)),
    {},
    allowed,
  )?.changes.map(({ change }) => change.kind);

test("pods are replaced last and once: a changed template needs no restart", () => {
  expect(kindsOf([[template], [create, restart]])).toEqual([
    "eks.pod-identity-association.create",
    "k8s.workload.fs-group",
  ]);
});

test("a fix with a kind of change that is not allowed becomes steps as a whole, and no other fix does", () => {
  const plan = planOf([finding("a", [trust, restart]), finding("b", [create])], {}, defaultChangeKinds);

  expect(plan?.changes.map(({ change }) => change.kind)).toEqual(["eks.pod-identity-association.create"]);
  expect(plan?.closes).toEqual(["b"]);
  expect(plan?.manual.map(({ command }) => command?.split(" ").slice(0, 3).join(" "))).toEqual([
    "aws iam update-assume-role-policy",
    "kubectl -n n",
  ]);
});

test("the same plan on the same state has the same digest; after its restart, or with another change, it has not", () => {
  const restartAfter = (mark: string | null): Change => ({
    ...restart,
    before: { mark },
    after: { mark: "x" },
  });
  const planned = (fix: readonly Change[]) => planOf([finding("a", fix)], {});
  const first = planned([restartAfter(null)]);
  const { mark = "" } = (first?.changes[0]?.change.after ?? {}) as { readonly mark?: string };

  expect(planned([{ ...restartAfter(null), after: { mark: "y" } } as Change])?.digest).toBe(first?.digest);
  expect(planned([restartAfter(mark)])?.changes[0]?.change.after).not.toEqual({ mark });
  expect(planned([create, restartAfter(null)])?.changes[1]?.change.after).not.toEqual({ mark });
});
