import {
  CreateAddonCommand,
  DeleteAddonCommand,
  DescribeAddonCommand,
  type EKSClient,
} from "@aws-sdk/client-eks";
import type { ChangeExecutor } from "../../../app/ports.ts";
import type { ChangeOfKind } from "../../../core/plan.ts";
import { explain } from "../refusal.ts";

type Create = ChangeOfKind<"eks.addon.create">;

export interface AddonExecutorOptions {
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

const pauseMs = 5_000;

/**
 * Installs an EKS add-on and waits until it is active. Permissions: eks:DescribeAddon, eks:CreateAddon,
 * eks:DeleteAddon. https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAddon.html
 */
export function createAddonExecutor(
  eks: EKSClient,
  { sleep }: AddonExecutorOptions,
): ChangeExecutor<"eks.addon.create"> {
  async function find({ target }: Create, abortSignal: AbortSignal) {
    const command = new DescribeAddonCommand({ clusterName: target.cluster, addonName: target.name });
    const described = await eks.send(command, { abortSignal }).catch((error: unknown) => {
      if ((error as Error).name === "ResourceNotFoundException") return null;
      return explain("eks:DescribeAddon")(error);
    });
    return described?.addon ?? null;
  }

  async function read(change: Create, signal: AbortSignal): Promise<Create["before"]> {
    const addon = await find(change, signal);
    if (addon === null) return null;
    // Whoever asks for no version takes the one that is there.
    return { version: change.after?.version == null ? null : (addon.addonVersion ?? null) };
  }

  return {
    read,

    async apply(change, abortSignal) {
      const { cluster: clusterName, name: addonName } = change.target;
      const addonVersion = change.after?.version ?? undefined;
      const command = new CreateAddonCommand({
        clusterName,
        addonName,
        ...(addonVersion === undefined ? {} : { addonVersion }),
      });
      await eks.send(command, { abortSignal }).catch(explain("eks:CreateAddon"));
    },

    async settle(change, signal) {
      for (;;) {
        const addon = await find(change, signal);
        if (addon === null) throw new Error(`the add-on ${change.target.name} is gone again`);
        if (addon.status === "ACTIVE") return;
        if (addon.status === "CREATE_FAILED" || addon.status === "DEGRADED") {
          const [issue] = addon.health?.issues ?? [];
          const why = issue === undefined ? "" : `: ${issue.code ?? ""} ${issue.message ?? ""}`;
          throw new Error(`the add-on ${change.target.name} is ${addon.status}${why}`);
        }
        await sleep(pauseMs, signal);
      }
    },

    async revert(change, abortSignal) {
      if ((await read(change, abortSignal)) === null) return;
      const { cluster: clusterName, name: addonName } = change.target;
      const command = new DeleteAddonCommand({ clusterName, addonName });
      await eks.send(command, { abortSignal }).catch(explain("eks:DeleteAddon"));
    },
  };
}
