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
  readonly mechanism: "pod-identity" | "irsa" | "node-role" | "role";
  readonly access: RoleAccess;
  /** Who says that this node role is theirs, such as a node group; null but for node roles. */
  readonly nodeRoleFrom: string | null;
}

/** May a workload's role do this? Asks for as little as that needs. */
export async function canWorkload(collectors: Collectors, request: CanRequest): Promise<CanAnswer> {
  const identity = await collect(collectors, request, {}, [
    "k8s.workload",
    "k8s.service-account",
    "eks.association",
  ]);
  const expected = expectedIdentity(identity);
  if (expected === null) return roleAnswer(unknown("The workload's identity could not be read."));
  if (expected.mechanism === "none") return await canNodes(collectors, request, identity);
  const asked = { ...identity, "logs.errors": askedResource(request) };
  const evidence = await collect(collectors, request, asked, roleAccessNeeds);
  const access = roleAccess(evidence, request.action, request.resource);
  return { mechanism: expected.mechanism, access, nodeRoleFrom: null };
}

/**
 * A workload without an identity of its own: pods that reach the instance metadata call as their node.
 * https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html
 */
async function canNodes(collectors: Collectors, request: CanRequest, identity: Evidence): Promise<CanAnswer> {
  const evidence = await collect(collectors, request, identity, ["k8s.pods", "k8s.nodes", "eks.node-role"]);
  const node = evidence["eks.node-role"];
  if (node?.status !== "found") {
    const why = node?.status === "unavailable" ? (node.permission ?? node.detail) : undefined;
    const because = `The workload has no role of its own: there is neither an association nor an annotation. Its calls, if any, are the node role's, which could not be read${why === undefined ? "" : ` (${why})`}; ask with that role's ARN.`;
    return roleAnswer(unknown(because));
  }
  const { access } = await canRole(collectors, node.value.roleArn, request);
  return { mechanism: "node-role", access, nodeRoleFrom: node.value.from };
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
    "logs.errors": askedResource(request),
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
    "organizations.policies",
    "aws.resource-policies",
  ]);
  return roleAnswer(roleAccess(evidence, request.action, request.resource));
}

/** The call that is asked about as a refused one: resources are looked up by the calls that were refused on them. */
function askedResource({ action, resource }: CanRequest): NonNullable<Evidence["logs.errors"]> {
  const call = {
    kind: "access-denied",
    principalArn: null,
    principalKind: "unknown",
    action,
    missingAction: null,
    resource: resource === "*" ? null : resource,
    denyLayer: null,
    policyArn: null,
    sdk: null,
    requestId: null,
    count: 1,
    firstSeen: null,
    lastSeen: null,
    pods: [],
    containers: [],
    excerpt: "",
  } as const;
  const value = { sinceSeconds: 0, read: [], unread: [], signs: [], errors: [call] };
  return { status: "found", source: "eksiam can", at: "", value };
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

function roleAnswer(access: RoleAccess): CanAnswer {
  return { mechanism: "role", access, nodeRoleFrom: null };
}

function unknown(because: string): RoleAccess {
  return { outcome: "unknown", because };
}
