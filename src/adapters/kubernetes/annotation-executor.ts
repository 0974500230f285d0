import type { ChangeExecutor } from "../../app/ports.ts";
import type { ChangeOfKind } from "../../core/plan.ts";
import type { KubernetesClient } from "./client.ts";
import { resources } from "./resources.ts";
import { valueOrThrow } from "./rollouts.ts";
import { type ServiceAccount, serviceAccountSchema } from "./schemas.ts";

type Annotate = ChangeOfKind<"k8s.service-account.annotate">;

/** The only annotations that are ever written: https://github.com/aws/amazon-eks-pod-identity-webhook */
const ownKeys = "eks.amazonaws.com/";

/**
 * Annotates a ServiceAccount. Permissions: `get` and `patch` of serviceaccounts. The webhook's cache knows the new
 * value at once; running pods keep what they have.
 */
export function createAnnotationExecutor(
  client: KubernetesClient,
): ChangeExecutor<"k8s.service-account.annotate"> {
  async function load({ target }: Annotate, signal: AbortSignal): Promise<ServiceAccount> {
    const { namespace, name, annotation } = target;
    if (!annotation.startsWith(ownKeys)) {
      throw new Error(`the executor writes annotations of ${ownKeys} only, not ${annotation}`);
    }
    const { serviceAccounts } = resources;
    const outcome = await client.get(serviceAccounts, namespace, name, serviceAccountSchema, signal);
    return valueOrThrow(outcome, `ServiceAccount ${namespace}/${name} could not be read`);
  }

  const valueIn = ({ metadata }: ServiceAccount, { target }: Annotate) =>
    metadata.annotations[target.annotation] ?? null;

  /** Patches the version that was looked at: anything else is told as a conflict. */
  async function write(change: Annotate, from: string | null, to: string | null, signal: AbortSignal) {
    const account = await load(change, signal);
    const { namespace, name, annotation } = change.target;
    const present = valueIn(account, change);
    if (present === to) return;
    if (present !== from) {
      throw new Error(`the annotation of ServiceAccount ${namespace}/${name} was changed in the meantime`);
    }
    const { resourceVersion } = account.metadata;
    const body = { metadata: { resourceVersion, annotations: { [annotation]: to } } };
    const { serviceAccounts } = resources;
    const outcome = await client.patch(serviceAccounts, namespace, name, body, serviceAccountSchema, signal);
    valueOrThrow(outcome, `ServiceAccount ${namespace}/${name} could not be annotated`);
  }

  return {
    read: async (change, signal) => ({ value: valueIn(await load(change, signal), change) }),
    apply: (change, signal) => write(change, change.before.value, change.after.value, signal),
    settle: async () => {},
    revert: (change, signal) => write(change, change.after.value, change.before.value, signal),
  };
}
