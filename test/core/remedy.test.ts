import { expect, test } from "vitest";
import type { Change } from "../../src/core/plan.ts";
import { describeChange, digestOf, undoCommands } from "../../src/core/remedy.ts";

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
