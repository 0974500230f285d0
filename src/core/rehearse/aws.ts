import type { AssociationFacts, CandidateRole, Evidence, EvidenceBundle, RoleFacts } from "../evidence.ts";
import { known } from "../identity.ts";
import type { ChangeOfKind } from "../plan.ts";
import { found } from "./observed.ts";

const agentName = "eks-pod-identity-agent";

export function associated(
  { target, after }: ChangeOfKind<"eks.pod-identity-association.create">,
  { evidence, collectedAt }: EvidenceBundle,
): Evidence {
  const { cluster, namespace, serviceAccount } = target;
  const roleArn = after?.roleArn ?? "";
  const associationId = "a-rehearsed";
  const association: AssociationFacts = {
    associationId,
    associationArn: "",
    cluster,
    namespace,
    serviceAccount,
    roleArn,
    targetRoleArn: null,
    externalId: null,
    disableSessionTags: false,
    sessionPolicy: null,
    ownerArn: null,
    createdAt: collectedAt,
    modifiedAt: collectedAt,
  };
  return {
    "eks.association": found(association, collectedAt),
    "eks.associations": found(
      [...(known(evidence["eks.associations"]) ?? []), { associationId, namespace, serviceAccount }],
      collectedAt,
    ),
    ...roleEvidence(roleArn, evidence, collectedAt),
  };
}

export function reassociated(
  { target, after }: ChangeOfKind<"eks.pod-identity-association.update">,
  { evidence, collectedAt }: EvidenceBundle,
): Evidence {
  const association = known(evidence["eks.association"]);
  if (association?.associationId !== target.associationId || after === null) return {};
  return {
    "eks.association": found({ ...association, ...after, modifiedAt: collectedAt }, collectedAt),
    ...(after.roleArn === association.roleArn ? {} : roleEvidence(after.roleArn, evidence, collectedAt)),
  };
}

/** The add-on with its agent on every node that can run it. */
export function installed(
  { target, after }: ChangeOfKind<"eks.addon.create">,
  { evidence, collectedAt }: EvidenceBundle,
): Evidence {
  if (target.name !== agentName) return {};
  const nodes = known(evidence["k8s.nodes"]) ?? [];
  return {
    "eks.agent-addon": found(
      { name: agentName, version: after?.version ?? "", status: "ACTIVE", issues: [] },
      collectedAt,
    ),
    "k8s.agent": found(
      {
        daemonSet: { desired: nodes.length, ready: nodes.length, image: agentName },
        pods: nodes.map(({ name }) => ({
          name: `${agentName}-${name}`,
          nodeName: name,
          ready: true,
          waitingReason: null,
        })),
      },
      collectedAt,
    ),
  };
}

export function trusting(
  { target, after }: ChangeOfKind<"iam.role.trust-policy">,
  { evidence, collectedAt }: EvidenceBundle,
): Evidence {
  const trustPolicy = after.document;
  const role = known(evidence["iam.role"]);
  const second = known(evidence["iam.target-role"]);
  const edit = (roles: readonly CandidateRole[]) =>
    roles.map((one) => (one.arn === target.roleArn ? { ...one, trustPolicy } : one));
  const candidates = known(evidence["iam.candidate-roles"]);
  const forIrsa = known(evidence["iam.irsa-candidates"]);
  return {
    ...(role?.arn === target.roleArn ? { "iam.role": found({ ...role, trustPolicy }, collectedAt) } : {}),
    ...(second?.arn === target.roleArn
      ? { "iam.target-role": found({ ...second, trustPolicy }, collectedAt) }
      : {}),
    ...(candidates === null ? {} : { "iam.candidate-roles": found(edit(candidates), collectedAt) }),
    ...(forIrsa === null ? {} : { "iam.irsa-candidates": found(edit(forIrsa), collectedAt) }),
  };
}

/**
 * The policy of the node role, of which only what concerns Pod Identity is known here; the agents are then answered.
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEKSWorkerNodePolicy.html
 */
export function attached(
  { target, after }: ChangeOfKind<"iam.role.attach-policy">,
  { evidence, collectedAt }: EvidenceBundle,
): Evidence {
  const nodeRole = known(evidence["eks.node-role"]);
  if (nodeRole?.roleArn !== target.roleArn || !after.attached) return {};
  const policies = known(evidence["iam.node-role-policies"]) ?? [];
  const logs = known(evidence["k8s.agent-logs"]);
  const name = target.policyArn.slice(target.policyArn.lastIndexOf("/") + 1);
  const document = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "eks-auth:AssumeRoleForPodIdentity", Resource: "*" }],
  };
  return {
    "iam.node-role-policies": found([...policies, { name, arn: target.policyArn, document }], collectedAt),
    ...(logs === null
      ? {}
      : {
          "k8s.agent-logs": found(
            { ...logs, errors: logs.errors.filter(({ kind }) => kind !== "node-role-denied") },
            collectedAt,
          ),
        }),
  };
}

export function providerCreated(
  { target, after }: ChangeOfKind<"iam.oidc-provider.create">,
  { evidence, collectedAt }: EvidenceBundle,
): Evidence {
  const providers = known(evidence["iam.oidc-providers"]);
  const provider = {
    arn: target.providerArn,
    issuer: target.url.replace(/^https:\/\//, ""),
    clientIds: after?.clientIds ?? [],
  };
  const isOurs = known(evidence["eks.cluster"])?.oidcIssuer === target.url;
  return {
    "iam.oidc-providers": found(
      {
        arns: [...(providers?.arns ?? []), target.providerArn],
        forCluster: isOurs ? provider : (providers?.forCluster ?? null),
      },
      collectedAt,
    ),
  };
}

export function clientRegistered(
  { target, after }: ChangeOfKind<"iam.oidc-provider.client-id.add">,
  { evidence, collectedAt }: EvidenceBundle,
): Evidence {
  const providers = known(evidence["iam.oidc-providers"]);
  const provider = providers?.forCluster;
  if (providers === null || provider?.arn !== target.providerArn || !after.registered) return {};
  const forCluster = { ...provider, clientIds: [...provider.clientIds, target.clientId] };
  return { "iam.oidc-providers": found({ ...providers, forCluster }, collectedAt) };
}

/** What is known of a role that the workload gets: as a candidate, it was read. */
export function roleEvidence(roleArn: string, evidence: Evidence, at: string): Evidence {
  const candidates = [
    ...(known(evidence["iam.candidate-roles"]) ?? []),
    ...(known(evidence["iam.irsa-candidates"]) ?? []),
  ];
  const role = candidates.find(({ arn }) => arn === roleArn);
  if (role === undefined) return {};
  const facts: RoleFacts = {
    arn: role.arn,
    name: role.name,
    path: "/",
    roleId: "",
    createdAt: at,
    trustPolicy: role.trustPolicy,
    permissionsBoundaryArn: null,
    tags: role.tags,
    lastUsedAt: null,
  };
  return { "iam.role": found(facts, at), "iam.role-policies": found(role.policies, at) };
}
