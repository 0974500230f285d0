import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, test } from "vitest";

/** What each layer may import, and nothing else: folders of this repository, packages, `node:`. */
interface Layer {
  readonly folder: RegExp;
  readonly own: readonly RegExp[];
  readonly packages: readonly RegExp[];
}

const node = /^node:/;
const layers: readonly Layer[] = [
  { folder: /^src\/core\//, own: [/^src\/core\//], packages: [] },
  { folder: /^src\/rules\/index\.ts$/, own: [/^src\/(core|rules)\//], packages: [] },
  { folder: /^src\/rules\//, own: [/^src\/core\//], packages: [] },
  { folder: /^src\/app\//, own: [/^src\/(core|rules|app)\//], packages: [] },
  adapter("slack", [/^@slack\//]),
  adapter("kubernetes", [/^@kubernetes\/client-node$/]),
  adapter("aws", [/^@aws-sdk\//, /^@smithy\//]),
  adapter("redis", [/^ioredis$/, /^bullmq$/]),
  adapter("calls", []),
  adapter("file", []),
  adapter("terminal", []),
  { folder: /^jobs\//, own: [/^src\/(app|core)\//, /^jobs\//], packages: [/^bullmq$/] },
  { folder: /^src\/main\//, own: [/^(src|jobs|sandbox)\//], packages: [/./] },
  // The simulated account decides by the product's own evaluation of IAM, and by nothing else of the product.
  { folder: /^sandbox\//, own: [/^sandbox\//, /^src\/core\//], packages: [/./] },
];

/** An adapter sees the ports, the core, its own vendor, and the checks at its edge; never another adapter. */
function adapter(name: string, packages: readonly RegExp[]): Layer {
  return {
    folder: new RegExp(`^src/adapters/${name}/`),
    own: [/^src\/(app|core)\//, new RegExp(`^src/adapters/${name}/`)],
    packages: [...packages, /^zod$/, node],
  };
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\s[^;"']*?from\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)|(?:^|\n)\s*import\s*["']([^"']+)["']/g;

function violations(path: string, source: string): readonly string[] {
  const layer = layers.find(({ folder }) => folder.test(path));
  if (layer === undefined) return [`${path} belongs to no layer`];
  const imported = [...source.matchAll(importPattern)].flatMap(
    (match) => match[1] ?? match[2] ?? match[3] ?? [],
  );
  return imported.flatMap((specifier) => {
    if (!specifier.startsWith(".")) {
      return layer.packages.some((allowed) => allowed.test(specifier))
        ? []
        : [`${path} imports ${specifier}`];
    }
    const target = posix.join(posix.dirname(path), specifier);
    return layer.own.some((allowed) => allowed.test(target)) ? [] : [`${path} imports ${target}`];
  });
}

const files = globSync(["src/**/*.ts", "jobs/**/*.ts", "sandbox/**/*.ts"]).map((path) =>
  path.replaceAll("\\", "/"),
);

test("there are files in every layer to look at", () => {
  for (const { folder } of layers)
    expect(
      files.some((path) => folder.test(path)),
      String(folder),
    ).toBe(true);
});

test("no file imports what its layer may not", () => {
  expect(files.flatMap((path) => violations(path, readFileSync(path, "utf8")))).toEqual([]);
});

describe("a planted violation is seen", () => {
  test.each([
    ["src/core/planted.ts", 'import { z } from "zod";'],
    ["src/core/planted.ts", 'import { readFile } from "node:fs/promises";'],
    ["src/core/planted.ts", 'import type { Clock } from "../app/ports.ts";'],
    ["src/rules/planted.ts", 'import { other } from "./other.ts";'],
    ["src/rules/planted.ts", 'import { z } from "zod";'],
    ["src/app/planted.ts", 'import { Redis } from "ioredis";'],
    ["src/app/planted.ts", 'import { createHash } from "node:crypto";'],
    ["src/app/planted.ts", 'import { createStyle } from "../adapters/terminal/style.ts";'],
    ["src/adapters/slack/planted.ts", 'import { Redis } from "ioredis";'],
    ["src/adapters/slack/planted.ts", 'import { readBundle } from "../file/bundle.ts";'],
    ["src/adapters/aws/planted.ts", 'const k8s = await import("@kubernetes/client-node");'],
    ["src/adapters/redis/planted.ts", 'export { rules } from "../../rules/index.ts";'],
    ["jobs/planted.ts", 'import { createStyle } from "../src/adapters/terminal/style.ts";'],
    ["jobs/planted.ts", 'import { EKSClient } from "@aws-sdk/client-eks";'],
    ["src/app/planted.ts", 'import { startRedis } from "../../sandbox/redis.ts";'],
    ["src/app/planted.ts", 'import { loadConfig } from "../main/config.ts";'],
    ["jobs/planted.ts", 'import "../sandbox/redis.ts";'],
    ["sandbox/planted.ts", 'import { gather } from "../src/app/gather.ts";'],
    ["src/elsewhere/planted.ts", ""],
  ])("%s: %s", (path, source) => {
    expect(violations(path, source)).not.toEqual([]);
  });
});

test("every job processor is thin", () => {
  for (const path of files.filter((file) => file.startsWith("jobs/"))) {
    expect(readFileSync(path, "utf8").split("\n").length, path).toBeLessThan(32);
  }
});
