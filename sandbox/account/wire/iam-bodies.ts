import type { JsonValue } from "../../../src/core/json.ts";
import type { Account } from "../account.ts";
import type { ManagedPolicy, Role } from "../model.ts";
import type { XmlValue } from "./query.ts";
import { uriEncoded } from "./signature.ts";

type Body = { readonly [name: string]: XmlValue };

/** What ListRoles gives: no tags, no boundary, no last use. https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html */
export function listedRoleBody(role: Role): Body {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.roleId,
    Arn: role.arn,
    CreateDate: role.createdAt,
    AssumeRolePolicyDocument: encoded(role.trustPolicy),
    Description: role.description,
    MaxSessionDuration: role.maxSessionSeconds,
  };
}

export function roleBody(role: Role): Body {
  return { ...listedRoleBody(role), ...attributesOf(role) };
}

/** A role in GetAccountAuthorizationDetails: with its policies, without its description. */
export function detailBody(role: Role): Body {
  const { Description: _description, MaxSessionDuration: _seconds, ...body } = listedRoleBody(role);
  return {
    ...body,
    ...attributesOf(role),
    InstanceProfileList: [],
    RolePolicyList: role.inline.map(({ name, document }) => ({
      PolicyName: name,
      PolicyDocument: encoded(document),
    })),
    AttachedManagedPolicies: role.attached.map(attachedBody),
  };
}

function attributesOf(role: Role): Body {
  return {
    PermissionsBoundary:
      role.permissionsBoundaryArn === null
        ? null
        : { PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: role.permissionsBoundaryArn },
    Tags: Object.entries(role.tags).map(([Key, Value]) => ({ Key, Value })),
    RoleLastUsed: { LastUsedDate: role.lastUsedAt },
  };
}

export function attachedBody(arn: string): Body {
  return { PolicyName: arn.slice(arn.lastIndexOf("/") + 1), PolicyArn: arn };
}

export function policyBody(account: Account, policy: ManagedPolicy): Body {
  const roles = account.roles();
  return {
    PolicyName: policy.name,
    PolicyId: policy.policyId,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersionId,
    AttachmentCount: roles.filter((role) => role.attached.includes(policy.arn)).length,
    PermissionsBoundaryUsageCount: roles.filter((role) => role.permissionsBoundaryArn === policy.arn).length,
    IsAttachable: true,
    CreateDate: policy.createdAt,
    UpdateDate: policy.versions.at(-1)?.createdAt ?? policy.createdAt,
  };
}

export function versionBody(policy: ManagedPolicy, version: ManagedPolicy["versions"][number]): Body {
  return {
    Document: encoded(version.document),
    VersionId: version.versionId,
    IsDefaultVersion: version.versionId === policy.defaultVersionId,
    CreateDate: version.createdAt,
  };
}

/** IAM answers documents URL-encoded, as RFC 3986 has it. */
export function encoded(document: JsonValue): string {
  return uriEncoded(JSON.stringify(document));
}
