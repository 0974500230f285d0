import type { ResolveError } from "../../app/ports.ts";
import { isBuiltInKind, type Question, workloadKinds } from "../../core/evidence.ts";
import type { Result } from "../../core/result.ts";
import type { KubernetesClient } from "./client.ts";
import { nearest } from "./edit-distance.ts";
import type { Failure } from "./outcome.ts";
import { kindsOfWorkload, listWorkloadObjects } from "./workload-facts.ts";

const suggestions = 3;

/**
 * Finds the workload that a question means and fills in its kind. Permissions: `get` of every kind of workload (of
 * the asked kind alone where the question names one); for suggestions also their `list`. Where one kind could not be
 * looked at and none was found, the answer is "unavailable", never "not found". `nearest` holds `namespace/name`.
 */
export async function resolveWorkload(
  client: KubernetesClient,
  question: Question,
  signal: AbortSignal,
): Promise<Result<Question, ResolveError>> {
  const { namespace, name } = question;
  const kinds = question.kind === null || !isBuiltInKind(question.kind) ? workloadKinds : [question.kind];
  const outcomes = await Promise.all(
    kinds.map(async (kind) => ({
      kind,
      outcome: await kindsOfWorkload[kind].get(client, namespace, name, signal),
    })),
  );
  const found = outcomes.filter(({ outcome }) => outcome.type === "ok").map(({ kind }) => kind);
  const [only] = found;
  if (found.length > 1) return { ok: false, error: { type: "ambiguous", kinds: found } };
  if (only !== undefined) return { ok: true, value: { ...question, kind: only } };
  const failed = outcomes.find(({ outcome }) => outcome.type === "failed")?.outcome;
  if (failed?.type === "failed") return { ok: false, error: unavailableError(failed.failure) };
  return { ok: false, error: { type: "not-found", nearest: await suggest(client, question, signal) } };
}

function unavailableError({ detail, reason, permission }: Failure): ResolveError {
  return { type: "unavailable", reason: detail === "" ? reason : detail, permission: permission ?? null };
}

/** Near names in the namespace; is the namespace empty (or misspelt), of the whole cluster. */
async function suggest(
  client: KubernetesClient,
  { namespace, name }: Question,
  signal: AbortSignal,
): Promise<readonly string[]> {
  for (const scope of [namespace, null]) {
    const listed = await listWorkloadObjects(client, scope, signal);
    if (listed.type !== "ok") return [];
    const names = listed.value.map(({ metadata }) => `${metadata.namespace ?? ""}/${metadata.name}`);
    if (names.length > 0) return nearest(`${namespace}/${name}`, names, suggestions);
  }
  return [];
}
