import type {
  AssociationFacts,
  ContainerSpec,
  EnvVar,
  Evidence,
  EvidenceBundle,
  Observation,
  PodSpecFacts,
  ServiceAccountFacts,
  WorkloadFacts,
} from "../evidence.ts";
import { known, roleAnnotation } from "../identity.ts";
import type { ChangeOfKind, EnvState } from "../plan.ts";
import { roleEvidence } from "./aws.ts";
import { found, withEvidence } from "./observed.ts";
import { newPods } from "./pods.ts";

/** The annotation as it will be, and the role that it then gives; running pods keep what they have. */
export function annotated(
  { target, after }: ChangeOfKind<"k8s.service-account.annotate">,
  { evidence, collectedAt }: EvidenceBundle,
): Evidence {
  const account = known(evidence["k8s.service-account"]);
  const accounts = known(evidence["k8s.service-accounts"]);
  const edit = (annotations: Readonly<Record<string, string>>) =>
    set(annotations, target.annotation, after.value);
  const others = accounts?.map((one) =>
    one.name === target.name ? { ...one, annotations: edit(one.annotations) } : one,
  );
  const gives = target.annotation === roleAnnotation && evidence["eks.association"]?.status === "absent";
  return {
    ...(others === undefined ? {} : { "k8s.service-accounts": found(others, collectedAt) }),
    ...(account === null || account.name !== target.name
      ? {}
      : {
          "k8s.service-account": found(
            {
              ...account,
              annotations: edit(account.annotations),
              ...(target.annotation === roleAnnotation ? { roleAnnotationChangedAt: collectedAt } : {}),
            },
            collectedAt,
          ),
          ...(gives && after.value !== null ? roleEvidence(after.value, evidence, collectedAt) : {}),
        }),
  };
}

/** New pods that run as another service account, whose annotation and association then count. */
export function underServiceAccount(
  { target, after: { serviceAccountName: name } }: ChangeOfKind<"k8s.workload.service-account">,
  bundle: EvidenceBundle,
): Evidence {
  const { evidence, collectedAt: at } = bundle;
  const { namespace } = target;
  const accounts = known(evidence["k8s.service-accounts"]);
  const associations = known(evidence["eks.associations"]);
  const ref = accounts?.find((account) => account.name === name);
  const chosen = associations?.find(
    (association) => association.namespace === namespace && association.serviceAccount === name,
  );
  const account: Observation<ServiceAccountFacts> =
    ref === undefined
      ? accounts === null
        ? unseen
        : { status: "absent", source: "rehearsal", at }
      : found(
          {
            namespace,
            name,
            createdAt: at,
            annotations: ref.annotations,
            roleAnnotationChangedAt: null,
            managedBy: "none",
          },
          at,
        );
  const association: Observation<AssociationFacts> =
    chosen === undefined
      ? associations === null
        ? unseen
        : { status: "absent", source: "rehearsal", at }
      : found(
          {
            ...chosen,
            associationArn: "",
            cluster: target.cluster,
            roleArn: "",
            targetRoleArn: null,
            externalId: null,
            disableSessionTags: false,
            sessionPolicy: null,
            ownerArn: null,
            createdAt: at,
            modifiedAt: at,
          },
          at,
        );
  const moved = withEvidence(bundle, { "k8s.service-account": account, "eks.association": association });
  return {
    ...moved.evidence,
    ...withTemplate(moved, (template) => ({ ...template, serviceAccountName: name })),
  };
}

const unseen = { status: "unavailable", reason: "not-collected", source: "rehearsal" } as const;

export function withVariables(
  { target, after }: ChangeOfKind<"k8s.workload.env">,
  bundle: EvidenceBundle,
): Evidence {
  const edit = (container: ContainerSpec): ContainerSpec =>
    container.name === target.container ? { ...container, env: edited(container.env, after) } : container;
  return withTemplate(bundle, (template) => ({ ...template, containers: template.containers.map(edit) }));
}

function edited(env: readonly EnvVar[], states: Readonly<Record<string, EnvState>>): readonly EnvVar[] {
  const others = env.filter(({ name }) => !Object.hasOwn(states, name));
  const added = Object.entries(states).flatMap(([name, state]): readonly EnvVar[] => {
    if (state === null) return [];
    if ("value" in state) return [{ name, value: state.value, from: "literal" }];
    return [{ name, value: null, from: state.from === "hidden" ? "literal" : state.from }];
  });
  return [...others, ...added];
}

export function withFsGroup(
  { after }: ChangeOfKind<"k8s.workload.fs-group">,
  bundle: EvidenceBundle,
): Evidence {
  return withTemplate(bundle, (template) => ({ ...template, fsGroup: after.fsGroup }));
}

export function withTemplateMetadata(
  { target: { field, key }, after }: ChangeOfKind<"k8s.workload.template-metadata">,
  bundle: EvidenceBundle,
): Evidence {
  return withTemplate(bundle, (template) => ({
    ...template,
    [field]: set(template[field], key, after.value),
  }));
}

export function restarted({ after }: ChangeOfKind<"k8s.rollout.restart">, bundle: EvidenceBundle): Evidence {
  return withWorkload(bundle, (workload) => ({ ...workload, restartMark: after.mark }));
}

/** A change to the template replaces the pods. */
function withTemplate(bundle: EvidenceBundle, edit: (template: PodSpecFacts) => PodSpecFacts): Evidence {
  return withWorkload(bundle, (workload) => ({ ...workload, template: edit(workload.template) }));
}

function withWorkload(bundle: EvidenceBundle, edit: (workload: WorkloadFacts) => WorkloadFacts): Evidence {
  const workload = known(bundle.evidence["k8s.workload"]);
  const changed: Evidence =
    workload === null ? {} : { "k8s.workload": found(edit(workload), bundle.collectedAt) };
  return { ...changed, ...newPods(withEvidence(bundle, changed)) };
}

function set(
  map: Readonly<Record<string, string>>,
  key: string,
  value: string | null,
): Readonly<Record<string, string>> {
  const { [key]: _old, ...others } = map;
  return value === null ? others : { ...others, [key]: value };
}
