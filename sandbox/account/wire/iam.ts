import { parsePolicy } from "../../../src/core/iam/policy.ts";
import type { JsonValue } from "../../../src/core/json.ts";
import type { ManagedPolicy, OidcProvider, Role } from "../model.ts";
import {
  attachedBody,
  detailBody,
  encoded,
  listedRoleBody,
  policyBody,
  roleBody,
  versionBody,
} from "./iam-bodies.ts";
import { actionOf, queryAnswer, queryCodes, queryError, queryParameters, type XmlValue } from "./query.ts";
import { AwsError, authorize, awsError, type Call, pageOf, type Service } from "./service.ts";

const namespace = "https://iam.amazonaws.com/doc/2010-05-08/";

/** IAM in AWS Query: https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html */
export const iam: Service = {
  name: "iam",
  contentType: "text/xml",
  codes: queryCodes,
  operationOf: actionOf,
  answer(call) {
    const { operation, request, requestId } = call;
    const run = operations[operation];
    if (run === undefined) {
      throw new AwsError(
        400,
        "InvalidAction",
        `Could not find operation ${operation} for version 2010-05-08`,
      );
    }
    return queryAnswer(operation, namespace, run(call, new URLSearchParams(request.body)), requestId);
  },
  refuse: (error, requestId) => queryError(error, namespace, requestId),
  trailFacts(request) {
    const roleName = new URLSearchParams(request.body).get("RoleName");
    return {
      requestParameters: queryParameters(request),
      resources: roleName === null ? [] : [{ type: "AWS::IAM::Role", name: roleName }],
    };
  },
};

type Operation = (call: Call, parameters: URLSearchParams) => XmlValue;

const operations: Readonly<Record<string, Operation>> = {
  GetRole: (call, parameters) => ({ Role: roleBody(roleFor(call, parameters)) }),
  ListRoles(call, parameters) {
    authorize(call, "iam:ListRoles", arnOf(call, "role/"));
    const prefix = parameters.get("PathPrefix") ?? "/";
    const roles = call.account.roles().filter((role) => role.path.startsWith(prefix));
    const { items, ...page } = paged(call, sorted(roles), parameters);
    return { Roles: items.map(listedRoleBody), ...page };
  },
  ListAttachedRolePolicies(call, parameters) {
    const { items, ...page } = paged(call, roleFor(call, parameters).attached, parameters);
    return { AttachedPolicies: items.map(attachedBody), ...page };
  },
  ListRolePolicies(call, parameters) {
    const { items, ...page } = paged(call, sorted(roleFor(call, parameters).inline), parameters);
    return { PolicyNames: items.map((policy) => policy.name), ...page };
  },
  GetRolePolicy(call, parameters) {
    const role = roleFor(call, parameters);
    const name = parameters.get("PolicyName") ?? "";
    const policy = role.inline.find((one) => one.name === name);
    if (policy === undefined) throw missing(`The role policy with name ${name} cannot be found.`);
    return { RoleName: role.name, PolicyName: name, PolicyDocument: encoded(policy.document) };
  },
  GetPolicy: (call, parameters) => ({ Policy: policyBody(call.account, policyFor(call, parameters)) }),
  GetPolicyVersion(call, parameters) {
    const policy = policyFor(call, parameters);
    const id = parameters.get("VersionId") ?? "";
    const version = policy.versions.find((one) => one.versionId === id);
    if (version === undefined) {
      throw missing(`Policy ${policy.arn} version ${id} does not exist or is not attachable.`);
    }
    return { PolicyVersion: versionBody(policy, version) };
  },
  ListPolicyVersions(call, parameters) {
    const policy = policyFor(call, parameters);
    const { items, ...page } = paged(call, policy.versions.toReversed(), parameters);
    return {
      Versions: items.map((version) => ({ ...versionBody(policy, version), Document: null })),
      ...page,
    };
  },
  UpdateAssumeRolePolicy(call, parameters) {
    const role = roleFor(call, parameters);
    call.account.updateTrustPolicy(role.name, trustFrom(parameters.get("PolicyDocument") ?? ""));
    return {};
  },
  AttachRolePolicy(call, parameters) {
    const { role, policyArn } = attachmentFor(call, parameters);
    call.account.attachPolicy(role.name, policyArn);
    return {};
  },
  DetachRolePolicy(call, parameters) {
    const { role, policyArn } = attachmentFor(call, parameters);
    if (!role.attached.includes(policyArn)) throw missing(`Policy ${policyArn} was not found.`);
    call.account.detachPolicy(role.name, policyArn);
    return {};
  },
  CreateOpenIDConnectProvider(call, parameters) {
    const issuer = parameters.get("Url") ?? "";
    const arn = arnOf(call, `oidc-provider/${issuer.replace(/^https:\/\//, "")}`);
    authorize(call, "iam:CreateOpenIDConnectProvider", arn);
    if (call.account.oidcProviders().some((provider) => provider.arn === arn)) {
      throw new AwsError(409, "EntityAlreadyExists", `Provider with url ${issuer} already exists.`);
    }
    const clientIds = [...parameters].flatMap(([key, value]) =>
      key.startsWith("ClientIDList.member.") ? [value] : [],
    );
    return { OpenIDConnectProviderArn: call.account.addOidcProvider({ issuer, clientIds }) };
  },
  DeleteOpenIDConnectProvider(call, parameters) {
    call.account.deleteOidcProvider(providerFor(call, parameters).issuer);
    return {};
  },
  AddClientIDToOpenIDConnectProvider(call, parameters) {
    const { issuer, clientIds } = providerFor(call, parameters);
    const added = parameters.get("ClientID") ?? "";
    call.account.setOidcClientIds(issuer, [...clientIds.filter((id) => id !== added), added]);
    return {};
  },
  RemoveClientIDFromOpenIDConnectProvider(call, parameters) {
    const { issuer, clientIds } = providerFor(call, parameters);
    const removed = parameters.get("ClientID") ?? "";
    const kept = clientIds.filter((id) => id !== removed);
    call.account.setOidcClientIds(issuer, kept);
    return {};
  },
  GetAccountAuthorizationDetails: accountDetails,
  ListOpenIDConnectProviders(call) {
    authorize(call, "iam:ListOpenIDConnectProviders", arnOf(call, "oidc-provider/*"));
    return {
      OpenIDConnectProviderList: call.account.oidcProviders().map((provider) => ({ Arn: provider.arn })),
    };
  },
  GetOpenIDConnectProvider(call, parameters) {
    const provider = providerFor(call, parameters);
    return {
      Url: provider.issuer.replace(/^https:\/\//, ""),
      ClientIDList: provider.clientIds,
      ThumbprintList: [],
      CreateDate: provider.createdAt,
    };
  },
};

const filters = ["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"];

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html */
function accountDetails(call: Call, parameters: URLSearchParams): XmlValue {
  authorize(call, "iam:GetAccountAuthorizationDetails", "*");
  const given = [...parameters].flatMap(([key, value]) => (key.startsWith("Filter.member.") ? [value] : []));
  const unknown = given.find((filter) => !filters.includes(filter));
  if (unknown !== undefined) {
    throw invalid(
      `Value '${unknown}' at 'filter' failed to satisfy constraint: one of [${filters.join(", ")}]`,
    );
  }
  const asked = (filter: string) => given.length === 0 || given.includes(filter);
  const roles = call.account.roles();
  const attached = new Set(roles.flatMap((role) => role.attached));
  const policies = call.account
    .policies()
    .filter((policy) =>
      policy.arn.startsWith("arn:aws:iam::aws:")
        ? asked("AWSManagedPolicy") && attached.has(policy.arn)
        : asked("LocalManagedPolicy"),
    );
  const all = [...(asked("Role") ? sorted(roles) : []), ...sorted(policies)];
  const { items, ...page } = paged(call, all, parameters);
  return {
    UserDetailList: [],
    GroupDetailList: [],
    RoleDetailList: items.flatMap((one) => ("trustPolicy" in one ? [detailBody(one)] : [])),
    Policies: items.flatMap((one) => {
      if (!("versions" in one)) return [];
      const versions = one.versions.map((version) => versionBody(one, version));
      return [{ ...policyBody(call.account, one), PolicyVersionList: versions }];
    }),
    ...page,
  };
}

function arnOf({ account }: Call, resource: string): string {
  return `arn:aws:iam::${account.accountId}:${resource}`;
}

/** The role that the request names, after IAM let the caller ask: whether it exists is told only then. */
function roleFor(call: Call, parameters: URLSearchParams): Role {
  const name = parameters.get("RoleName") ?? "";
  if (!/^[\w+=,.@-]{1,64}$/.test(name)) {
    throw invalid(
      "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
    );
  }
  const role = call.account.role(name);
  authorize(call, `iam:${call.operation}`, role?.arn ?? arnOf(call, `role/${name}`), {
    shown: `role ${name}`,
  });
  if (role === undefined) throw missing(`The role with name ${name} cannot be found.`);
  return role;
}

function policyFor(call: Call, parameters: URLSearchParams): ManagedPolicy {
  const arn = parameters.get("PolicyArn") ?? "";
  if (!arn.startsWith("arn:")) throw invalid(`ARN ${arn} is not valid.`);
  authorize(call, `iam:${call.operation}`, arn, { shown: `policy ${arn}` });
  const policy = call.account.policy(arn);
  if (policy === undefined) throw missing(`Policy ${arn} was not found.`);
  return policy;
}

function providerFor(call: Call, parameters: URLSearchParams): OidcProvider {
  const arn = parameters.get("OpenIDConnectProviderArn") ?? "";
  authorize(call, `iam:${call.operation}`, arn);
  const provider = call.account.oidcProviders().find((one) => one.arn === arn);
  if (provider === undefined) throw missing(`OpenIDConnect Provider not found for arn ${arn}`);
  return provider;
}

function trustFrom(text: string): JsonValue {
  try {
    const document = JSON.parse(text) as JsonValue;
    if (parsePolicy(document, "trust").ok) return document;
  } catch {
    // Told below, as what is no policy is.
  }
  throw new AwsError(400, "MalformedPolicyDocument", "This policy contains invalid Json");
}

/** IAM decides by the policy that is attached too: `iam:PolicyARN`. */
function attachmentFor(call: Call, parameters: URLSearchParams) {
  const name = parameters.get("RoleName") ?? "";
  const policyArn = parameters.get("PolicyArn") ?? "";
  const role = call.account.role(name);
  const context = { "iam:PolicyARN": [policyArn] };
  authorize(call, `iam:${call.operation}`, role?.arn ?? arnOf(call, `role/${name}`), { context });
  if (role === undefined) throw missing(`The role with name ${name} cannot be found.`);
  if (call.account.policy(policyArn) === undefined) {
    throw missing(`Policy ${policyArn} does not exist or is not attachable.`);
  }
  return { role, policyArn };
}

function missing(message: string): AwsError {
  return new AwsError(404, "NoSuchEntity", message);
}

function invalid(message: string): AwsError {
  return new AwsError(400, "ValidationError", message);
}

function sorted<T extends { readonly name: string }>(items: readonly T[]): readonly T[] {
  return items.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function paged<T>(call: Call, items: readonly T[], parameters: URLSearchParams) {
  const size = Number(parameters.get("MaxItems") ?? "100");
  if (!Number.isInteger(size) || size < 1 || size > 1_000) {
    throw invalid(
      `1 validation error detected: Value '${size}' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000`,
    );
  }
  const asked = new URLSearchParams(parameters);
  for (const key of ["Marker", "MaxItems"]) asked.delete(key);
  const page = pageOf(items, {
    token: parameters.get("Marker"),
    size,
    asked: asked.toString(),
    badToken: awsError(call.service.codes.badToken, "Invalid Marker."),
  });
  return { items: page.items, IsTruncated: page.next !== null, Marker: page.next };
}
