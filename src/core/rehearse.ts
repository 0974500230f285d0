import type { ContainerSpec, EnvVar, Evidence, EvidenceBundle, Found, PodFacts } from "./evidence.ts";
import { expectedIdentity, known } from "./identity.ts";
import type { Change, ChangeOfKind } from "./plan.ts";

/**
 * The evidence as it will be once the change is made: so that a test can prove that a fix closes its own finding,
 * and a plan is never offered that would not help. Applies what AWS and Kubernetes would do, nothing more.
 */
export function rehearse(change: Change, bundle: EvidenceBundle): EvidenceBundle {
  switch (change.kind) {
    case "eks.pod-identity-association.create":
      return withEvidence(bundle, associationEvidence(change, bundle));
    case "k8s.rollout.restart":
      return withEvidence(later(bundle), restartEvidence(change, later(bundle)));
  }
}

function associationEvidence(
  change: ChangeOfKind<"eks.pod-identity-association.create">,
  { evidence, collectedAt }: EvidenceBundle,
): Evidence {
  const { cluster, namespace, serviceAccount } = change.target;
  const roleArn = change.after?.roleArn ?? "";
  const associationId = "a-rehearsed";
  const role = known(evidence["iam.candidate-roles"])?.find((candidate) => candidate.arn === roleArn);
  const source = "rehearsal";
  return {
    "eks.association": found(
      {
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
      },
      collectedAt,
    ),
    "eks.associations": found(
      [...(known(evidence["eks.associations"]) ?? []), { associationId, namespace, serviceAccount }],
      collectedAt,
    ),
    ...(role === undefined
      ? {}
      : {
          "iam.role": {
            status: "found",
            source,
            at: collectedAt,
            value: {
              arn: role.arn,
              name: role.name,
              path: "/",
              roleId: "",
              createdAt: collectedAt,
              trustPolicy: role.trustPolicy,
              permissionsBoundaryArn: null,
              tags: role.tags,
              lastUsedAt: null,
            },
          },
          "iam.role-policies": found(role.policies, collectedAt),
        }),
  };
}

/** New pods: made later, injected by today's configuration, with empty logs. */
function restartEvidence(
  change: ChangeOfKind<"k8s.rollout.restart">,
  { evidence, collectedAt, question }: EvidenceBundle,
): Evidence {
  const workload = known(evidence["k8s.workload"]);
  const pods = known(evidence["k8s.pods"]);
  const logs = known(evidence["logs.errors"]);
  const injected = expectedIdentity(evidence);
  const replaced = (pod: PodFacts): PodFacts => ({
    ...pod,
    ...(workload === null ? {} : { serviceAccountName: workload.template.serviceAccountName }),
    name: `${question.name}-rehearsed`,
    createdAt: collectedAt,
    startedAt: collectedAt,
    statuses: pod.statuses.map((status) => ({ ...status, startedAt: collectedAt, restartCount: 0 })),
    containers: pod.containers.map((container) => inject(container, injected)),
  });
  return {
    ...(workload === null
      ? {}
      : { "k8s.workload": found({ ...workload, restartMark: change.after.mark }, collectedAt) }),
    ...(pods === null
      ? {}
      : { "k8s.pods": found({ ...pods, pods: pods.pods.slice(0, 1).map(replaced) }, collectedAt) }),
    ...(logs === null ? {} : { "logs.errors": found({ ...logs, errors: [] }, collectedAt) }),
  };
}

/**
 * What the EKS webhook does to a container at pod creation:
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
 */
function inject(container: ContainerSpec, identity: ReturnType<typeof expectedIdentity>): ContainerSpec {
  const own = container.env.filter((variable) => !injectedNames.has(variable.name));
  return { ...container, env: [...own, ...variablesOf(identity)] };
}

const injectedNames = new Set([
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  "AWS_ROLE_ARN",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
]);

function variablesOf(identity: ReturnType<typeof expectedIdentity>): readonly EnvVar[] {
  switch (identity?.mechanism) {
    case "pod-identity":
      return [
        literal("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
        literal(
          "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
          "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token",
        ),
      ];
    case "irsa":
      return [
        literal("AWS_ROLE_ARN", identity.roleArn ?? ""),
        literal("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"),
      ];
    default:
      return [];
  }
}

function literal(name: string, value: string): EnvVar {
  return { name, value, from: "literal" };
}

/** A restart happens after the change before it is in effect: a minute is more than associations need. */
function later(bundle: EvidenceBundle): EvidenceBundle {
  return { ...bundle, collectedAt: new Date(Date.parse(bundle.collectedAt) + 60_000).toISOString() };
}

function withEvidence(bundle: EvidenceBundle, changed: Evidence): EvidenceBundle {
  return { ...bundle, evidence: { ...bundle.evidence, ...changed } };
}

function found<T>(value: T, at: string): Found<T> {
  return { status: "found", value, source: "rehearsal", at };
}
