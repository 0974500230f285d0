import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readBundle, writeBundle } from "../../../src/adapters/file/bundle.ts";
import type { EvidenceBundle } from "../../../src/core/evidence.ts";

test("no secret is written into a bundle, and what is left can be read", async () => {
  const secret = `AK${"IA"}${"Q7".repeat(8)}`;
  const bundle: EvidenceBundle = {
    schema: "eksiam/bundle/v1",
    question: { cluster: "c", namespace: "n", name: "w", kind: null, container: null, sinceSeconds: 60 },
    collectedAt: "2026-01-01T10:00:00.000Z",
    evidence: {
      "iam.role": { status: "unavailable", reason: "error", source: "s", detail: `cannot use ${secret}` },
    },
  };
  const folder = await mkdtemp(join(tmpdir(), "eksiam-bundle-"));
  try {
    const path = join(folder, "bundle.json");
    await writeBundle(path, bundle);
    expect(await readFile(path, "utf8")).not.toContain(secret);
    expect((await readBundle(path)).evidence["iam.role"]).toMatchObject({ detail: "cannot use [redacted]" });
  } finally {
    await rm(folder, { recursive: true });
  }
});
