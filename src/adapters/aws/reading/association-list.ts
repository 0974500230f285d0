import { ListPodIdentityAssociationsCommand } from "@aws-sdk/client-eks";
import { z } from "zod";
import type { AssociationRef } from "../../../core/evidence.ts";
import type { AwsClients } from "../clients.ts";
import { call } from "../outcome.ts";
import { unread } from "./iam-answers.ts";

const listSchema = z.object({
  associations: z.array(
    z.object({ associationId: z.string(), namespace: z.string(), serviceAccount: z.string() }),
  ),
  nextToken: z.string().nullish(),
});

const permission = "eks:ListPodIdentityAssociations";
const maxPages = 60;

/**
 * The associations of a cluster, all or those of one namespace. Permission: eks:ListPodIdentityAssociations.
 * @throws CallFailure where they could not be read, also where the cluster itself does not exist.
 */
export async function listAssociations(
  { eks, region }: AwsClients,
  asked: { readonly cluster: string; readonly namespace: string | null },
  signal: AbortSignal,
): Promise<readonly AssociationRef[]> {
  const associations: AssociationRef[] = [];
  let nextToken: string | null | undefined;
  for (let page = 0; page < maxPages; page++) {
    const command = new ListPodIdentityAssociationsCommand({
      clusterName: asked.cluster,
      ...(asked.namespace === null ? {} : { namespace: asked.namespace }),
      ...(nextToken ? { nextToken } : {}),
    });
    const answer = await call(
      permission,
      () => eks.send(command, { abortSignal: signal }),
      listSchema,
      signal,
    );
    // Only the cluster itself can be missing here, and nothing is known of what does not exist.
    if (answer === null) {
      const why = `there is no cluster ${asked.cluster} in ${region}: check its name, Region and account`;
      throw unread(permission, why);
    }
    associations.push(...answer.associations);
    nextToken = answer.nextToken;
    if (!nextToken) return associations;
  }
  throw unread(permission, `more than ${maxPages} pages`);
}
