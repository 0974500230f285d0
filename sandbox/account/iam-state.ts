import type { JsonValue } from "../../src/core/json.ts";
import type { Account, AccountOptions, NewRole } from "./account.ts";
import { awsManagedPolicies } from "./aws-managed-policies.ts";
import type { Ids } from "./ids.ts";
import type { ManagedPolicy, OidcProvider, Role } from "./model.ts";

export type IamState = Pick<
  Account,
  | "addRole"
  | "deleteRole"
  | "updateTrustPolicy"
  | "putInlinePolicy"
  | "deleteInlinePolicy"
  | "attachPolicy"
  | "detachPolicy"
  | "setPermissionsBoundary"
  | "tagRole"
  | "role"
  | "roles"
  | "addManagedPolicy"
  | "addPolicyVersion"
  | "policy"
  | "policies"
  | "addOidcProvider"
  | "deleteOidcProvider"
  | "setOidcClientIds"
  | "oidcProviders"
>;

/** Roles, managed policies and OIDC providers of one account. */
export function createIamState(options: AccountOptions, ids: Ids): IamState {
  const { accountId } = options;
  const roles = new Map<string, Role>();
  const policies = new Map<string, ManagedPolicy>();
  const providers = new Map<string, OidcProvider>();

  const nowIso = (): string => options.now().toISOString();

  function findRole(nameOrArn: string): Role | undefined {
    if (!nameOrArn.startsWith("arn:")) return roles.get(nameOrArn);
    return [...roles.values()].find((role) => role.arn === nameOrArn);
  }

  function changeRole(nameOrArn: string, change: (role: Role) => Partial<Role>): void {
    const role = findRole(nameOrArn);
    if (role === undefined) throw new Error(`There is no role ${nameOrArn} in account ${accountId}.`);
    roles.set(role.name, { ...role, ...change(role) });
  }

  function requirePolicy(policyArn: string): ManagedPolicy {
    const policy = policies.get(policyArn);
    if (policy === undefined) {
      throw new Error(`There is no managed policy ${policyArn}: add it with addManagedPolicy first.`);
    }
    return policy;
  }

  function addRole(role: NewRole): string {
    if (roles.has(role.name)) throw new Error(`Role ${role.name} is there already.`);
    const path = role.path ?? "/";
    for (const policyArn of role.attached ?? []) requirePolicy(policyArn);
    const value: Role = {
      arn: `arn:aws:iam::${accountId}:role${path}${role.name}`,
      name: role.name,
      path,
      roleId: ids.iamId("AROA"),
      createdAt: role.createdAt ?? nowIso(),
      trustPolicy: role.trustPolicy,
      inline: Object.entries(role.inline ?? {}).map(([name, document]) => ({ name, document })),
      attached: role.attached ?? [],
      permissionsBoundaryArn: role.permissionsBoundaryArn ?? null,
      tags: role.tags ?? {},
      description: role.description ?? null,
      maxSessionSeconds: 3600,
      lastUsedAt: role.lastUsedAt ?? null,
    };
    roles.set(value.name, value);
    return value.arn;
  }

  function addManagedPolicy(
    name: string,
    document: JsonValue,
    settings: { readonly path?: string; readonly awsManaged?: boolean } = {},
  ): string {
    const path = settings.path ?? "/";
    const policyArn = `arn:aws:iam::${settings.awsManaged === true ? "aws" : accountId}:policy${path}${name}`;
    if (policies.has(policyArn)) throw new Error(`Policy ${policyArn} is there already.`);
    const createdAt = nowIso();
    policies.set(policyArn, {
      arn: policyArn,
      name,
      path,
      policyId: ids.iamId("ANPA"),
      createdAt,
      defaultVersionId: "v1",
      versions: [{ versionId: "v1", document, createdAt }],
    });
    return policyArn;
  }

  function addPolicyVersion(
    policyArn: string,
    document: JsonValue,
    settings: { readonly asDefault?: boolean } = {},
  ): string {
    const policy = requirePolicy(policyArn);
    const versionId = `v${policy.versions.length + 1}`;
    policies.set(policyArn, {
      ...policy,
      defaultVersionId: settings.asDefault === false ? policy.defaultVersionId : versionId,
      versions: [...policy.versions, { versionId, document, createdAt: nowIso() }],
    });
    return versionId;
  }

  function providerArn(issuer: string): string {
    return `arn:aws:iam::${accountId}:oidc-provider/${issuer.replace(/^https:\/\//, "")}`;
  }

  function requireProvider(issuer: string): OidcProvider {
    const provider = providers.get(providerArn(issuer));
    if (provider === undefined) throw new Error(`There is no OIDC provider for ${issuer}.`);
    return provider;
  }

  for (const [name, { path, document }] of Object.entries(awsManagedPolicies)) {
    addManagedPolicy(name, document, { path, awsManaged: true });
  }

  return {
    addRole,
    deleteRole(nameOrArn) {
      const role = findRole(nameOrArn);
      if (role === undefined) throw new Error(`There is no role ${nameOrArn} in account ${accountId}.`);
      roles.delete(role.name);
    },
    updateTrustPolicy: (role, trustPolicy) => changeRole(role, () => ({ trustPolicy })),
    putInlinePolicy: (role, name, document) =>
      changeRole(role, ({ inline }) => ({
        inline: [...inline.filter((policy) => policy.name !== name), { name, document }],
      })),
    deleteInlinePolicy: (role, name) =>
      changeRole(role, ({ inline }) => ({ inline: inline.filter((policy) => policy.name !== name) })),
    attachPolicy: (role, policyArn) =>
      changeRole(role, ({ attached }) => ({
        attached: [...attached.filter((other) => other !== policyArn), requirePolicy(policyArn).arn],
      })),
    detachPolicy: (role, policyArn) =>
      changeRole(role, ({ attached }) => ({ attached: attached.filter((other) => other !== policyArn) })),
    setPermissionsBoundary: (role, policyArn) =>
      changeRole(role, () => ({
        permissionsBoundaryArn: policyArn === null ? null : requirePolicy(policyArn).arn,
      })),
    tagRole: (role, added) => changeRole(role, ({ tags }) => ({ tags: { ...tags, ...added } })),
    role: findRole,
    roles: () => [...roles.values()],
    addManagedPolicy,
    addPolicyVersion,
    policy: (policyArn) => policies.get(policyArn),
    policies: () => [...policies.values()],
    addOidcProvider({ issuer, clientIds, reachable = true }) {
      const arn = providerArn(issuer);
      if (providers.has(arn)) throw new Error(`OIDC provider ${arn} is there already.`);
      providers.set(arn, { arn, issuer, clientIds, reachable, createdAt: nowIso() });
      return arn;
    },
    deleteOidcProvider: (issuer) => {
      providers.delete(requireProvider(issuer).arn);
    },
    setOidcClientIds(issuer, clientIds) {
      const provider = requireProvider(issuer);
      providers.set(provider.arn, { ...provider, clientIds });
    },
    oidcProviders: () => [...providers.values()],
  };
}
