import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { NamedDocument } from "../../../sandbox/account/model.ts";
import { deployedRights } from "../../../sandbox/deployed.ts";
import { callerIdentity, createAwsClients } from "../../../src/adapters/aws/clients.ts";
import { createAssociationExecutor } from "../../../src/adapters/aws/executors/association.ts";
import type { CreateAssociation } from "../../../src/core/plan.ts";
import { callerArn } from "../../sandbox/account/served.ts";
import {
  cluster,
  collectorsOf,
  contextOf,
  deny,
  forgetEnvironment,
  gatherAll,
  roleArn,
  type Story,
  serveStory,
} from "./story.ts";

const { policies } = await deployedRights();

let story: Story;
beforeAll(async () => {
  story = await serveStory();
});
afterAll(async () => {
  forgetEnvironment();
  await story.close();
});

/** The actions that the deployed policy of a role allows. */
async function allowed(role: "investigator" | "executor"): Promise<readonly string[]> {
  const { Statement } = JSON.parse(
    await readFile(new URL(`../../../deploy/iam/${role}.json`, import.meta.url), "utf8"),
  ) as { Statement: readonly { Effect: string; Action: readonly string[] }[] };
  return Statement.filter(({ Effect }) => Effect === "Allow").flatMap(({ Action }) => Action);
}

describe("the investigator's policy", () => {
  /** Everything but CloudTrail, whose one call is asked for apart: it has its own pace. */
  const config = [
    "eks.cluster",
    "eks.associations",
    "eks.association",
    "eks.agent-addon",
    "eks.node-role",
    "iam.oidc-providers",
    "iam.role",
    "iam.role-policies",
    "iam.candidate-roles",
    "iam.irsa-candidates",
    "iam.role-boundary",
    "iam.policy-versions",
    "iam.target-role",
    "iam.target-role-policies",
    "iam.node-role-policies",
    "eks.associations-elsewhere",
    "sts.decoded-messages",
  ] as const;

  test("suffices", async () => {
    story.caller.policies = policies.investigator ?? [];
    const evidence = await gatherAll(collectorsOf());
    const ours = Object.entries(evidence).filter(([kind]) => !/^(k8s|logs)\./.test(kind));
    expect(ours.map(([kind, { status }]) => `${kind} ${status}`)).toEqual(
      [...config, "cloudtrail.events"].map((kind) => `${kind} found`),
    );
  });

  test("allows nothing that is not needed", async () => {
    const collectors = collectorsOf();
    story.caller.policies = policies.investigator ?? [];
    const known = await gatherAll(collectors);
    for (const action of await allowed("investigator")) {
      story.caller.policies = [...(policies.investigator ?? []), deny(action)];
      const kinds = action.startsWith("cloudtrail:") ? (["cloudtrail.events"] as const) : config;
      const answers = await Promise.all(kinds.map((kind) => collectors[kind].collect(contextOf(known))));
      const missing = answers.flatMap((answer) =>
        answer.status === "unavailable" ? [answer.permission ?? answer.reason] : [],
      );
      expect([...new Set(missing)], action).toEqual([action]);
    }
  });

  test("allows no change of anything", async () => {
    const actions = await allowed("investigator");
    expect(actions.filter((action) => !/:(Get|List|Describe|Lookup|Decode)[A-Z]\w+$/.test(action))).toEqual(
      [],
    );
  });
});

describe("the executor's policy", () => {
  const change: CreateAssociation = {
    kind: "eks.pod-identity-association.create",
    target: { cluster, region: "us-west-2", namespace: "carts", serviceAccount: "reports" },
    before: null,
    after: { roleArn },
  };

  async function runWith(granted: readonly NamedDocument[]): Promise<"done" | "refused"> {
    story.caller.policies = granted;
    const { eks } = createAwsClients("us-west-2");
    const executor = createAssociationExecutor(eks, { settleMs: 0, sleep: async () => {} });
    const signal = AbortSignal.timeout(15_000);
    try {
      await executor.read(change, signal);
      await executor.apply(change, signal);
      await executor.settle(change, signal);
      await executor.revert?.(change, signal);
      return "done";
    } catch (error) {
      expect((error as Error).message).toContain("grant it");
      return "refused";
    } finally {
      for (const { serviceAccount, associationId } of story.account.associations(cluster)) {
        if (serviceAccount === "reports") story.account.removeAssociation(associationId);
      }
    }
  }

  test("suffices, and allows nothing that is not needed", async () => {
    const granted = policies.executor ?? [];
    expect(await runWith(granted)).toBe("done");
    // The add-on and updates of associations are for other kinds of change, tested with their executors.
    const others = /Addon$|^eks:Update/;
    for (const action of (await allowed("executor")).filter((one) => !others.test(one))) {
      expect(await runWith([...granted, deny(action)]), action).toBe("refused");
    }
  });
});

test("whose credentials they are is told without any permission", async () => {
  story.caller.policies = [];
  expect(await callerIdentity(createAwsClients("us-west-2"))).toEqual({
    accountId: "111122223333",
    arn: callerArn,
  });
});
