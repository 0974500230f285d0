import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Demo, startDemo } from "../../sandbox/demo.ts";
import type { LocalMessage, LocalSlack } from "../../sandbox/slack/local-slack.ts";

/**
 * The executor is killed with SIGKILL as soon as its journal has n entries, and started again. Whatever n is, the end
 * is one association, one restart and a true message.
 */
let folder: string;
let demo: Demo;
let slack: LocalSlack;
let redis: Redis;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eksiam-faults-"));
  demo = await startDemo({ folder, slackPort: 0, redisUrl: null });
  if (demo.slack === null) throw new Error("This platform has no local Slack.");
  slack = demo.slack;
  redis = new Redis(demo.redisUrl);
}, 60_000);

afterAll(async () => {
  redis?.disconnect();
  await demo?.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => demo.reset(), 30_000);

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  "killed after journal entry %i",
  async (entries) => {
    const channel = slack.channels.platformAws;
    await slack.command(slack.users.alice, channel, "why carts/carts");
    const asked = await until(async () =>
      (await slack.messages(channel)).find((one) => buttonOf(one) !== null),
    );
    const value = buttonOf(asked) ?? "";

    await slack.press(slack.users.bob, channel, asked.ts, { actionId: "approve", value });
    const { approvalId } = JSON.parse(value) as { approvalId: string };
    await until(
      async () => ((await redis.llen(`eksiam:journal:${approvalId}`)) >= entries ? true : undefined),
      5,
    );
    await demo.service?.kill("executor");
    await demo.service?.start("executor");

    const told = await until(async () =>
      (await slack.messages(channel)).find(
        (one) => one.ts === asked.ts && /verified|Not fixed|Cannot tell|Failed|Stopped/.test(one.text),
      ),
    );
    expect(told.text).toContain("Fixed and verified");
    const { account, clusters } = demo.sandbox;
    expect(account.associations("eks-workshop").filter((one) => one.namespace === "carts")).toHaveLength(1);
    const creates = account
      .events()
      .filter((event) => event.eventName === "CreatePodIdentityAssociation" && event.errorCode === null);
    expect(creates).toHaveLength(1);
    const replicaSets = clusters["eks-workshop"].cluster.store.list("replicasets.apps", "carts");
    expect(replicaSets).toHaveLength(2);
  },
  120_000,
);

function buttonOf(message: LocalMessage): string | null {
  const actions = message.blocks?.find((block) => block.type === "actions");
  return actions?.elements?.find((element) => element.action_id === "approve")?.value ?? null;
}

async function until<T>(look: () => Promise<T | undefined>, everyMs = 100): Promise<T> {
  for (let waited = 0; waited < 90_000; waited += everyMs) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  throw new Error("It did not happen within 90 seconds.");
}
