import { z } from "zod";
import { parsePolicy } from "../../../src/core/iam/policy.ts";
import type { ServedAccount } from "../create-account.ts";
import type { PodIdentityAssociation, Role } from "../model.ts";
import { arnOf, clusterOf, epoch, invalidParameter, notFound, pageFor } from "./eks-call.ts";
import { AwsError, authorize, type Call } from "./service.ts";

const podIdentityService = "pods.eks.amazonaws.com";

const changes = {
  targetRoleArn: z.string().optional(),
  disableSessionTags: z.boolean().optional(),
  policy: z.string().optional(),
};
const createSchema = z.object({
  namespace: z.string().min(1),
  serviceAccount: z.string().min(1),
  roleArn: z.string().min(1),
  tags: z.record(z.string(), z.string()).optional(),
  clientRequestToken: z.string().optional(),
  ...changes,
});
const updateSchema = z.object({ roleArn: z.string().min(1).optional(), ...changes });

type Values = readonly string[];

/** https://docs.aws.amazon.com/eks/latest/APIReference/API_ListPodIdentityAssociations.html */
export function listAssociations(call: Call, [name = ""]: Values) {
  clusterOf(call, name);
  const query = call.request.url.searchParams;
  const wanted = (key: string, value: string) => query.get(key) === null || query.get(key) === value;
  const all = call.account
    .associations(name)
    .filter((one) => wanted("namespace", one.namespace) && wanted("serviceAccount", one.serviceAccount));
  const { items, nextToken } = pageFor(call, all);
  return {
    associations: items.map((one) => ({
      clusterName: one.cluster,
      namespace: one.namespace,
      serviceAccount: one.serviceAccount,
      associationArn: one.associationArn,
      associationId: one.associationId,
      ...(one.ownerArn === null ? {} : { ownerArn: one.ownerArn }),
    })),
    nextToken,
  };
}

/** https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html */
export function createAssociation(call: Call, [name = ""]: Values) {
  clusterOf(call, name);
  const given = bodyOf(call, createSchema);
  const { targetRoleArn, disableSessionTags, policy, tags, clientRequestToken, ...rest } = given;
  const repeated = createdBy(call, name, clientRequestToken);
  if (repeated !== undefined) return { association: associationBody(repeated) };
  checkRole(call, given.roleArn);
  checkSessionPolicy(given.policy, given.disableSessionTags ?? false);
  const twin = call.account
    .associations(name)
    .find((one) => one.namespace === given.namespace && one.serviceAccount === given.serviceAccount);
  if (twin !== undefined) {
    throw new AwsError(409, "ResourceInUseException", `Association already exists: ${twin.associationId}`, {
      clusterName: name,
    });
  }
  const association = call.account.addAssociation({
    cluster: name,
    ...rest,
    ...(tags === undefined ? {} : { tags }),
    ...(targetRoleArn === undefined ? {} : { targetRoleArn }),
    ...(disableSessionTags === undefined ? {} : { disableSessionTags }),
    ...(policy === undefined ? {} : { policy }),
  });
  if (clientRequestToken !== undefined) tokensOf(call).set(clientRequestToken, association.associationId);
  return { association: associationBody(association) };
}

const tokens = new WeakMap<ServedAccount, Map<string, string>>();

/** Client request tokens and the associations that they made: a request sent twice makes one. */
function tokensOf({ account }: Call): Map<string, string> {
  const known = tokens.get(account) ?? new Map<string, string>();
  tokens.set(account, known);
  return known;
}

function createdBy(
  call: Call,
  cluster: string,
  token: string | undefined,
): PodIdentityAssociation | undefined {
  const id = token === undefined ? undefined : tokensOf(call).get(token);
  return call.account.associations(cluster).find((one) => one.associationId === id);
}

export function describeAssociation(call: Call, [cluster = "", id = ""]: Values) {
  return { association: associationBody(associationOf(call, cluster, id)) };
}

/** https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdatePodIdentityAssociation.html */
export function updateAssociation(call: Call, [cluster = "", id = ""]: Values) {
  const before = associationOf(call, cluster, id);
  const { roleArn, targetRoleArn, disableSessionTags, policy } = bodyOf(call, updateSchema);
  if (roleArn !== undefined) checkRole(call, roleArn);
  checkSessionPolicy(policy ?? before.policy ?? undefined, disableSessionTags ?? before.disableSessionTags);
  const association = call.account.updateAssociation(id, {
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(targetRoleArn === undefined ? {} : { targetRoleArn }),
    ...(disableSessionTags === undefined ? {} : { disableSessionTags }),
    ...(policy === undefined ? {} : { policy }),
  });
  return { association: associationBody(association) };
}

export function deleteAssociation(call: Call, [cluster = "", id = ""]: Values) {
  associationOf(call, cluster, id);
  return { association: associationBody(call.account.removeAssociation(id)) };
}

function associationOf(call: Call, cluster: string, id: string): PodIdentityAssociation {
  authorize(call, `eks:${call.operation}`, arnOf(call, `podidentityassociation/${cluster}/${id}`));
  if (id.length !== 19) throw invalidParameter("The parameter associationId should be 19 characters long.");
  const association = call.account.associations(cluster).find((one) => one.associationId === id);
  if (association === undefined) {
    throw notFound(`No association found with associationId: ${id}`, { clusterName: cluster });
  }
  return association;
}

/** The caller must be allowed to hand the role over, and the role must be one that EKS could assume. */
function checkRole(call: Call, roleArn: string): void {
  if (roleArn.split(":")[4] !== call.account.accountId) {
    throw invalidParameter("The role must be from the same account as the cluster.");
  }
  const context = { "iam:PassedToService": [podIdentityService] };
  authorize(call, "iam:PassRole", roleArn, { context });
  authorize(call, "iam:GetRole", roleArn);
  const role = call.account.role(roleArn);
  if (role === undefined) throw invalidParameter("Role provided in the request does not exist.");
  if (!namesPodIdentity(role)) throw invalidParameter("Trust policy of the role provided is invalid.");
}

/** Is the service named at all? Conditions are met, or not, only when a pod asks. */
function namesPodIdentity(role: Role): boolean {
  const trust = parsePolicy(role.trustPolicy, "trust");
  if (!trust.ok) return false;
  return trust.value.statements.some(
    ({ effect, principals }) =>
      effect === "Allow" &&
      (principals?.patterns ?? []).some(
        ({ type, value }) => type === "*" || (type === "Service" && value === podIdentityService),
      ),
  );
}

function checkSessionPolicy(policy: string | undefined, disableSessionTags: boolean): void {
  if (policy === undefined || policy === "") return;
  if (!disableSessionTags) {
    throw invalidParameter("Session tags must be disabled when a policy is specified.");
  }
  if (!isPolicy(policy)) throw invalidParameter("The policy is not a valid IAM policy document.");
}

function isPolicy(text: string): boolean {
  try {
    return parsePolicy(JSON.parse(text), "identity").ok;
  } catch {
    return false;
  }
}

function bodyOf<T>({ request }: Call, schema: z.ZodType<T>): T {
  let body: unknown;
  try {
    body = JSON.parse(request.body === "" ? "{}" : request.body);
  } catch {
    throw new AwsError(400, "InvalidRequestException", "The body is not JSON.");
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw invalidParameter(
    `The parameter ${parsed.error.issues[0]?.path.join(".") ?? ""} is missing or not valid.`,
  );
}

function associationBody(one: PodIdentityAssociation) {
  return {
    clusterName: one.cluster,
    namespace: one.namespace,
    serviceAccount: one.serviceAccount,
    roleArn: one.roleArn,
    associationArn: one.associationArn,
    associationId: one.associationId,
    tags: one.tags,
    createdAt: epoch(one.createdAt),
    modifiedAt: epoch(one.modifiedAt),
    disableSessionTags: one.disableSessionTags,
    ...(one.ownerArn === null ? {} : { ownerArn: one.ownerArn }),
    ...(one.targetRoleArn === null ? {} : { targetRoleArn: one.targetRoleArn }),
    ...(one.externalId === null ? {} : { externalId: one.externalId }),
    ...(one.policy === null ? {} : { policy: one.policy }),
  };
}
