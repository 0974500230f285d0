import {
  describeAddon,
  describeAssociation,
  describeAssociationUpdate,
  describeAttachment,
  describeClient,
  describeProvider,
  describeTrust,
} from "./describe/aws.ts";
import {
  describeAnnotation,
  describeEnv,
  describeFsGroup,
  describeMetadata,
  describePod,
  describeRestart,
  describeServiceAccount,
} from "./describe/kubernetes.ts";
import type { PlannedChange } from "./diagnosis.ts";
import { type Change, replacesPods } from "./plan.ts";

/** What a change will do, for people: target, sentence, the exact command and the command that takes it back. */
export function describeChange(change: Change): PlannedChange {
  switch (change.kind) {
    case "eks.pod-identity-association.create":
      return describeAssociation(change);
    case "eks.pod-identity-association.update":
      return describeAssociationUpdate(change);
    case "eks.addon.create":
      return describeAddon(change);
    case "k8s.service-account.annotate":
      return describeAnnotation(change);
    case "k8s.workload.service-account":
      return describeServiceAccount(change);
    case "k8s.workload.env":
      return describeEnv(change);
    case "k8s.workload.fs-group":
      return describeFsGroup(change);
    case "k8s.workload.template-metadata":
      return describeMetadata(change);
    case "k8s.pod.delete":
      return describePod(change);
    case "iam.role.trust-policy":
      return describeTrust(change);
    case "iam.role.attach-policy":
      return describeAttachment(change);
    case "iam.oidc-provider.create":
      return describeProvider(change);
    case "iam.oidc-provider.client-id.add":
      return describeClient(change);
    case "k8s.rollout.restart":
      return describeRestart(change);
  }
}

/**
 * The commands that take changes back, in the order in which they must run: last change first, but what replaces pods
 * after everything else, because pods keep what was true when they were created.
 */
export function undoCommands(changes: readonly Change[]): readonly string[] {
  const back = changes.toReversed();
  return [...back.filter((change) => !replacesPods(change)), ...back.filter(replacesPods)].map(
    (change) => describeChange(change).undo,
  );
}
