import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deployedRights } from "./deployed.ts";
import { startRedis } from "./redis.ts";
import { startSandbox } from "./sandbox.ts";
import { checkRoles } from "./service.ts";
import { startLocalSlack } from "./slack/local-slack.ts";

/** Boots each role of `EKSIAM_CLI` with `--check`, with its own credentials, against the sandbox. */
async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "eksiam-check-"));
  const redis = await startRedis();
  const sandbox = await startSandbox(await deployedRights());
  const slack = await startLocalSlack();
  try {
    if (slack === null) throw new Error("This platform has no local Slack.");
    const printed = await checkRoles({
      sandbox,
      folder,
      redisUrl: redis.url,
      slack,
      approvers: [slack.users.bob],
      digestChannel: slack.channels.platformAws,
      ...(process.env["EKSIAM_CLI"] === undefined ? {} : { cli: process.env["EKSIAM_CLI"] }),
    });
    process.stdout.write(printed);
  } finally {
    await slack?.close();
    await sandbox.close();
    await redis.close();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
