import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deployedRights } from "../../../sandbox/deployed.ts";
import { createAwsClients } from "../../../src/adapters/aws/clients.ts";
import { createAssociationExecutor } from "../../../src/adapters/aws/executors/association.ts";
import type { ChangeExecutor } from "../../../src/app/ports.ts";
import type { CreateAssociation } from "../../../src/core/plan.ts";
import { accountId, trustService } from "../../sandbox/account/served.ts";
import { cluster, deny, forgetEnvironment, roleArn, type Story, serveStory } from "./story.ts";

const { policies } = await deployedRights();

let story: Story;
let executor: ChangeExecutor<"eks.pod-identity-association.create">;
let slept: number[];

beforeEach(async () => {
  story = await serveStory();
  story.account.addRole({ name: "other", trustPolicy: trustService("pods.eks.amazonaws.com") });
  story.caller.policies = policies.executor ?? [];
  slept = [];
  executor = createAssociationExecutor(createAwsClients("us-west-2").eks, {
    settleMs: 10_000,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      slept.push(ms);
    },
  });
});
afterEach(async () => {
  forgetEnvironment();
  await story.close();
});

const change: CreateAssociation = {
  kind: "eks.pod-identity-association.create",
  target: { cluster, region: "us-west-2", namespace: "carts", serviceAccount: "reports" },
  before: null,
  after: { roleArn },
};
const otherRole = `arn:aws:iam::${accountId}:role/other`;
const signal = () => AbortSignal.timeout(15_000);
const ofReports = () => story.account.associations(cluster).filter((one) => one.serviceAccount === "reports");
const somebodyCreates = (role: string) =>
  story.account.addAssociation({ cluster, namespace: "carts", serviceAccount: "reports", roleArn: role });

describe("with the deployed policy", () => {
  test("creates, sees it settle, and takes it back", async () => {
    expect(await executor.read(change, signal())).toEqual(change.before);
    await executor.apply(change, signal());
    expect(ofReports()).toMatchObject([{ namespace: "carts", roleArn, targetRoleArn: null }]);
    expect(await executor.read(change, signal())).toEqual(change.after);
    await executor.settle(change, signal());
    expect(slept).toEqual([10_000]);
    await executor.revert?.(change, signal());
    expect(ofReports()).toEqual([]);
    expect(await executor.read(change, signal())).toEqual(change.before);
  });

  test("the same change twice is one association", async () => {
    await executor.apply(change, signal());
    await executor.apply(change, signal());
    expect(ofReports()).toHaveLength(1);
  });

  test("an answer that was lost on the way is asked for again, and creates nothing twice", async () => {
    story.account.faults.set("eks:CreatePodIdentityAssociation", "server-error", 1);
    await executor.apply(change, signal());
    expect(ofReports()).toHaveLength(1);
  });

  test("somebody else's, with the same role, is as good", async () => {
    somebodyCreates(roleArn);
    await executor.apply(change, signal());
    expect(ofReports()).toHaveLength(1);
  });

  test("somebody else's, with another role, is left alone", async () => {
    somebodyCreates(otherRole);
    expect(await executor.read(change, signal())).toEqual({ roleArn: otherRole });
    await expect(executor.apply(change, signal())).rejects.toThrow(
      "an association of carts/reports with another role exists by now",
    );
    expect(ofReports()).toMatchObject([{ roleArn: otherRole }]);
  });
});

describe("taking back", () => {
  test("what is gone already is fine", async () => {
    await executor.revert?.(change, signal());
    expect(ofReports()).toEqual([]);
  });

  test.each([
    ["another role", { roleArn: otherRole }],
    ["a target role", { targetRoleArn: otherRole }],
    ["session tags switched off", { disableSessionTags: true }],
  ])("what got %s since is left as it is", async (_name, changed) => {
    await executor.apply(change, signal());
    story.account.updateAssociation(ofReports()[0]?.associationId ?? "", changed);
    await expect(executor.revert?.(change, signal())).rejects.toThrow("changed by somebody else since");
    expect(ofReports()).toHaveLength(1);
  });
});

describe("what people are told", () => {
  test.each([
    ["eks:CreatePodIdentityAssociation", "eks:CreatePodIdentityAssociation"],
    ["iam:PassRole", "iam:PassRole"],
    ["eks:ListPodIdentityAssociations", "eks:ListPodIdentityAssociations"],
  ])("without %s", async (withheld, told) => {
    story.caller.policies = [...(policies.executor ?? []), deny(withheld)];
    const run = async () => {
      await executor.read(change, signal());
      await executor.apply(change, signal());
    };
    await expect(run()).rejects.toThrow(`grant it ${told} `);
    expect(ofReports()).toEqual([]);
  });

  test("without eks:DeletePodIdentityAssociation", async () => {
    await executor.apply(change, signal());
    story.caller.policies = [...(policies.executor ?? []), deny("eks:DeletePodIdentityAssociation")];
    await expect(executor.revert?.(change, signal())).rejects.toThrow(
      "grant it eks:DeletePodIdentityAssociation ",
    );
  });

  test("the executor's own role is never handed out", async () => {
    const own = story.account.addRole({
      name: "eksiam-executor",
      trustPolicy: trustService("pods.eks.amazonaws.com"),
    });
    await expect(executor.apply({ ...change, after: { roleArn: own } }, signal())).rejects.toThrow("iam:");
    expect(ofReports()).toEqual([]);
  });

  test("no such cluster, no answer", async () => {
    const nowhere = { ...change, target: { ...change.target, cluster: "nowhere" } };
    await expect(executor.read(nowhere, signal())).rejects.toThrow(
      "AWS refused eks:ListPodIdentityAssociations: No cluster found for name: nowhere.",
    );
    story.account.faults.set("eks:ListPodIdentityAssociations", "hang");
    await expect(executor.read(change, AbortSignal.timeout(200))).rejects.toThrow(
      "AWS did not answer eks:ListPodIdentityAssociations in time",
    );
  });
});
