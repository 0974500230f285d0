import { envStates } from "./env-states.ts";
import type {
  ClusterFacts,
  Found,
  OidcProviderFacts,
  PodFacts,
  Question,
  RoleFacts,
  ServiceAccountFacts,
  WorkloadFacts,
} from "./evidence.ts";
import { parseArn, roleOfArn } from "./iam/arn.ts";
import { trustStep } from "./iam-steps.ts";
import { roleAnnotation } from "./identity.ts";
import { issuerOf, providerArnOf } from "./irsa.ts";
import { canonical, type JsonValue } from "./json.ts";
import type { Change, ChangeOfKind, ManualStep, RolloutTarget } from "./plan.ts";
import { isCensored } from "./redact.ts";
import { shellWord } from "./shell.ts";
import { hasRollout, objectOf, replacePods } from "./subject.ts";

/** What a rule offers: changes in the order in which they must run, and steps for a person. */
export interface Remedy {
  readonly fix?: readonly [Change, ...Change[]];
  readonly manual?: readonly ManualStep[];
}

/** A change without which nothing else helps, then what replaces the pods. */
function thenReplacePods(change: Change, workload: Found<WorkloadFacts>, question: Question): Remedy {
  const { fix = [], manual = [] } = replacePods(workload, question);
  return { fix: [change, ...fix], ...(manual.length === 0 ? {} : { manual }) };
}

/** Gives a service account a role by IRSA, or corrects the one it has; then new pods. */
export function annotateServiceAccount(
  account: Found<ServiceAccountFacts>,
  roleArn: string,
  workload: Found<WorkloadFacts>,
  question: Question,
): Remedy {
  const { namespace, name, annotations } = account.value;
  const change: ChangeOfKind<"k8s.service-account.annotate"> = {
    kind: "k8s.service-account.annotate",
    target: { cluster: question.cluster, namespace, name, annotation: roleAnnotation },
    before: { value: annotations[roleAnnotation] ?? null },
    after: { value: roleArn },
  };
  return thenReplacePods(change, workload, question);
}

/** Lets a workload run as another service account, which has to exist. */
export function runAs(
  workload: Found<WorkloadFacts>,
  serviceAccountName: string,
  question: Question,
): Remedy {
  const target = rolloutTarget(workload.value, question);
  if (target === null)
    return { manual: [editStep(workload.value, `serviceAccountName: ${serviceAccountName}`)] };
  const before = { serviceAccountName: workload.value.template.serviceAccountName };
  return { fix: [{ kind: "k8s.workload.service-account", target, before, after: { serviceAccountName } }] };
}

/**
 * Sets variables of one container of the pod template, or takes them out (null). Variables that `envFrom` brings are
 * not in the template and cannot be taken out of it: those are a person's to edit.
 */
export function setVariables(
  workload: Found<WorkloadFacts>,
  container: string,
  values: Readonly<Record<string, string | null>>,
  question: Question,
): Remedy {
  const variables = Object.keys(values).sort();
  const spec = workload.value.template.containers.find(({ name }) => name === container);
  const target = rolloutTarget(workload.value, question);
  const before = spec === undefined ? {} : envStates(spec.env, variables);
  const after = Object.fromEntries(
    variables.map((name) => [name, typeof values[name] === "string" ? { value: values[name] } : null]),
  );
  const written = Object.values(values).some((value) => value !== null && isCensored(value));
  if (target === null || spec === undefined || written || canonical(before) === canonical(after)) {
    return {
      manual: [editStep(workload.value, `the variables ${variables.join(", ")} of container ${container}`)],
    };
  }
  return { fix: [{ kind: "k8s.workload.env", target: { ...target, container, variables }, before, after }] };
}

/** Lets containers that do not run as root read the mounted token. */
export function setFsGroup(workload: Found<WorkloadFacts>, fsGroup: number, question: Question): Remedy {
  const target = rolloutTarget(workload.value, question);
  if (target === null) return { manual: [editStep(workload.value, `securityContext.fsGroup: ${fsGroup}`)] };
  const before = { fsGroup: workload.value.template.fsGroup };
  return { fix: [{ kind: "k8s.workload.fs-group", target, before, after: { fsGroup } }] };
}

/** Changes a label or an annotation of the pod template, or takes it out (null). */
export function setTemplateMetadata(
  workload: Found<WorkloadFacts>,
  field: "annotations" | "labels",
  key: string,
  value: string | null,
  question: Question,
): Remedy {
  const target = rolloutTarget(workload.value, question);
  const present = workload.value.template[field][key] ?? null;
  if (target === null || present === value) {
    return { manual: [editStep(workload.value, `${field} ${key}`)] };
  }
  const change: ChangeOfKind<"k8s.workload.template-metadata"> = {
    kind: "k8s.workload.template-metadata",
    target: { ...target, field, key },
    before: { value: present },
    after: { value },
  };
  return { fix: [change] };
}

/** Has one pod made anew by its controller; null where no controller does so. */
export function deletePod(
  pod: PodFacts,
  workload: WorkloadFacts,
  question: Question,
): ChangeOfKind<"k8s.pod.delete"> | null {
  if (!hasRollout(workload.kind) || pod.mirror) return null;
  const { namespace } = workload;
  return {
    kind: "k8s.pod.delete",
    target: { cluster: question.cluster, namespace, name: pod.name },
    before: { uid: pod.uid },
    after: null,
  };
}

/** Installs the EKS Pod Identity Agent; running pods find it without a restart. */
export function installAgent({ name: cluster, region }: ClusterFacts): ChangeOfKind<"eks.addon.create"> {
  return {
    kind: "eks.addon.create",
    target: { cluster, region, name: "eks-pod-identity-agent" },
    before: null,
    after: { version: null },
  };
}

/** How long a trust policy may be where the account has no higher quota, white space not counted. */
const trustPolicyQuota = 2048;

/**
 * Gives a role the corrected trust policy; a step where only a person can say what it should be (`document` null), or
 * where IAM would refuse it for its length.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export function trustPolicyFix(
  title: string,
  role: RoleFacts,
  document: JsonValue | null,
  { cluster }: Question,
): Remedy {
  if (document === null) return { manual: [trustStep(title, role.name, null)] };
  const length = JSON.stringify(document).replace(/\s/g, "").length;
  if (length > trustPolicyQuota) {
    const tooLong = `${title}; it then has ${length} characters, more than the ${trustPolicyQuota} that IAM takes without a higher quota`;
    return { manual: [trustStep(tooLong, role.name, document)] };
  }
  const change: ChangeOfKind<"iam.role.trust-policy"> = {
    kind: "iam.role.trust-policy",
    target: { cluster, roleArn: role.arn, roleName: role.name },
    before: { document: role.trustPolicy },
    after: { document },
  };
  return { fix: [change] };
}

/**
 * Gives a node role the AWS managed policy that lets the agents ask EKS Auth; null: the ARN is no role's.
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEKSWorkerNodePolicy.html
 */
export function attachNodePolicy(
  roleArn: string,
  { cluster }: Question,
): ChangeOfKind<"iam.role.attach-policy"> | null {
  const role = roleOfArn(roleArn);
  const partition = parseArn(roleArn)?.partition;
  if (role === null || partition === undefined) return null;
  return {
    kind: "iam.role.attach-policy",
    target: {
      cluster,
      roleArn,
      roleName: role.roleName,
      policyArn: `arn:${partition}:iam::aws:policy/AmazonEKSWorkerNodePolicy`,
    },
    before: { attached: false },
    after: { attached: true },
  };
}

/** Registers the cluster's issuer with IAM; null: the cluster shows none. */
export function createOidcProvider(
  cluster: ClusterFacts,
  audience: string,
): ChangeOfKind<"iam.oidc-provider.create"> | null {
  const issuer = issuerOf(cluster);
  if (issuer === null) return null;
  return {
    kind: "iam.oidc-provider.create",
    target: { cluster: cluster.name, providerArn: providerArnOf(cluster, issuer), url: `https://${issuer}` },
    before: null,
    after: { clientIds: [audience] },
  };
}

export function registerAudience(
  { arn: providerArn }: OidcProviderFacts,
  clientId: string,
  { cluster }: Question,
): ChangeOfKind<"iam.oidc-provider.client-id.add"> {
  return {
    kind: "iam.oidc-provider.client-id.add",
    target: { cluster, providerArn, clientId },
    before: { registered: false },
    after: { registered: true },
  };
}

function rolloutTarget({ kind, namespace, name }: WorkloadFacts, question: Question): RolloutTarget | null {
  return hasRollout(kind) ? { cluster: question.cluster, kind, namespace, name } : null;
}

/** What a person does with a template that no change can be made to from here. */
function editStep(workload: WorkloadFacts, what: string): ManualStep {
  const object = objectOf(workload);
  return {
    title: `Correct ${what} in the manifest of ${object}, and create its pods again`,
    command: `kubectl -n ${shellWord(workload.namespace)} get ${shellWord(object)} -o yaml`,
  };
}
