import type { Grant } from "../../../sandbox/cluster/rbac.ts";
import type { Sandbox, SandboxRole } from "../../../sandbox/sandbox.ts";
import {
  createKubernetesCollectors,
  type KubernetesCollectors,
} from "../../../src/adapters/kubernetes/create-collectors.ts";
import { createKubernetesClient } from "../../../src/adapters/kubernetes/kubeconfig.ts";
import { unmetered } from "../../../src/app/call-budget.ts";
import type { CallMeter, CollectContext, ResolveError } from "../../../src/app/ports.ts";
import type { Evidence, EvidenceKind, Question } from "../../../src/core/evidence.ts";

export const clock = () => "2026-01-02T03:04:05Z";

/** A real client on one of the sandbox's clusters. */
export function connect(
  sandbox: Sandbox,
  role: SandboxRole = "investigator",
  context = "eks-workshop",
  meter: CallMeter = unmetered,
) {
  const connection = createKubernetesClient({ kubeconfigText: sandbox.kubeconfig(role), context }, meter);
  if (!connection.ok) throw new Error(connection.error.message);
  return connection.value;
}

export function collectorsOf(sandbox: Sandbox, context?: string): KubernetesCollectors {
  return createKubernetesCollectors({ client: connect(sandbox, "investigator", context).client, clock });
}

export function question(namespace: string, name: string, patch: Partial<Question> = {}): Question {
  return {
    cluster: "eks-workshop",
    namespace,
    name,
    kind: "Deployment",
    container: null,
    sinceSeconds: 7 * 86_400,
    ...patch,
  };
}

/** Gathers every kind of this adapter one after another, as the gatherer does with what each waits for. */
export async function gatherAll(
  collectors: KubernetesCollectors,
  asked: Question,
  known: Evidence = {},
  signal: AbortSignal = AbortSignal.timeout(15_000),
): Promise<Evidence> {
  const kinds = Object.keys(collectors) as (keyof KubernetesCollectors)[];
  let evidence: Evidence = known;
  for (const kind of kinds) {
    const context: CollectContext = { question: asked, evidence, signal };
    evidence = { ...evidence, [kind]: await collectors[kind].collect(context) };
  }
  return evidence;
}

/** The value of a kind that must have been found. */
export function found<K extends EvidenceKind>(evidence: Evidence, kind: K) {
  const observation = evidence[kind];
  if (observation?.status !== "found") throw new Error(`${kind} is ${JSON.stringify(observation)}`);
  return observation.value as Extract<NonNullable<Evidence[K]>, { status: "found" }>["value"];
}

/** Permissions that answers lack, each once. */
export function missingPermissions(evidence: Evidence): readonly string[] {
  const missing = Object.values(evidence).flatMap((observation) =>
    observation.status === "unavailable" && observation.reason === "access-denied"
      ? [observation.permission ?? "?"]
      : [],
  );
  return [...new Set(missing)].sort();
}

export function permissionOf(error: ResolveError): string | null {
  return error.type === "unavailable" ? error.permission : null;
}

/** Each single permission of the grants, as `kubectl auth can-i` spells it and as the sandbox withholds it. */
export function singlePermissions(grants: readonly Grant[]) {
  return grants.flatMap(({ rules }) =>
    rules.flatMap(({ apiGroups = [], resources = [], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.map((verb) => ({
            verb,
            group,
            resource,
            text: `${verb} ${group === "" ? resource : `${resource}.${group}`}`,
          })),
        ),
      ),
    ),
  );
}
