import { LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import {
  DescribeAddonCommand,
  DescribeClusterCommand,
  DescribeNodegroupCommand,
  DescribePodIdentityAssociationCommand,
  ListClustersCommand,
  ListPodIdentityAssociationsCommand,
} from "@aws-sdk/client-eks";
import {
  GetAccountAuthorizationDetailsCommand,
  GetOpenIDConnectProviderCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListOpenIDConnectProvidersCommand,
  ListPolicyVersionsCommand,
  ListRolePoliciesCommand,
} from "@aws-sdk/client-iam";
import { DecodeAuthorizationMessageCommand } from "@aws-sdk/client-sts";
import type { PermissionCheck } from "../../../app/ports.ts";
import { type AwsClients, callerIdentity } from "../clients.ts";
import { nothing, shortOf, tryOut } from "./verdict.ts";

/**
 * Tries every call that investigations make, on what does not exist where a name is needed: an answer of any kind other
 * than a denial shows the permission. Changes nothing. The permissions are those of deploy/iam/investigator.json.
 */
export async function probePermissions(
  clients: AwsClients,
  clusterName: string,
  signal: AbortSignal,
): Promise<readonly PermissionCheck[]> {
  const { eks, iam, sts, region } = clients;
  let accountId: string;
  try {
    ({ accountId } = await callerIdentity(clients, signal));
  } catch (error) {
    return [{ permission: "sts:GetCallerIdentity", granted: null, detail: shortOf(error) }];
  }
  const options = { abortSignal: signal };
  const role = { RoleName: nothing };
  const policy = { PolicyArn: `arn:aws:iam::${accountId}:policy/${nothing}` };
  const provider = `arn:aws:iam::${accountId}:oidc-provider/${nothing}`;
  const inCluster = { clusterName };
  const probes: Readonly<Record<string, () => Promise<unknown>>> = {
    "eks:DescribeCluster": () => eks.send(new DescribeClusterCommand({ name: clusterName }), options),
    "eks:ListClusters": () => eks.send(new ListClustersCommand({ maxResults: 1 }), options),
    "eks:ListPodIdentityAssociations": () =>
      eks.send(new ListPodIdentityAssociationsCommand({ ...inCluster, maxResults: 1 }), options),
    "eks:DescribePodIdentityAssociation": () =>
      eks.send(
        new DescribePodIdentityAssociationCommand({ ...inCluster, associationId: "a-00000000000000000" }),
        options,
      ),
    "eks:DescribeAddon": () =>
      eks.send(new DescribeAddonCommand({ ...inCluster, addonName: "eks-pod-identity-agent" }), options),
    "eks:DescribeNodegroup": () =>
      eks.send(new DescribeNodegroupCommand({ ...inCluster, nodegroupName: nothing }), options),
    "iam:GetRole": () => iam.send(new GetRoleCommand(role), options),
    "iam:ListAttachedRolePolicies": () => iam.send(new ListAttachedRolePoliciesCommand(role), options),
    "iam:ListRolePolicies": () => iam.send(new ListRolePoliciesCommand(role), options),
    "iam:GetRolePolicy": () => iam.send(new GetRolePolicyCommand({ ...role, PolicyName: nothing }), options),
    "iam:GetPolicy": () => iam.send(new GetPolicyCommand(policy), options),
    "iam:GetPolicyVersion": () =>
      iam.send(new GetPolicyVersionCommand({ ...policy, VersionId: "v1" }), options),
    "iam:ListPolicyVersions": () => iam.send(new ListPolicyVersionsCommand(policy), options),
    "iam:ListOpenIDConnectProviders": () => iam.send(new ListOpenIDConnectProvidersCommand({}), options),
    "iam:GetOpenIDConnectProvider": () =>
      iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: provider }), options),
    "iam:GetAccountAuthorizationDetails": () =>
      iam.send(new GetAccountAuthorizationDetailsCommand({ Filter: ["Role"], MaxItems: 1 }), options),
    "cloudtrail:LookupEvents": () =>
      clients.cloudtrail(region).send(new LookupEventsCommand({ MaxResults: 1 }), options),
    "sts:DecodeAuthorizationMessage": () =>
      sts.send(new DecodeAuthorizationMessageCommand({ EncodedMessage: "none" }), options),
  };
  return await Promise.all(Object.entries(probes).map(([permission, probe]) => tryOut(permission, probe)));
}
