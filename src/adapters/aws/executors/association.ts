import { createHash } from "node:crypto";
import {
  CreatePodIdentityAssociationCommand,
  DeletePodIdentityAssociationCommand,
  DescribePodIdentityAssociationCommand,
  type EKSClient,
  ListPodIdentityAssociationsCommand,
} from "@aws-sdk/client-eks";
import type { ChangeExecutor } from "../../../app/ports.ts";
import { canonical } from "../../../core/json.ts";
import type { ChangeOfKind } from "../../../core/plan.ts";
import { explain } from "../refusal.ts";
import type { SettleOptions } from "./reconcile.ts";

type Create = ChangeOfKind<"eks.pod-identity-association.create">;

/**
 * Creates a Pod Identity association. Permissions: eks:ListPodIdentityAssociations,
 * eks:DescribePodIdentityAssociation, eks:CreatePodIdentityAssociation, eks:DeletePodIdentityAssociation,
 * iam:GetRole and iam:PassRole on the role.
 * https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html
 */
export function createAssociationExecutor(
  eks: EKSClient,
  { settleMs, sleep }: SettleOptions,
): ChangeExecutor<"eks.pod-identity-association.create"> {
  async function find({ target }: Create, abortSignal: AbortSignal) {
    const { cluster: clusterName, namespace, serviceAccount } = target;
    const command = new ListPodIdentityAssociationsCommand({ clusterName, namespace, serviceAccount });
    const listed = await eks.send(command, { abortSignal }).catch(explain("eks:ListPodIdentityAssociations"));
    const associationId = listed.associations?.[0]?.associationId;
    if (associationId === undefined) return null;
    const describe = new DescribePodIdentityAssociationCommand({ clusterName, associationId });
    const described = await eks
      .send(describe, { abortSignal })
      .catch(explain("eks:DescribePodIdentityAssociation"));
    const { roleArn = "", targetRoleArn, policy, disableSessionTags, ownerArn } = described.association ?? {};
    // What eksiam creates has none of these: with one of them it is somebody's who changed it or made it.
    const plain = !targetRoleArn && !policy && !disableSessionTags && !ownerArn;
    return { associationId, roleArn, plain };
  }

  return {
    async read(change, signal) {
      const present = await find(change, signal);
      return present === null ? null : { roleArn: present.roleArn };
    },

    async apply(change, abortSignal) {
      const { cluster: clusterName, namespace, serviceAccount } = change.target;
      const roleArn = change.after?.roleArn ?? "";
      const command = new CreatePodIdentityAssociationCommand({
        clusterName,
        namespace,
        serviceAccount,
        roleArn,
        // The same change asked for twice is one association.
        clientRequestToken: createHash("sha256").update(canonical(change)).digest("hex").slice(0, 64),
      });
      try {
        await eks.send(command, { abortSignal });
      } catch (error) {
        // Somebody was quicker: what is there now decides.
        if ((error as Error).name === "ResourceInUseException") {
          const present = await find(change, abortSignal);
          if (present?.roleArn === roleArn) return;
          throw new Error(`an association of ${namespace}/${serviceAccount} with another role exists by now`);
        }
        explain("eks:CreatePodIdentityAssociation")(error);
      }
    },

    async settle(change, signal) {
      const wanted = change.after?.roleArn;
      for (;;) {
        if ((await find(change, signal))?.roleArn === wanted) break;
        await sleep(1_000, signal);
      }
      await sleep(settleMs, signal);
    },

    async revert(change, abortSignal) {
      const present = await find(change, abortSignal);
      if (present === null) return;
      if (present.roleArn !== change.after?.roleArn || !present.plain) {
        throw new Error("the association was changed by somebody else since, so it is left as it is");
      }
      const { cluster: clusterName } = change.target;
      const command = new DeletePodIdentityAssociationCommand({
        clusterName,
        associationId: present.associationId,
      });
      await eks.send(command, { abortSignal }).catch(explain("eks:DeletePodIdentityAssociation"));
    },
  };
}
