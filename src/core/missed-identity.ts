import type {
  AssociationRef,
  CandidateRole,
  ClusterFacts,
  Evidence,
  LogErrorGroup,
  Question,
  WorkloadFacts,
} from "./evidence.ts";
import type { ServiceAccountRef } from "./facts/kubernetes.ts";
import { expectedIdentity, injectedInto, known, roleAnnotation } from "./identity.ts";
import { isRoleArn, letsInWebIdentity } from "./irsa.ts";
import { isMeantFor } from "./near-names.ts";
import type { Condition } from "./rule.ts";
import { credentialErrors, currentErrors, deniedCalls, placesOf, tokenSubject } from "./subject.ts";

const symptom = [
  "k8s.workload",
  "k8s.pods",
  "k8s.service-account",
  "eks.association",
  "logs.errors",
] as const;

/** What is looked at, beside the symptom, to find out where an identity lies that was meant for a workload. */
const places = [
  "eks.associations",
  "k8s.service-accounts",
  "eks.cluster",
  "iam.irsa-candidates",
  "eks.associations-elsewhere",
] as const;

type PlaceKind = (typeof places)[number];

/**
 * What a rule about a missing identity wants beside its needs, so that all of them see which one tells the most. A
 * place that could not be seen makes the answer less telling, never wrong: an identity is missing all the same.
 */
export function otherPlaces<K extends PlaceKind = never>(
  ...needs: readonly K[]
): readonly Exclude<PlaceKind, K>[] {
  const isOther = (kind: PlaceKind): kind is Exclude<PlaceKind, K> => !needs.some((need) => need === kind);
  return places.filter(isOther);
}

/** The annotation by which pods asked kube2iam and kiam for a role: https://github.com/jtblin/kube2iam */
export const kube2iamAnnotation = "iam.amazonaws.com/role";

/** The condition of a rule about a missing identity: none is configured, and the logs show that one is missed. */
export const whenIdentityMissed: Condition<(typeof symptom)[number]> = {
  needs: symptom,
  holds: (evidence, question) => whyNotMissed(evidence, question) ?? true,
};

/** As above, and an SDK found nothing at all, not even the node role: what keeps it from there is worth telling. */
export const whenNothingFound: Condition<(typeof symptom)[number]> = {
  needs: symptom,
  holds: (evidence, question) =>
    whyNotMissed(evidence, question) ??
    (credentialErrors(currentErrors(evidence)).length > 0 || "an SDK did find credentials"),
};

function whyNotMissed(evidence: Evidence, question: Question): string | null {
  if (expectedIdentity(evidence)?.mechanism !== "none") return "the service account has an identity";
  const errors = currentErrors(evidence);
  if (credentialErrors(errors).length + callsWithout(evidence).length === 0) {
    return "nothing in the logs shows that an identity is missed";
  }
  const pods = evidence["k8s.pods"];
  if (pods === undefined || pods.status === "unavailable") return "the pods could not be seen";
  const containers = placesOf(pods, question);
  const bare = containers.some(
    ({ container }) =>
      injectedInto(container).mechanism === "none" &&
      !container.env.some(({ name }) => name === "AWS_ACCESS_KEY_ID"),
  );
  return bare || containers.length === 0 ? null : "the pods carry an identity of their own";
}

/** The calls that were refused to the node role, or to nobody that the log names. */
export function callsWithout(evidence: Evidence): readonly LogErrorGroup[] {
  return deniedCalls(currentErrors(evidence)).filter(
    ({ principalArn, principalKind }) => principalArn === null || principalKind === "node-role",
  );
}

/** What was meant to give a workload its identity, and why it does not. */
export type MisplacedIdentity =
  /** An annotation that says which role, under a name or at a place where the webhook does not look. */
  | {
      readonly slip: "annotation-unread";
      readonly on: "service account" | "pod template";
      readonly key: string;
      readonly value: string;
    }
  | { readonly slip: "kube2iam"; readonly value: string }
  | { readonly slip: "association-for-other-account"; readonly associations: readonly AssociationRef[] }
  | { readonly slip: "annotation-on-other-account"; readonly accounts: readonly ServiceAccountRef[] }
  | { readonly slip: "role-without-annotation"; readonly roles: readonly CandidateRole[] }
  | { readonly slip: "association-in-other-namespace"; readonly associations: readonly AssociationRef[] }
  | {
      readonly slip: "association-in-other-cluster";
      readonly associations: readonly { readonly cluster: string; readonly associationId: string }[];
    };

/**
 * The most telling thing that stands elsewhere than where this workload would find it, as far as the evidence was
 * seen. One is told, so that one missing identity is one finding. Null: nothing was meant for it, or none is missed.
 */
export function misplacedIdentity(evidence: Evidence, question: Question): MisplacedIdentity | null {
  const workload = known(evidence["k8s.workload"]);
  if (workload === null || whyNotMissed(evidence, question) !== null) return null;
  return (
    unreadAnnotation(evidence, workload) ??
    kube2iam(workload) ??
    otherAccount(evidence, workload) ??
    unannotatedRole(evidence, workload) ??
    elsewhere(evidence, workload)
  );
}

function unreadAnnotation(evidence: Evidence, workload: WorkloadFacts): MisplacedIdentity | null {
  const account = known(evidence["k8s.service-account"])?.annotations ?? {};
  const annotated = [
    { on: "service account", annotations: account },
    { on: "pod template", annotations: workload.template.annotations },
  ] as const;
  for (const { on, annotations } of annotated) {
    for (const [key, value] of Object.entries(annotations)) {
      const ofKube2iam = key === kube2iamAnnotation;
      // On a pod, that one is read, only not by the webhook.
      if (ofKube2iam ? on === "service account" : isRoleArn(value.trim())) {
        return { slip: "annotation-unread", on, key, value: value.trim() };
      }
    }
  }
  return null;
}

function kube2iam({ template }: WorkloadFacts): MisplacedIdentity | null {
  const value = template.annotations[kube2iamAnnotation];
  return value === undefined ? null : { slip: "kube2iam", value };
}

function otherAccount(evidence: Evidence, workload: WorkloadFacts): MisplacedIdentity | null {
  const associations = (known(evidence["eks.associations"]) ?? []).filter((one) => isMeantFor(one, workload));
  if (associations.length > 0) return { slip: "association-for-other-account", associations };
  const { namespace } = workload;
  const accounts = (known(evidence["k8s.service-accounts"]) ?? []).filter(
    ({ name, annotations }) =>
      isRoleArn(annotations[roleAnnotation] ?? "") &&
      isMeantFor({ namespace, serviceAccount: name }, workload),
  );
  return accounts.length > 0 ? { slip: "annotation-on-other-account", accounts } : null;
}

function unannotatedRole(evidence: Evidence, workload: WorkloadFacts): MisplacedIdentity | null {
  const cluster = known(evidence["eks.cluster"]);
  if (cluster === null) return null;
  const roles = (known(evidence["iam.irsa-candidates"]) ?? []).filter((role) =>
    names(role, cluster, workload),
  );
  return roles.length > 0 ? { slip: "role-without-annotation", roles } : null;
}

/** Does the trust policy mean this very service account, and not let in whatever the cluster runs? */
function names({ trustPolicy, arn }: CandidateRole, cluster: ClusterFacts, workload: WorkloadFacts): boolean {
  const own = tokenSubject(workload);
  return (
    letsInWebIdentity(trustPolicy, arn, cluster, own) &&
    !letsInWebIdentity(trustPolicy, arn, cluster, `${own}-of-nobody`) &&
    !letsInWebIdentity(trustPolicy, arn, cluster, `system:serviceaccount:${workload.namespace}:of-nobody`)
  );
}

function elsewhere(evidence: Evidence, { namespace, template }: WorkloadFacts): MisplacedIdentity | null {
  const seen = known(evidence["eks.associations-elsewhere"]);
  // Every namespace has a `default`: associations for another's say nothing of this one.
  if (seen === null || template.serviceAccountName === "default") return null;
  const associations = seen.otherNamespaces.filter((one) => one.namespace !== namespace);
  if (associations.length > 0) return { slip: "association-in-other-namespace", associations };
  if (seen.otherClusters.length === 0) return null;
  return { slip: "association-in-other-cluster", associations: seen.otherClusters };
}
