import type {
  Absent,
  ClusterFacts,
  Evidence,
  Found,
  LogErrorGroup,
  Question,
  WorkloadFacts,
} from "./evidence.ts";
import { parseArn } from "./iam/arn.ts";
import { allowStep } from "./iam-steps.ts";
import { known } from "./identity.ts";
import { cannotUsePodIdentity, needsAgent } from "./injection.ts";
import type { Change, CreateAssociation, ManualStep } from "./plan.ts";
import { chooseRole, type RoleChoice } from "./role-choice.ts";
import { shellWord } from "./shell.ts";
import { hasRollout, listed, recreateStep, restartOf, serviceAccountOf } from "./subject.ts";
import { podIdentityService } from "./trust-view.ts";

interface Remedy {
  readonly fix?: readonly [Change, ...Change[]];
  readonly manual?: readonly ManualStep[];
}

/** What the remedy looks at: a rule that offers it wants these. */
export const associationRemedyWants = [
  "iam.candidate-roles",
  "eks.cluster",
  "k8s.nodes",
  "k8s.agent",
  "eks.agent-addon",
  "k8s.sharing",
] as const;

/**
 * Gives a workload without any identity one: a Pod Identity association with an existing role, then a restart.
 * Only what the evidence singles out is offered as a change; everything else is a step for a person. The node role
 * is never given more rights: https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html
 */
export function associationRemedy(
  evidence: Evidence & { readonly "k8s.workload": Found<WorkloadFacts> | Absent },
  question: Question,
  denied: readonly LogErrorGroup[],
): Remedy {
  const workload = evidence["k8s.workload"];
  if (workload.status === "absent") return {};
  const cluster = known(evidence["eks.cluster"]);
  const roles = known(evidence["iam.candidate-roles"]) ?? [];
  const obstacle = obstacleOf(evidence, question, workload.value);
  if (obstacle?.instead === true) return { manual: [obstacle.step] };
  const before = obstacle === null ? [] : [obstacle.step];
  if (cluster === null) return { manual: [...before, withoutCluster(question, workload.value)] };

  const choice = chooseRole(roles, cluster, workload.value, denied);
  const { chosen } = choice;
  if (chosen === null || obstacle !== null) {
    const after = {
      title: "Then replace the pods: a running pod never gets a new identity",
      command: restartCommand(workload.value),
    };
    return { manual: [...before, ...byHand(choice, question, cluster, workload.value), after] };
  }

  const create: CreateAssociation = {
    kind: "eks.pod-identity-association.create",
    target: {
      cluster: question.cluster,
      region: cluster.region,
      namespace: workload.value.namespace,
      serviceAccount: workload.value.template.serviceAccountName,
    },
    before: null,
    after: { roleArn: chosen.arn },
  };
  const restart = restartOf(workload, question);
  return restart === null
    ? { fix: [create], manual: [recreateStep(workload.value)] }
    : { fix: [create, restart] };
}

/** The remedy as it is where it is a change; else `step` is what a person does first. */
export function unlessFixed(remedy: Remedy, step: ManualStep): Remedy {
  return remedy.fix === undefined ? { manual: [step, ...(remedy.manual ?? [])] } : remedy;
}

interface Obstacle {
  readonly step: ManualStep;
  /** The step replaces the association; else it comes before it. */
  readonly instead: boolean;
}

function obstacleOf(evidence: Evidence, question: Question, workload: WorkloadFacts): Obstacle | null {
  const { hostNetwork, serviceAccountName } = workload.template;
  const nodes = known(evidence["k8s.nodes"]) ?? [];
  const unfit = nodes.filter(cannotUsePodIdentity);
  if (unfit.length > 0 || hostNetwork) {
    const why = hostNetwork
      ? "its pods use the host's network"
      : `its pods run on ${listed(unfit.map(({ name, compute, os }) => `${name} (${os === "windows" ? os : compute})`))}, where Pod Identity does not work`;
    return {
      instead: true,
      step: {
        title: `Give service account ${serviceAccountOf(workload)} a role by IRSA, since ${why}; then replace the pods`,
        command: irsaCommand(question, workload),
      },
    };
  }
  if (serviceAccountName === "default") {
    return {
      instead: true,
      step: {
        title: `Give the workload a service account of its own first: a role for "default" would be every pod's of namespace ${workload.namespace} that names none`,
        command: `kubectl -n ${shellWord(workload.namespace)} create serviceaccount ${shellWord(workload.name)}`,
      },
    };
  }
  const inNeed = evidence["k8s.nodes"]?.status === "found" ? nodes.filter(needsAgent) : [null];
  const agent = known(evidence["k8s.agent"])?.daemonSet ?? null;
  const addon = known(evidence["eks.agent-addon"]);
  if (inNeed.length === 0 || agent !== null || addon !== null) return null;
  const region = known(evidence["eks.cluster"])?.region;
  const where = `--cluster-name ${shellWord(question.cluster)}${region === undefined ? "" : ` --region ${shellWord(region)}`}`;
  const unseen = ["k8s.agent", "eks.agent-addon"] as const;
  const looked = unseen.some(
    (kind) => evidence[kind]?.status === "absent" || evidence[kind]?.status === "found",
  );
  return {
    instead: false,
    step: {
      title: `${looked ? "Install the EKS Pod Identity Agent first" : "Make sure that the EKS Pod Identity Agent is installed, which could not be seen"}: without it, an association gives no credentials`,
      command: `aws eks create-addon ${where} --addon-name eks-pod-identity-agent`,
    },
  };
}

function byHand(
  { chosen, candidates, others, needed }: RoleChoice,
  question: Question,
  { region, accountId, arn }: ClusterFacts,
  workload: WorkloadFacts,
): readonly ManualStep[] {
  const partition = parseArn(arn)?.partition ?? "aws";
  const associate = (roleArn: string) =>
    `aws eks create-pod-identity-association --cluster-name ${shellWord(question.cluster)} --region ${shellWord(region)} --namespace ${shellWord(workload.namespace)} --service-account ${shellWord(workload.template.serviceAccountName)} --role-arn ${shellWord(roleArn)}`;
  if (chosen !== null) {
    return [{ title: `Create an association with role ${chosen.name}`, command: associate(chosen.arn) }];
  }
  if (others > 0) {
    const title = `Choose the role, or create one: ${others} trust EKS Pod Identity for this service account, and none is named for it`;
    return [{ title, command: associate("<role ARN>") }];
  }
  if (candidates.length > 0) {
    return candidates.slice(0, 3).map(({ name, arn }) => ({
      title: `Choose the role: ${name} trusts EKS Pod Identity for this service account`,
      command: associate(arn),
    }));
  }
  const name = `${question.cluster}-${workload.namespace}-${workload.template.serviceAccountName}`.slice(
    0,
    64,
  );
  const trust = {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: podIdentityService },
        Action: ["sts:AssumeRole", "sts:TagSession"],
      },
    ],
  };
  const create: ManualStep = {
    title: "No existing role fits: create one that EKS Pod Identity may assume",
    command: `aws iam create-role --role-name ${shellWord(name)} --assume-role-policy-document ${shellWord(JSON.stringify(trust))}`,
  };
  const thenAssociate: ManualStep = {
    title: "Then create the association with it",
    command: associate(`arn:${partition}:iam::${accountId}:role/${name}`),
  };
  return needed.length === 0
    ? [create, thenAssociate]
    : [create, allowStep(name, needed, { policyName: "denied-calls" }), thenAssociate];
}

/**
 * Creates a role that trusts the cluster's OIDC provider for the service account, and annotates that with it.
 * https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
 */
function irsaCommand({ cluster }: Question, { namespace, template }: WorkloadFacts): string {
  const account = shellWord(template.serviceAccountName);
  return `eksctl create iamserviceaccount --cluster ${shellWord(cluster)} --namespace ${shellWord(namespace)} --name ${account} --attach-policy-arn ${shellWord("<policy ARN>")} --override-existing-serviceaccounts --approve`;
}

function withoutCluster(question: Question, workload: WorkloadFacts): ManualStep {
  return {
    title: `Create a Pod Identity association for service account ${serviceAccountOf(workload)}; which role fits could not be judged, because the cluster could not be described`,
    command: `aws eks describe-cluster --name ${shellWord(question.cluster)}`,
  };
}

function restartCommand({ kind, namespace, name }: WorkloadFacts): string | null {
  if (!hasRollout(kind)) return null;
  return `kubectl -n ${shellWord(namespace)} rollout restart ${shellWord(`${kind.toLowerCase()}/${name}`)}`;
}
