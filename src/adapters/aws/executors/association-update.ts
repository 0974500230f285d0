import {
  DescribePodIdentityAssociationCommand,
  type EKSClient,
  UpdatePodIdentityAssociationCommand,
} from "@aws-sdk/client-eks";
import type { ChangeExecutor } from "../../../app/ports.ts";
import type { ChangeOfKind } from "../../../core/plan.ts";
import { explain } from "../refusal.ts";
import { reverting, type SettleOptions, settling } from "./reconcile.ts";

type Update = ChangeOfKind<"eks.pod-identity-association.update">;

/**
 * Changes the role of a Pod Identity association, or whether its sessions carry tags. Permissions:
 * eks:DescribePodIdentityAssociation, eks:UpdatePodIdentityAssociation, iam:GetRole and iam:PassRole on the role.
 * https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdatePodIdentityAssociation.html
 */
export function createAssociationUpdateExecutor(
  eks: EKSClient,
  options: SettleOptions,
): ChangeExecutor<"eks.pod-identity-association.update"> {
  async function read({ target }: Update, abortSignal: AbortSignal): Promise<Update["before"]> {
    const { cluster: clusterName, associationId, namespace, serviceAccount } = target;
    const command = new DescribePodIdentityAssociationCommand({ clusterName, associationId });
    const described = await eks.send(command, { abortSignal }).catch((error: unknown) => {
      if ((error as Error).name === "ResourceNotFoundException") return null;
      return explain("eks:DescribePodIdentityAssociation")(error);
    });
    const association = described?.association;
    if (association === undefined) return null;
    // An id that means another service account than people approved is no target of this change.
    if (association.namespace !== namespace || association.serviceAccount !== serviceAccount) return null;
    return {
      roleArn: association.roleArn ?? "",
      disableSessionTags: association.disableSessionTags ?? false,
    };
  }

  async function write({ target }: Update, state: Update["before"], abortSignal: AbortSignal): Promise<void> {
    if (state === null) throw new Error("an association that was not there cannot be put back by an update");
    const { cluster: clusterName, associationId } = target;
    const command = new UpdatePodIdentityAssociationCommand({ clusterName, associationId, ...state });
    await eks.send(command, { abortSignal }).catch(explain("eks:UpdatePodIdentityAssociation"));
  }

  return {
    read,
    apply: (change, signal) => write(change, change.after, signal),

    settle: settling(read, options),
    revert: reverting("the association", read, write),
  };
}
