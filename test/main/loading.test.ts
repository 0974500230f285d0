import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** The packages that a command loads, in a process of its own. */
async function packagesOf(argv: readonly string[]): Promise<readonly string[]> {
  const hook = join(root, "test/support/report-packages.ts");
  const child = spawn(process.execPath, ["--import", hook, join(root, "src/main/cli.ts"), ...argv], {
    stdio: ["pipe", "ignore", "inherit", "pipe"],
  });
  child.stdin?.end("all is well\n");
  const told = await text(child.stdio[3] as NodeJS.ReadableStream);
  return JSON.parse(told) as string[];
}

let folder: string;
let bundle: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eksiam-loading-"));
  bundle = join(folder, "bundle.json");
  const base = join(root, "test/fixtures/rules/_bases/pod-identity-healthy.json");
  await writeFile(bundle, readFileSync(base));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("commands that ask nobody load no SDK", async () => {
  const light = await Promise.all(
    [["--help"], ["logs"], ["simulate", "--jsonl"], ["rules"]].map((argv) => packagesOf(argv)),
  );
  for (const packages of light) expect(packages).toEqual(["commander"]);
  expect(await packagesOf(["why", "--bundle", bundle])).toEqual(["commander", "yaml", "zod"]);
});

test("the hook sees what is loaded", async () => {
  const packages = await packagesOf(["why", "carts/carts", "--context", "none"]);
  expect(packages).toContain("@kubernetes/client-node");
  // The SDKs of optional evidence wait until a symptom asks for it.
  for (const service of [
    "cloudwatch-logs",
    "ec2",
    "kms",
    "organizations",
    "s3",
    "secrets-manager",
    "sns",
    "sqs",
  ]) {
    expect(packages).not.toContain(`@aws-sdk/client-${service}`);
  }
});
