import {
  AddClientIDToOpenIDConnectProviderCommand,
  CreateOpenIDConnectProviderCommand,
  DeleteOpenIDConnectProviderCommand,
  GetOpenIDConnectProviderCommand,
  type IAMClient,
  RemoveClientIDFromOpenIDConnectProviderCommand,
} from "@aws-sdk/client-iam";
import type { ChangeExecutor } from "../../../app/ports.ts";
import { canonical } from "../../../core/json.ts";
import type { ChangeOfKind } from "../../../core/plan.ts";
import { explain } from "../refusal.ts";
import { type SettleOptions, settling } from "./reconcile.ts";

type Create = ChangeOfKind<"iam.oidc-provider.create">;
type Register = ChangeOfKind<"iam.oidc-provider.client-id.add">;

/**
 * Registers a cluster's issuer with IAM. Permissions: iam:GetOpenIDConnectProvider, iam:CreateOpenIDConnectProvider,
 * iam:DeleteOpenIDConnectProvider.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
 */
export function createOidcProviderExecutor(
  iam: IAMClient,
  options: SettleOptions,
): ChangeExecutor<"iam.oidc-provider.create"> {
  async function read({ target }: Create, signal: AbortSignal): Promise<Create["before"]> {
    const clientIds = await clientIdsOf(iam, target.providerArn, signal);
    return clientIds === null ? null : { clientIds };
  }

  return {
    read,

    async apply({ target, after }, abortSignal) {
      const command = new CreateOpenIDConnectProviderCommand({
        Url: target.url,
        ClientIDList: [...(after?.clientIds ?? [])],
      });
      const { OpenIDConnectProviderArn: created } = await iam
        .send(command, { abortSignal })
        .catch(explain("iam:CreateOpenIDConnectProvider"));
      if (created === target.providerArn) return;
      const stray = new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: created });
      await iam.send(stray, { abortSignal }).catch(explain("iam:DeleteOpenIDConnectProvider"));
      throw new Error(
        `the executor works in another account than ${target.providerArn}; nothing was left there`,
      );
    },

    settle: settling(read, options),

    async revert(change, abortSignal) {
      const present = await read(change, abortSignal);
      if (present === null) return;
      if (canonical(present) !== canonical(change.after)) {
        throw new Error("the OIDC provider was changed by somebody else since, so it is left as it is");
      }
      const OpenIDConnectProviderArn = change.target.providerArn;
      await iam
        .send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }), { abortSignal })
        .catch(explain("iam:DeleteOpenIDConnectProvider"));
    },
  };
}

/**
 * Registers one more audience with an OIDC provider. Permissions: iam:GetOpenIDConnectProvider,
 * iam:AddClientIDToOpenIDConnectProvider, iam:RemoveClientIDFromOpenIDConnectProvider.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html
 */
export function createOidcClientExecutor(
  iam: IAMClient,
  options: SettleOptions,
): ChangeExecutor<"iam.oidc-provider.client-id.add"> {
  async function read({ target }: Register, signal: AbortSignal): Promise<Register["before"]> {
    const clientIds = await clientIdsOf(iam, target.providerArn, signal);
    if (clientIds === null) throw new Error(`there is no OIDC provider ${target.providerArn}`);
    return { registered: clientIds.includes(target.clientId) };
  }

  const what = ({ target }: Register) => ({
    OpenIDConnectProviderArn: target.providerArn,
    ClientID: target.clientId,
  });

  return {
    read,

    async apply(change, abortSignal) {
      await iam
        .send(new AddClientIDToOpenIDConnectProviderCommand(what(change)), { abortSignal })
        .catch(explain("iam:AddClientIDToOpenIDConnectProvider"));
    },

    settle: settling(read, options),

    async revert(change, abortSignal) {
      if (!(await read(change, abortSignal)).registered) return;
      await iam
        .send(new RemoveClientIDFromOpenIDConnectProviderCommand(what(change)), { abortSignal })
        .catch(explain("iam:RemoveClientIDFromOpenIDConnectProvider"));
    },
  };
}

/** Sorted; null: there is no such provider. */
async function clientIdsOf(
  iam: IAMClient,
  OpenIDConnectProviderArn: string,
  abortSignal: AbortSignal,
): Promise<readonly string[] | null> {
  const command = new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn });
  const provider = await iam.send(command, { abortSignal }).catch((error: unknown) => {
    if (/^NoSuchEntity/.test((error as Error).name)) return null;
    return explain("iam:GetOpenIDConnectProvider")(error);
  });
  return provider === null ? null : [...(provider.ClientIDList ?? [])].sort();
}
