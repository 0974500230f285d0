import type { PlannedChange } from "../diagnosis.ts";
import type { JsonValue } from "../json.ts";
import type { ChangeOfKind } from "../plan.ts";
import { shellWord as quote } from "../shell.ts";

export function describeAssociation(
  change: ChangeOfKind<"eks.pod-identity-association.create">,
): PlannedChange {
  const { cluster, region, namespace, serviceAccount } = change.target;
  const roleArn = change.after?.roleArn ?? "";
  const where = `--cluster-name ${quote(cluster)} --region ${quote(region)}`;
  const who = `--namespace ${quote(namespace)} --service-account ${quote(serviceAccount)}`;
  const id = `"$(aws eks list-pod-identity-associations ${where} ${who} --query 'associations[0].associationId' --output text)"`;
  return {
    change,
    target: `${cluster}/${namespace}/${serviceAccount}`,
    preview: `Create a Pod Identity association in cluster ${cluster}: service account ${namespace}/${serviceAccount} gets the role ${roleArn}.`,
    command: `aws eks create-pod-identity-association ${where} ${who} --role-arn ${quote(roleArn)}`,
    undo: `aws eks delete-pod-identity-association ${where} --association-id ${id}`,
  };
}

export function describeAssociationUpdate(
  change: ChangeOfKind<"eks.pod-identity-association.update">,
): PlannedChange {
  const { cluster, region, namespace, serviceAccount, associationId } = change.target;
  const tags = change.after?.disableSessionTags === true ? "without session tags" : "with session tags";
  const command = (state: typeof change.after) =>
    `aws eks update-pod-identity-association --cluster-name ${quote(cluster)} --region ${quote(region)} --association-id ${quote(associationId)} --role-arn ${quote(state?.roleArn ?? "")} --${state?.disableSessionTags === true ? "" : "no-"}disable-session-tags`;
  return {
    change,
    target: `${cluster}/${namespace}/${serviceAccount}`,
    preview: `Change the Pod Identity association ${associationId} of service account ${namespace}/${serviceAccount} in cluster ${cluster}: role ${change.after?.roleArn ?? ""}, ${tags}.`,
    command: command(change.after),
    undo: command(change.before),
  };
}

export function describeAddon(change: ChangeOfKind<"eks.addon.create">): PlannedChange {
  const { cluster, region, name } = change.target;
  const version = change.after?.version ?? null;
  const where = `--cluster-name ${quote(cluster)} --region ${quote(region)} --addon-name ${quote(name)}`;
  return {
    change,
    target: `${cluster}/${name}`,
    preview: `Install the EKS add-on ${name} in cluster ${cluster}, ${version === null ? "in the version that EKS takes by default" : `version ${version}`}.`,
    command: `aws eks create-addon ${where}${version === null ? "" : ` --addon-version ${quote(version)}`}`,
    undo: `aws eks delete-addon ${where}`,
  };
}

export function describeTrust(change: ChangeOfKind<"iam.role.trust-policy">): PlannedChange {
  const { roleArn, roleName } = change.target;
  const command = (document: JsonValue) =>
    `aws iam update-assume-role-policy --role-name ${quote(roleName)} --policy-document ${quote(JSON.stringify(document))}`;
  return {
    change,
    target: roleArn,
    preview: `Change the trust policy of role ${roleName}: what is in it stays, but for what keeps these pods out.`,
    command: command(change.after.document),
    undo: command(change.before.document),
  };
}

export function describeAttachment(change: ChangeOfKind<"iam.role.attach-policy">): PlannedChange {
  const { roleArn, roleName, policyArn } = change.target;
  const what = `--role-name ${quote(roleName)} --policy-arn ${quote(policyArn)}`;
  return {
    change,
    target: roleArn,
    preview: `Attach the policy ${policyArn} to role ${roleName}.`,
    command: `aws iam attach-role-policy ${what}`,
    undo: `aws iam detach-role-policy ${what}`,
  };
}

export function describeProvider(change: ChangeOfKind<"iam.oidc-provider.create">): PlannedChange {
  const { providerArn, url } = change.target;
  const clients = change.after?.clientIds ?? [];
  return {
    change,
    target: providerArn,
    preview: `Register the issuer ${url} with IAM as an OIDC provider for the audience ${clients.join(", ")}.`,
    command: `aws iam create-open-id-connect-provider --url ${quote(url)} --client-id-list ${clients.map(quote).join(" ")}`,
    undo: `aws iam delete-open-id-connect-provider --open-id-connect-provider-arn ${quote(providerArn)}`,
  };
}

export function describeClient(change: ChangeOfKind<"iam.oidc-provider.client-id.add">): PlannedChange {
  const { providerArn, clientId } = change.target;
  const what = `--open-id-connect-provider-arn ${quote(providerArn)} --client-id ${quote(clientId)}`;
  return {
    change,
    target: providerArn,
    preview: `Register the audience ${clientId} with the OIDC provider ${providerArn}.`,
    command: `aws iam add-client-id-to-open-id-connect-provider ${what}`,
    undo: `aws iam remove-client-id-from-open-id-connect-provider ${what}`,
  };
}
