import { expect, it } from "vitest";
import type { AssociationFacts, Owner, WorkloadFacts } from "../../src/core/evidence.ts";
import type { ChangeOfKind, RestartRollout } from "../../src/core/plan.ts";
import { warningsOf } from "../../src/core/plan-warnings.ts";

const restart: RestartRollout = {
  kind: "k8s.rollout.restart",
  target: { cluster: "c", kind: "Deployment", namespace: "n", name: "hello" },
  before: { mark: null },
  after: { mark: "1" },
};

function warnings(managedBy: Owner, ownedBy?: string): readonly string[] {
  const value: WorkloadFacts = {
    kind: "Deployment",
    namespace: "n",
    name: "hello",
    uid: "1",
    createdAt: "2026-01-02T03:04:05Z",
    replicas: null,
    template: {
      serviceAccountName: "default",
      hostNetwork: false,
      runAsUser: null,
      fsGroup: null,
      nodeSelectorOs: null,
      labels: {},
      annotations: {},
      containers: [],
    },
    managedBy,
    ...(ownedBy === undefined ? {} : { ownedBy }),
    restartMark: null,
  };
  const found = { status: "found", value, source: "test", at: "2026-01-02T03:04:05Z" } as const;
  return warningsOf([restart], { "k8s.workload": found });
}

it.each([
  ["none", undefined, []],
  ["none", "revision hello-00001", [/^revision hello-00001 owns deployment hello: it may undo/]],
  ["helm", "revision hello-00001", [/^helm owns deployment hello: it may undo/]],
] as const)("managed by %s, owned by %s", (managedBy, ownedBy, expected) => {
  expect(warnings(managedBy, ownedBy)).toEqual(expected.map((text) => expect.stringMatching(text)));
});

it("an add-on's association is changed through the add-on", () => {
  const change: ChangeOfKind<"eks.pod-identity-association.update"> = {
    kind: "eks.pod-identity-association.update",
    target: { cluster: "c", region: "us-west-2", namespace: "n", serviceAccount: "s", associationId: "a-0" },
    before: { roleArn: "arn:aws:iam::111122223333:role/a", disableSessionTags: false },
    after: { roleArn: "arn:aws:iam::111122223333:role/a", disableSessionTags: true },
  };
  const value: AssociationFacts = {
    associationId: "a-0",
    associationArn: "",
    cluster: "c",
    namespace: "n",
    serviceAccount: "s",
    roleArn: "arn:aws:iam::111122223333:role/a",
    targetRoleArn: null,
    externalId: null,
    disableSessionTags: false,
    sessionPolicy: null,
    ownerArn: "arn:aws:eks:us-west-2:111122223333:addon/c/aws-ebs-csi-driver/aac8c4a1",
    createdAt: "2026-01-02T03:04:05Z",
    modifiedAt: "2026-01-02T03:04:05Z",
  };
  const owned = (one: AssociationFacts) =>
    warningsOf([change], {
      "eks.association": { status: "found", value: one, source: "test", at: "2026-01-02T03:04:05Z" },
    });

  expect(owned(value)).toEqual([expect.stringMatching(/^Add-on aws-ebs-csi-driver owns association a-0/)]);
  expect(owned({ ...value, ownerArn: null })).toEqual([]);
});
