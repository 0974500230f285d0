import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { freePort } from "../redis.ts";

export interface LocalSlackOptions {
  /** 0: a free one. */
  readonly port?: number;
  /** Where Slack calls the bot over HTTP; without: Socket Mode. */
  readonly requestUrl?: string;
}

/** A Slack on this machine: Web API, Socket Mode, and a page that shows it. */
export interface LocalSlack {
  readonly url: string;
  readonly apiUrl: string;
  readonly botToken: string;
  readonly appToken: string;
  readonly signingSecret: string;
  readonly users: {
    readonly alice: string;
    readonly bob: string;
    readonly carol: string;
    readonly dave: string;
  };
  readonly channels: { readonly platformAws: string; readonly cartsTeam: string };
  /** Types a slash command as a person would. */
  command(user: string, channel: string, text: string): Promise<void>;
  /** Presses a button of a message. */
  press(
    user: string,
    channel: string,
    messageTs: string,
    button: { actionId: string; value: string },
  ): Promise<void>;
  messages(channel: string): Promise<readonly LocalMessage[]>;
  reset(): Promise<void>;
  close(): Promise<void>;
}

export interface LocalMessage {
  readonly ts: string;
  readonly text: string;
  readonly blocks?: readonly {
    readonly type: string;
    readonly elements?: readonly { readonly action_id?: string; readonly value?: string }[];
  }[];
  readonly thread_ts?: string;
  readonly ephemeral_to?: string;
}

const users = { alice: "U01ALICE", bob: "U02BOB", carol: "U03CAROL", dave: "U04DAVE" } as const;
const channels = { platformAws: "C01PLATFORM", cartsTeam: "C02CARTS" } as const;
const bot = "U0EKSIAM";
// Not secrets: they open nothing but this simulation.
const tokens = {
  botToken: "xoxb-local",
  appToken: "xapp-local",
  signingSecret: "local-signing-secret",
} as const;

/** Starts the server of the package `local-slack`. Null where it has no binary for this platform. */
export async function startLocalSlack(options: LocalSlackOptions = {}): Promise<LocalSlack | null> {
  const binary = findBinary();
  if (binary === null) return null;
  const folder = await mkdtemp(join(tmpdir(), "eksiam-slack-"));
  const config = join(folder, "config.yaml");
  await writeFile(config, stringify(workspace(options)));
  const port = options.port ? options.port : await freePort();
  const child = spawn(binary, ["--config", config, "--port", String(port), "--base-host", "127.0.0.1"], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    }
    await rm(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  try {
    await untilItAnswers(url, child);
  } catch (error) {
    await close();
    throw error;
  }
  const control = async (path: string, body: object) => {
    const answer = await fetch(`${url}/_control/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`local Slack refused ${path}: ${await answer.text()}`);
  };
  return {
    url,
    apiUrl: `${url}/api/`,
    ...tokens,
    users,
    channels,
    command: (user, channel, text) => control("command", { channel, user, command: "/eksiam", text }),
    press: (user, channel, messageTs, { actionId, value }) =>
      control("interact", {
        channel,
        messageTs,
        user,
        action: { type: "button", action_id: actionId, block_id: "b", value },
      }),
    async messages(channel) {
      const answer = await fetch(`${url}/_control/messages/${channel}`);
      return ((await answer.json()) as { messages: readonly LocalMessage[] }).messages;
    },
    reset: () => control("reset", {}),
    close,
  };
}

function workspace({ requestUrl }: LocalSlackOptions) {
  return {
    workspace: { name: "Workshop", domain: "workshop", teamId: "T01WORKSHOP" },
    app: {
      appId: "A01EKSIAM",
      botUserId: bot,
      botName: "eksiam",
      ...tokens,
      ...(requestUrl === undefined ? { mode: "socket" } : { mode: "events", requestUrl }),
    },
    users: [
      { id: users.alice, name: "alice", real_name: "Alice (developer)" },
      { id: users.bob, name: "bob", real_name: "Bob (platform engineer)" },
      { id: users.carol, name: "carol", real_name: "Carol (platform engineer)" },
      { id: users.dave, name: "dave", real_name: "Dave (developer)" },
    ],
    channels: [
      { id: channels.platformAws, name: "platform-aws", members: [...Object.values(users), bot] },
      { id: channels.cartsTeam, name: "carts-team", members: [users.alice, users.dave, bot] },
    ],
  };
}

function findBinary(): string | null {
  const platform = `${process.platform}-${process.arch}`;
  try {
    const manifest = createRequire(import.meta.url).resolve(`local-slack-${platform}/package.json`);
    const binary = join(dirname(manifest), "bin/local-slack");
    return existsSync(binary) ? binary : null;
  } catch {
    return null;
  }
}

async function untilItAnswers(url: string, child: ChildProcess): Promise<void> {
  let printed = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    printed = (printed + chunk.toString()).slice(-1_000);
  });
  const failed = new Promise<never>((_resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`local Slack ended at once (${code}): ${printed}`)));
  });
  failed.catch(() => undefined);
  for (let attempt = 0; attempt < 150; attempt++) {
    const answered = await Promise.race([
      fetch(`${url}/_control/state`).then(
        (answer) => answer.ok,
        () => false,
      ),
      failed,
    ]);
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("local Slack did not answer within 15 seconds.");
}
