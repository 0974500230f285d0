import { createHash } from "node:crypto";
import type { JsonValue } from "../../src/core/json.ts";
import type { AccountOptions } from "./account.ts";
import type { NamedDocument } from "./model.ts";

export type OrganizationPolicyType = "SERVICE_CONTROL_POLICY" | "RESOURCE_CONTROL_POLICY";

/** Where in the organization a policy is attached. */
export type OrganizationLevel = "root" | "ou" | "account";

/** What the account is in its organization: only the last two may read its policies. */
export type OrganizationRole = "member" | "delegated-administrator" | "management";

export interface OrganizationPolicy {
  readonly id: string;
  readonly arn: string;
  readonly name: string;
  readonly type: OrganizationPolicyType;
  readonly awsManaged: boolean;
  readonly document: JsonValue;
  /** Id of the root, organizational unit or account. */
  readonly targetId: string;
}

export interface Organization {
  readonly id: string;
  readonly managementAccountId: string;
  readonly role: OrganizationRole;
  /** Root first, the account last. */
  readonly targets: readonly {
    readonly id: string;
    readonly type: "ROOT" | "ORGANIZATIONAL_UNIT" | "ACCOUNT";
  }[];
  readonly policies: readonly OrganizationPolicy[];
}

export interface NewOrganizationPolicy {
  readonly name: string;
  readonly document: JsonValue;
  /** `account` by default. */
  readonly level?: OrganizationLevel;
}

export interface OrganizationState {
  /** Puts the account into an organization; without, the first policy makes it a member of one. */
  joinOrganization(role?: OrganizationRole): Organization;
  /** Stands over every call that the account's own principals make. Returns the policy's ARN. */
  addServiceControlPolicy(policy: NewOrganizationPolicy): string;
  /** Stands over calls on the account's resources, whoever makes them. Returns the policy's ARN. */
  addResourceControlPolicy(policy: NewOrganizationPolicy): string;
  /** Null: the account is in no organization. */
  organization(): Organization | null;
  /** The policies in force, by their ARNs, a list a level; null: the account is in no organization, or rules it. */
  organizationPolicies(type: OrganizationPolicyType): readonly (readonly NamedDocument[])[] | null;
}

const organizationId = "o-sandboxorg1";
const managementAccountId = "999999999999";
const rootId = "r-sbx1";
const ouId = "ou-sbx1-workload";

const levels: readonly OrganizationLevel[] = ["root", "ou", "account"];

/** What AWS attaches everywhere: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html */
const everything: Readonly<
  Record<OrganizationPolicyType, { readonly name: string; readonly document: JsonValue }>
> = {
  SERVICE_CONTROL_POLICY: {
    name: "FullAWSAccess",
    document: {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
    },
  },
  RESOURCE_CONTROL_POLICY: {
    name: "RCPFullAWSAccess",
    document: {
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }],
    },
  },
};

/** The organization over one account: a root, one organizational unit, and the account. */
export function createOrganization({ accountId }: AccountOptions): OrganizationState {
  let current: Organization | null = null;

  function targetOf(level: OrganizationLevel): string {
    return { root: rootId, ou: ouId, account: accountId }[level];
  }

  function joinOrganization(role: OrganizationRole = "member"): Organization {
    const fullAccess = levels.flatMap((level) =>
      (["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"] as const).map(
        (type): OrganizationPolicy => ({
          ...everything[type],
          id: `p-${everything[type].name}`,
          arn: `arn:aws:organizations::aws:policy/${type.toLowerCase()}/p-${everything[type].name}`,
          type,
          awsManaged: true,
          targetId: targetOf(level),
        }),
      ),
    );
    current = {
      id: organizationId,
      managementAccountId: role === "management" ? accountId : managementAccountId,
      role,
      targets: [
        { id: rootId, type: "ROOT" },
        { id: ouId, type: "ORGANIZATIONAL_UNIT" },
        { id: accountId, type: "ACCOUNT" },
      ],
      policies: current?.policies ?? fullAccess,
    };
    return current;
  }

  function add(
    type: OrganizationPolicyType,
    { name, document, level = "account" }: NewOrganizationPolicy,
  ): string {
    const organization = current ?? joinOrganization();
    const id = `p-${createHash("sha256").update(`${type}/${name}`).digest("hex").slice(0, 10)}`;
    const arn = `arn:aws:organizations::${organization.managementAccountId}:policy/${organization.id}/${type.toLowerCase()}/${id}`;
    const policy = { id, arn, name, type, awsManaged: false, document, targetId: targetOf(level) };
    current = { ...organization, policies: [...organization.policies, policy] };
    return arn;
  }

  return {
    joinOrganization,
    addServiceControlPolicy: (policy) => add("SERVICE_CONTROL_POLICY", policy),
    addResourceControlPolicy: (policy) => add("RESOURCE_CONTROL_POLICY", policy),
    organization: () => current,
    organizationPolicies(type) {
      if (current === null || current.role === "management") return null;
      const { targets, policies } = current;
      return targets.map((target) =>
        policies
          .filter((policy) => policy.type === type && policy.targetId === target.id)
          .map(({ arn, document }) => ({ name: arn, document })),
      );
    },
  };
}
