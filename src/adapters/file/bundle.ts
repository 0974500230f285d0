import { readFile, rename, writeFile } from "node:fs/promises";
import { z } from "zod";
import type { EvidenceBundle } from "../../core/evidence.ts";
import { redactAll } from "../../core/redact.ts";
import { apiVersion, kind } from "./kind.ts";

const observation = z.discriminatedUnion("status", [
  z.object({ status: z.literal("found"), value: z.unknown(), source: z.string(), at: z.string() }),
  z.object({ status: z.literal("absent"), source: z.string(), at: z.string() }),
  z.object({
    status: z.literal("unavailable"),
    reason: z.enum(["access-denied", "throttled", "timeout", "error", "not-collected", "call-budget"]),
    permission: z.string().optional(),
    detail: z.string().optional(),
    source: z.string(),
  }),
]);

const bundleSchema = z.object({
  schema: z.literal("eksiam/bundle/v1"),
  question: z.object({
    cluster: z.string(),
    namespace: z.string(),
    name: z.string(),
    kind: kind.nullable(),
    apiVersion: apiVersion.optional(),
    container: z.string().nullable(),
    sinceSeconds: z.number(),
  }),
  collectedAt: z.iso.datetime(),
  evidence: z.record(z.string(), observation),
});

/** Writes a bundle whole or not at all, with nothing in it that should not leave the process. */
export async function writeBundle(path: string, bundle: EvidenceBundle): Promise<void> {
  const partial = `${path}.partial`;
  await writeFile(partial, `${JSON.stringify(redactAll(bundle), null, 2)}\n`, { mode: 0o600 });
  await rename(partial, path);
}

/** @throws Error with a sentence that says what is wrong with the file. */
export async function readBundle(path: string): Promise<EvidenceBundle> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    const reason = error instanceof SyntaxError ? "is not JSON" : "cannot be read";
    throw new Error(
      `${path} ${reason}. Bundles are written by: eksiam collect <namespace>/<name> --out FILE`,
    );
  }
  const parsed = bundleSchema.safeParse(value);
  if (!parsed.success) {
    const first = parsed.error.issues[0];
    throw new Error(`${path} is not a bundle of eksiam: ${first?.path.join(".")}: ${first?.message}`);
  }
  return parsed.data as EvidenceBundle;
}
