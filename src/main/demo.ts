import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Demo, startDemo } from "../../sandbox/demo.ts";
import type { Io } from "./commands.ts";
import { exit } from "./commands.ts";

/** `eksiam demo`: the whole product on simulated clusters, until Ctrl-C. Leaves nothing running and no file behind. */
export async function demoCommand(options: { readonly port: number }, io: Io): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "eksiam-demo-"));
  let demo: Demo | null = null;
  try {
    io.stderr.write("Starting Redis, the simulated clusters, the Slack page and the bot …\n");
    demo = await startDemo({
      folder,
      slackPort: options.port,
      redisUrl: io.env["REDIS_URL"] ?? null,
      gallery: true,
      onLog: (role, line) => {
        if (/"level":(50|60)/.test(line)) io.stderr.write(`${role}: ${line}\n`);
      },
    });
    const envFile = join(folder, "env");
    await writeFile(envFile, demo.shellEnvironment, { mode: 0o600 });
    io.stdout.write(instructions(demo, envFile));
    await untilCtrlC(async () => {
      await demo?.reset();
      io.stdout.write("Everything is as at the beginning.\n");
    });
    io.stderr.write("\nStopping …\n");
    return exit.noFault;
  } finally {
    await demo?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function instructions({ slackUrl, themes }: Demo, envFile: string): string {
  const slack =
    slackUrl === null
      ? ["There is no local Slack for this platform: ask on the command line instead."]
      : [
          `  ${slackUrl}`,
          "",
          "In the page, act as Alice and type:   /eksiam why carts/carts",
          "Alice asked, so she cannot approve: act as Bob, and press Approve.",
          "Then:                                 /eksiam audit",
        ];
  const command = slackUrl === null ? "npx eksiam why" : "/eksiam why";
  return `${[
    "",
    "What there is to ask about:",
    ...themes.flatMap(({ title, stories }) => [
      "",
      `${title}:`,
      ...stories.flatMap(({ question, about }) => listed(`  ${command} ${question}`, about)),
    ]),
    "",
    // Last, where it is seen: the list is longer than most screens.
    ...slack,
    "",
    "On the command line, in another terminal, all of this works too:",
    `  source ${envFile}`,
    "  npx eksiam why carts/carts",
    "  npx eksiam audit --cluster eks-gallery",
    "",
    "r and Enter: reset everything.   Ctrl-C: end.",
    "",
  ].join("\n")}\n`;
}

/** Beside the command where there is room, else below. */
function listed(command: string, about: string): readonly string[] {
  return command.length <= widest ? [`${command.padEnd(widest)}  ${about}`] : [command, `      ${about}`];
}

const widest = 64;

function untilCtrlC(reset: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines = process.stdin.isTTY === true ? createInterface({ input: process.stdin }) : null;
    const end = () => {
      lines?.close();
      resolve();
    };
    lines?.on("line", (line) => {
      if (line.trim() === "r") reset().catch(reject);
    });
    lines?.once("SIGINT", end);
    process.once("SIGINT", end);
    process.once("SIGTERM", end);
  });
}
