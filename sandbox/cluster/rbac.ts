import { parseAllDocuments } from "yaml";
import type { Access } from "./status.ts";

/** A rule of a Role or ClusterRole, as the manifests have it. */
interface PolicyRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** Rules, and where they hold: in one namespace (a RoleBinding), or everywhere (a ClusterRoleBinding). */
export interface Grant {
  readonly namespace: string | null;
  readonly rules: readonly PolicyRule[];
}

export const everything: readonly Grant[] = [
  { namespace: null, rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }] },
];

export const readEverything: readonly Grant[] = [
  { namespace: null, rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["get", "list", "watch"] }] },
];

/** https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
export function isAllowed(grants: readonly Grant[], access: Access): boolean {
  const resource = access.subresource === "" ? access.resource : `${access.resource}/${access.subresource}`;
  return grants.some(
    (grant) =>
      (grant.namespace === null || grant.namespace === access.namespace) &&
      grant.rules.some((rule) => {
        const names = rule.resourceNames ?? [];
        return (
          has(rule.verbs, access.verb) &&
          has(rule.apiGroups, access.group) &&
          (has(rule.resources, resource) ||
            (access.subresource !== "" && (rule.resources ?? []).includes(`*/${access.subresource}`))) &&
          // A list or create carries no name, so a rule for names never covers it.
          (names.length === 0 || (access.name !== "" && names.includes(access.name)))
        );
      }),
  );
}

function has(values: readonly string[] | undefined, wanted: string): boolean {
  return (values ?? []).some((value) => value === "*" || value === wanted);
}

/** What one permission to withhold names: `list pods`, `get pods/log`, `list deployments.apps`. */
export interface Permission {
  readonly verb: string;
  readonly group: string;
  /** With its subresource. */
  readonly resource: string;
}

/**
 * The same grants without one permission, so that a test can see what is missed without it. Wildcards cannot be
 * taken apart: a rule that grants the permission by `*` is an error.
 */
export function withoutPermission(grants: readonly Grant[], permission: Permission): readonly Grant[] {
  return grants.map((grant) => ({
    ...grant,
    rules: grant.rules.flatMap((rule): PolicyRule[] => {
      const { apiGroups = [], resources = [], verbs } = rule;
      if (
        !has(verbs, permission.verb) ||
        !has(apiGroups, permission.group) ||
        !has(resources, permission.resource)
      ) {
        return [rule];
      }
      if ([...apiGroups, ...resources, ...verbs].includes("*")) {
        throw new Error(
          `A rule with "*" grants ${permission.verb} ${permission.resource}: spell it out to withhold one permission.`,
        );
      }
      const pieces: PolicyRule[] = [
        { ...rule, apiGroups: apiGroups.filter((group) => group !== permission.group) },
        {
          ...rule,
          apiGroups: [permission.group],
          resources: resources.filter((r) => r !== permission.resource),
        },
        {
          ...rule,
          apiGroups: [permission.group],
          resources: [permission.resource],
          verbs: verbs.filter((verb) => verb !== permission.verb),
        },
      ];
      return pieces.filter(
        (piece) => piece.apiGroups?.length !== 0 && piece.resources?.length !== 0 && piece.verbs.length !== 0,
      );
    }),
  }));
}

interface Manifest {
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly rules?: readonly PolicyRule[] | null;
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
  }[];
}

/**
 * What a ServiceAccount may do by manifests with Roles, ClusterRoles and their bindings. Several documents in a
 * text are fine; other kinds are passed over. Throws when no binding names the ServiceAccount.
 */
export function grantsFromManifests(
  texts: readonly string[],
  serviceAccount: { readonly namespace: string; readonly name: string },
): readonly Grant[] {
  const manifests = texts.flatMap((text) =>
    parseAllDocuments(text).map((document) => document.toJS() as Manifest | null),
  );
  const grants = manifests.flatMap((binding): Grant[] => {
    if (binding?.kind !== "RoleBinding" && binding?.kind !== "ClusterRoleBinding") return [];
    const meant = (binding.subjects ?? []).some(
      (subject) =>
        subject.kind === "ServiceAccount" &&
        subject.name === serviceAccount.name &&
        (subject.namespace ?? serviceAccount.namespace) === serviceAccount.namespace,
    );
    if (!meant) return [];
    const namespace = binding.kind === "RoleBinding" ? (binding.metadata?.namespace ?? "default") : null;
    return manifests
      .filter(
        (role) =>
          role?.kind === binding.roleRef?.kind &&
          role?.metadata?.name === binding.roleRef?.name &&
          (role?.kind === "ClusterRole" || (role?.metadata?.namespace ?? "default") === namespace),
      )
      .map((role) => ({ namespace, rules: role?.rules ?? [] }));
  });
  if (grants.length === 0) {
    throw new Error(
      `The manifests bind no role to ServiceAccount ${serviceAccount.namespace}/${serviceAccount.name}.`,
    );
  }
  return grants;
}
