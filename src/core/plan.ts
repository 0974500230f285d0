/**
 * A change is data. `before` is its precondition; swapping `before` and `after` is its undo.
 * State is what one read of the target would show; null: the target is not there.
 */
export interface ChangeOf<K extends string, T, S> {
  readonly kind: K;
  readonly target: T;
  readonly before: S;
  readonly after: S;
}

export interface AssociationTarget {
  readonly cluster: string;
  readonly region: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

export interface RolloutTarget {
  readonly cluster: string;
  readonly kind: "Deployment" | "StatefulSet" | "DaemonSet";
  readonly namespace: string;
  readonly name: string;
}

export type CreateAssociation = ChangeOf<
  "eks.pod-identity-association.create",
  AssociationTarget,
  { readonly roleArn: string } | null
>;

/**
 * State is the pod template's annotation `eksiam/restarted-for`. `after.mark` is unique to the plan, so that
 * a repeated execution sees its own restart as done and somebody else's as none.
 */
export type RestartRollout = ChangeOf<"k8s.rollout.restart", RolloutTarget, { readonly mark: string | null }>;

export type Change = CreateAssociation | RestartRollout;
export type ChangeKind = Change["kind"];
export type ChangeOfKind<K extends ChangeKind> = Extract<Change, { kind: K }>;

/** A step that eksiam does not run by itself, with the exact command where there is one. */
export interface ManualStep {
  readonly title: string;
  readonly command: string | null;
}
