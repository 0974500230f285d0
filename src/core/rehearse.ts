import type { EvidenceBundle } from "./evidence.ts";
import type { Change } from "./plan.ts";
import {
  associated,
  attached,
  clientRegistered,
  installed,
  providerCreated,
  reassociated,
  trusting,
} from "./rehearse/aws.ts";
import {
  annotated,
  restarted,
  underServiceAccount,
  withFsGroup,
  withTemplateMetadata,
  withVariables,
} from "./rehearse/kubernetes.ts";
import { later, withEvidence } from "./rehearse/observed.ts";
import { replacedPod } from "./rehearse/pods.ts";

/**
 * The evidence as it will be once the change is made: so that a test can prove that a fix closes its own finding,
 * and a plan is never offered that would not help. Applies what AWS and Kubernetes would do, nothing more.
 */
export function rehearse(change: Change, bundle: EvidenceBundle): EvidenceBundle {
  const after = later(bundle);
  switch (change.kind) {
    case "eks.pod-identity-association.create":
      return withEvidence(bundle, associated(change, bundle));
    case "eks.pod-identity-association.update":
      return withEvidence(bundle, reassociated(change, bundle));
    case "eks.addon.create":
      return withEvidence(bundle, installed(change, bundle));
    case "k8s.service-account.annotate":
      return withEvidence(bundle, annotated(change, bundle));
    case "iam.role.trust-policy":
      return withEvidence(bundle, trusting(change, bundle));
    case "iam.role.attach-policy":
      return withEvidence(bundle, attached(change, bundle));
    case "iam.oidc-provider.create":
      return withEvidence(bundle, providerCreated(change, bundle));
    case "iam.oidc-provider.client-id.add":
      return withEvidence(bundle, clientRegistered(change, bundle));
    case "k8s.workload.service-account":
      return withEvidence(after, underServiceAccount(change, after));
    case "k8s.workload.env":
      return withEvidence(after, withVariables(change, after));
    case "k8s.workload.fs-group":
      return withEvidence(after, withFsGroup(change, after));
    case "k8s.workload.template-metadata":
      return withEvidence(after, withTemplateMetadata(change, after));
    case "k8s.pod.delete":
      return withEvidence(after, replacedPod(after, change.before?.uid ?? ""));
    case "k8s.rollout.restart":
      return withEvidence(after, restarted(change, after));
  }
}
