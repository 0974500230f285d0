import type { JsonValue } from "../../../src/core/json.ts";
import type { ManagedPolicy, Role } from "../model.ts";
import { queryAnswer, queryError, type XmlValue } from "./query.ts";
import { AwsError, authorize, type Call, pageOf, type Service } from "./service.ts";

const namespace = "https://iam.amazonaws.com/doc/2010-05-08/";

/** IAM in AWS Query: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html */
export const iam: Service = {
  contentType: "text/xml",
  unknownKeyCode: "InvalidClientTokenId",
  operationOf: ({ body }) => new URLSearchParams(body).get("Action") ?? "Unknown",
  answer(call) {
    const run = operations[call.operation];
    if (run === undefined)
      throw new AwsError(400, "InvalidAction", `Could not find operation ${call.operation}`);
    return queryAnswer(
      call.operation,
      namespace,
      run(call, new URLSearchParams(call.request.body)),
      call.requestId,
    );
  },
  refuse: (error, requestId) => queryError(asIamError(error), namespace, requestId),
};

/** IAM names its throttling in its own way. */
function asIamError(error: AwsError): AwsError {
  return error.code === "ThrottlingException" ? new AwsError(400, "Throttling", error.message) : error;
}

type Operation = (call: Call, parameters: URLSearchParams) => XmlValue;

const operations: Readonly<Record<string, Operation>> = {
  GetRole: (call, parameters) => ({ Role: roleBody(roleFor(call, parameters, "GetRole")) }),
  ListRoles(call, parameters) {
    authorize(call, "iam:ListRoles", arnOf(call, "role/"));
    const { items, ...page } = paged(call.account.roles(), parameters);
    return { Roles: items.map(roleBody), ...page };
  },
  ListAttachedRolePolicies(call, parameters) {
    const role = roleFor(call, parameters, "ListAttachedRolePolicies");
    const { items, ...page } = paged(role.attached, parameters);
    return { AttachedPolicies: items.map(attachedBody), ...page };
  },
  ListRolePolicies(call, parameters) {
    const role = roleFor(call, parameters, "ListRolePolicies");
    const { items, ...page } = paged(role.inline, parameters);
    return { PolicyNames: items.map((policy) => policy.name), ...page };
  },
  GetRolePolicy(call, parameters) {
    const role = roleFor(call, parameters, "GetRolePolicy");
    const name = parameters.get("PolicyName") ?? "";
    const policy = role.inline.find((one) => one.name === name);
    if (policy === undefined) throw missing(`The role policy with name ${name} cannot be found.`);
    return { RoleName: role.name, PolicyName: name, PolicyDocument: encoded(policy.document) };
  },
  GetPolicy: (call, parameters) => ({ Policy: policyBody(call, policyFor(call, parameters, "GetPolicy")) }),
  GetPolicyVersion(call, parameters) {
    const policy = policyFor(call, parameters, "GetPolicyVersion");
    const id = parameters.get("VersionId") ?? "";
    const version = policy.versions.find((one) => one.versionId === id);
    if (version === undefined)
      throw missing(`Policy ${policy.arn} version ${id} does not exist or is not attachable.`);
    return { PolicyVersion: versionBody(policy, version) };
  },
  GetAccountAuthorizationDetails(call, parameters) {
    authorize(call, "iam:GetAccountAuthorizationDetails", "*");
    const filters = [...parameters]
      .filter(([key]) => key.startsWith("Filter.member."))
      .map(([, value]) => value);
    const asked = (filter: string) => filters.length === 0 || filters.includes(filter);
    const roles = asked("Role") ? call.account.roles() : [];
    const policies = call.account
      .policies()
      .filter((policy) => asked(policy.arn.includes("::aws:") ? "AWSManagedPolicy" : "LocalManagedPolicy"));
    const { items, ...page } = paged([...roles, ...policies], parameters);
    return {
      RoleDetailList: items.flatMap((one) => ("trustPolicy" in one ? [roleDetail(one)] : [])),
      Policies: items.flatMap((one) =>
        "versions" in one
          ? [
              {
                ...policyBody(call, one),
                PolicyVersionList: one.versions.map((version) => versionBody(one, version)),
              },
            ]
          : [],
      ),
      ...page,
    };
  },
  ListOpenIDConnectProviders(call) {
    authorize(call, "iam:ListOpenIDConnectProviders", "*");
    return {
      OpenIDConnectProviderList: call.account.oidcProviders().map((provider) => ({ Arn: provider.arn })),
    };
  },
  GetOpenIDConnectProvider(call, parameters) {
    const arn = parameters.get("OpenIDConnectProviderArn") ?? "";
    authorize(call, "iam:GetOpenIDConnectProvider", arn);
    const provider = call.account.oidcProviders().find((one) => one.arn === arn);
    if (provider === undefined) throw missing(`OpenIDConnect Provider not found for arn ${arn}`);
    return {
      Url: provider.issuer.replace(/^https:\/\//, ""),
      ClientIDList: provider.clientIds,
      ThumbprintList: [],
      CreateDate: provider.createdAt,
    };
  },
};

function arnOf({ account }: Call, resource: string): string {
  return `arn:aws:iam::${account.accountId}:${resource}`;
}

function roleFor(call: Call, parameters: URLSearchParams, operation: string): Role {
  const name = parameters.get("RoleName") ?? "";
  const role = call.account.role(name);
  authorize(call, `iam:${operation}`, role?.arn ?? arnOf(call, `role/${name}`));
  if (role === undefined) throw missing(`The role with name ${name} cannot be found.`);
  return role;
}

function policyFor(call: Call, parameters: URLSearchParams, operation: string): ManagedPolicy {
  const arn = parameters.get("PolicyArn") ?? "";
  authorize(call, `iam:${operation}`, arn);
  const policy = call.account.policy(arn);
  if (policy === undefined) throw missing(`Policy ${arn} was not found.`);
  return policy;
}

function missing(message: string): AwsError {
  return new AwsError(404, "NoSuchEntity", message);
}

function paged<T>(items: readonly T[], parameters: URLSearchParams) {
  const page = pageOf(items, parameters.get("Marker"), Number(parameters.get("MaxItems") ?? "100"));
  return { items: page.items, IsTruncated: page.next !== null, Marker: page.next };
}

function roleBody(role: Role): { readonly [name: string]: XmlValue } {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.roleId,
    Arn: role.arn,
    CreateDate: role.createdAt,
    AssumeRolePolicyDocument: encoded(role.trustPolicy),
    Description: role.description,
    MaxSessionDuration: role.maxSessionSeconds,
    ...boundary(role),
    Tags: tagList(role),
    RoleLastUsed: role.lastUsedAt === null ? {} : { LastUsedDate: role.lastUsedAt },
  };
}

function roleDetail(role: Role): XmlValue {
  const { Description: _d, MaxSessionDuration: _m, ...body } = roleBody(role);
  return {
    ...body,
    RolePolicyList: role.inline.map(({ name, document }) => ({
      PolicyName: name,
      PolicyDocument: encoded(document),
    })),
    AttachedManagedPolicies: role.attached.map(attachedBody),
    InstanceProfileList: [],
  };
}

function boundary({ permissionsBoundaryArn }: Role): { readonly [name: string]: XmlValue } {
  if (permissionsBoundaryArn === null) return {};
  return {
    PermissionsBoundary: {
      PermissionsBoundaryType: "Policy",
      PermissionsBoundaryArn: permissionsBoundaryArn,
    },
  };
}

function tagList({ tags }: Role): XmlValue {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

function attachedBody(arn: string): XmlValue {
  return { PolicyName: arn.slice(arn.lastIndexOf("/") + 1), PolicyArn: arn };
}

function policyBody({ account }: Call, policy: ManagedPolicy): { readonly [name: string]: XmlValue } {
  return {
    PolicyName: policy.name,
    PolicyId: policy.policyId,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersionId,
    AttachmentCount: account.roles().filter((role) => role.attached.includes(policy.arn)).length,
    IsAttachable: true,
    CreateDate: policy.createdAt,
    UpdateDate: policy.versions.at(-1)?.createdAt ?? policy.createdAt,
  };
}

function versionBody(policy: ManagedPolicy, version: ManagedPolicy["versions"][number]): XmlValue {
  return {
    Document: encoded(version.document),
    VersionId: version.versionId,
    IsDefaultVersion: version.versionId === policy.defaultVersionId,
    CreateDate: version.createdAt,
  };
}

/** As RFC 3986 has it, stricter than encodeURIComponent. */
function encoded(document: JsonValue): string {
  return encodeURIComponent(JSON.stringify(document)).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
