import type { ResolveError } from "../../app/ports.ts";
import { isBuiltInKind, type Question, workloadKinds } from "../../core/evidence.ts";
import type { Result } from "../../core/result.ts";
import type { KubernetesClient } from "./client.ts";
import { nearest } from "./edit-distance.ts";
import type { Failure } from "./outcome.ts";
import { searchOwner } from "./ownership.ts";
import { resources } from "./resources.ts";
import { namespaceSchema } from "./schemas.ts";
import { listWorkloadObjects } from "./workload-facts.ts";
import { kindsOfWorkload, listPodOwners, type Workload } from "./workload-objects.ts";

const suggestions = 3;

type Resolved = Result<Question, ResolveError>;

/**
 * Finds the workload that a question means and fills in its kind: a built-in kind of that name, else whatever else
 * of that name owns pods. Permissions: `get` of every kind of workload (of the asked kind alone where the question
 * names one); where there is none, also their `list`. Where one kind could not be looked at and none was found, the
 * answer is "unavailable", never "not found". `nearest` holds `namespace/name`.
 */
export async function resolveWorkload(
  client: KubernetesClient,
  question: Question,
  signal: AbortSignal,
): Promise<Resolved> {
  const { kind } = question;
  if (kind !== null && !isBuiltInKind(kind)) return resolveOwner(client, question, signal);
  const { namespace, name } = question;
  const outcomes = await Promise.all(
    (kind === null ? workloadKinds : [kind]).map(async (one) => ({
      kind: one,
      outcome: await kindsOfWorkload[one].get(client, namespace, name, signal),
    })),
  );
  const found = outcomes.filter(({ outcome }) => outcome.type === "ok").map((one) => one.kind);
  const [only] = found;
  if (found.length > 1) return { ok: false, error: { type: "ambiguous", kinds: found } };
  if (only !== undefined) return { ok: true, value: { ...question, kind: only } };
  const failed = outcomes.find(({ outcome }) => outcome.type === "failed")?.outcome;
  if (failed?.type === "failed") return { ok: false, error: unavailableError(failed.failure) };
  return kind === null
    ? resolveOwner(client, question, signal)
    : { ok: false, error: await notFound(client, question, [], signal) };
}

/** An owner of pods that is of no built-in kind. */
async function resolveOwner(
  client: KubernetesClient,
  question: Question,
  signal: AbortSignal,
): Promise<Resolved> {
  const objects = await listPodOwners(client, question.namespace, signal);
  if (objects.type !== "ok") {
    return objects.type === "failed"
      ? { ok: false, error: unavailableError(objects.failure) }
      : { ok: false, error: await notFound(client, question, [], signal) };
  }
  const search = await searchOwner(client, objects.value, question, signal);
  const [first, ...others] = search.found;
  if (first === undefined) {
    return { ok: false, error: await notFound(client, question, search.unread, signal) };
  }
  const kinds = [first, ...others].map(({ workload }) => workload.kind);
  if (others.length > 0) return { ok: false, error: { type: "ambiguous", kinds } };
  const { kind, apiVersion } = first.workload;
  return { ok: true, value: { ...question, kind, ...(apiVersion === null ? {} : { apiVersion }) } };
}

function unavailableError({ detail, reason, permission }: Failure): ResolveError {
  return { type: "unavailable", reason: detail === "" ? reason : detail, permission: permission ?? null };
}

/** Near names: of the namespace, or of the whole cluster where there is no such namespace or nothing in it. */
async function notFound(
  client: KubernetesClient,
  question: Question,
  unread: readonly string[],
  signal: AbortSignal,
): Promise<ResolveError> {
  const inNamespace = await listWorkloadObjects(client, question.namespace, signal);
  if (inNamespace.type === "ok" && inNamespace.value.length > 0) {
    return { type: "not-found", nearest: nearOnes(question, inNamespace.value), unread };
  }
  const [namespace, everywhere] = await Promise.all([
    client.get(resources.namespaces, null, question.namespace, namespaceSchema, signal),
    listWorkloadObjects(client, null, signal),
  ]);
  const near = everywhere.type === "ok" ? nearOnes(question, everywhere.value) : [];
  return namespace.type === "missing"
    ? { type: "no-namespace", nearest: near }
    : { type: "not-found", nearest: near, unread };
}

/** The same name elsewhere or as another kind comes first; where a kind was asked for, the kinds are told. */
function nearOnes({ namespace, name, kind }: Question, workloads: readonly Workload[]): readonly string[] {
  const placeOf = ({ metadata }: Workload) => `${metadata.namespace ?? ""}/${metadata.name}`;
  const namesakes = workloads.filter(({ metadata }) => metadata.name === name).map(placeOf);
  const near = nearest(`${namespace}/${name}`, workloads.map(placeOf), suggestions);
  const places = [...new Set([...namesakes, ...near])].slice(0, suggestions);
  if (kind === null) return places;
  return places.map((place) => {
    const kinds = workloads.filter((workload) => placeOf(workload) === place).map((one) => one.kind);
    return `${place} (${kinds.join(" and ")})`;
  });
}

/** Namespaces that a person can have meant, nearest first. Permission: `list` of each kind of workload. */
export async function nearestNamespaces(
  client: KubernetesClient,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const workloads = await listWorkloadObjects(client, null, signal);
  if (workloads.type !== "ok") return [];
  return nearest(
    namespace,
    workloads.value.map(({ metadata }) => metadata.namespace ?? ""),
    suggestions,
  );
}
