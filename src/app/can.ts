import type { Evidence, EvidenceKind, Question } from "../core/evidence.ts";
import { expectedIdentity, roleAnnotation } from "../core/identity.ts";
import { type RoleAccess, roleAccess, roleAccessNeeds } from "../core/role-access.ts";
import type { Collectors } from "./ports.ts";

export interface CanRequest {
  readonly question: Question;
  readonly action: string;
  readonly resource: string;
  readonly signal: AbortSignal;
}

/** What was asked about, and what can be said. */
export interface CanAnswer {
  readonly mechanism: "pod-identity" | "irsa" | "role";
  readonly access: RoleAccess;
}

/** May a workload's role do this? Asks for as little as that needs. */
export async function canWorkload(collectors: Collectors, request: CanRequest): Promise<CanAnswer> {
  const identity = await collect(collectors, request, {}, [
    "k8s.workload",
    "k8s.service-account",
    "eks.association",
  ]);
  const expected = expectedIdentity(identity);
  if (expected === null) {
    return { mechanism: "role", access: unknown("The workload's identity could not be read.") };
  }
  if (expected.mechanism === "none") {
    const because =
      "The workload has no role of its own: there is neither an association nor an annotation. Its calls, if any, are the node role's; ask with that role's ARN.";
    return { mechanism: "role", access: unknown(because) };
  }
  const evidence = await collect(collectors, request, identity, roleAccessNeeds);
  return { mechanism: expected.mechanism, access: roleAccess(evidence, request.action, request.resource) };
}

/** May this role do this, whoever uses it? Nothing is known of a session then. */
export async function canRole(
  collectors: Pick<Collectors, (typeof roleAccessNeeds)[number]>,
  roleArn: string,
  request: CanRequest,
): Promise<CanAnswer> {
  const at = "";
  const source = "eksiam can";
  const given: Evidence = {
    "eks.association": { status: "absent", source, at },
    "k8s.service-account": {
      status: "found",
      source,
      at,
      value: {
        namespace: "",
        name: "",
        createdAt: at,
        annotations: { [roleAnnotation]: roleArn },
        roleAnnotationChangedAt: null,
        managedBy: "none",
      },
    },
  };
  const evidence = await collect(collectors, request, given, [
    "iam.role",
    "iam.role-policies",
    "iam.role-boundary",
  ]);
  return { mechanism: "role", access: roleAccess(evidence, request.action, request.resource) };
}

async function collect<K extends EvidenceKind>(
  collectors: Pick<Collectors, K>,
  { question, signal }: CanRequest,
  known: Evidence,
  kinds: readonly K[],
): Promise<Evidence> {
  let evidence = known;
  for (const kind of kinds) {
    evidence = { ...evidence, [kind]: await collectors[kind].collect({ question, evidence, signal }) };
  }
  return evidence;
}

function unknown(because: string): RoleAccess {
  return { outcome: "unknown", because };
}
