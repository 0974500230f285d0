import { GetOpenIDConnectProviderCommand, ListOpenIDConnectProvidersCommand } from "@aws-sdk/client-iam";
import { z } from "zod";
import type { CollectContext, Collector, Collectors } from "../../../app/ports.ts";
import type { CandidateRole, EvidenceKind, EvidenceValues, Observation } from "../../../core/evidence.ts";
import { parseArn, roleOfArn } from "../../../core/iam/arn.ts";
import { parsePolicy } from "../../../core/iam/policy.ts";
import { roleAnnotation } from "../../../core/identity.ts";
import { issuerOf, letsInWebIdentity } from "../../../core/irsa.ts";
import type { JsonValue } from "../../../core/json.ts";
import { tokenSubject } from "../../../core/subject.ts";
import type { AwsClients } from "../clients.ts";
import { call, observing } from "../outcome.ts";
import { createAccountSnapshot, snapshotPermission } from "../reading/account-snapshot.ts";
import { createPolicyReader } from "../reading/policy-reader.ts";
import { createRoleReader } from "../reading/role-reader.ts";
import { seen } from "./prerequisite.ts";

type IamCollectors = Pick<Collectors, Extract<EvidenceKind, `iam.${string}`>>;

/**
 * Collectors that ask IAM. Roles that could be given to a workload change rarely, and reading them takes a call for
 * every hundred roles: they are kept for `snapshotForMs`. Permissions: those of the policy, role and account readers; iam:ListOpenIDConnectProviders,
 * iam:GetOpenIDConnectProvider.
 */
export function createIamCollectors(
  clients: AwsClients,
  clock: () => string,
  snapshotForMs = 600_000,
): IamCollectors {
  const { iam } = clients;
  const policies = createPolicyReader(clients);
  const readRole = createRoleReader(clients);
  const snapshot = createAccountSnapshot(clients, clock, snapshotForMs);
  const found = <T>(value: T, source: string, at = clock()) =>
    ({ status: "found", value, source, at }) as const;
  const absent = (source: string) => ({ status: "absent", source, at: clock() }) as const;

  async function oidcProviders(context: CollectContext) {
    const { signal } = context;
    const cluster = seen(context, "eks.cluster");
    const listed = await call(
      "iam:ListOpenIDConnectProviders",
      () => iam.send(new ListOpenIDConnectProvidersCommand({}), { abortSignal: signal }),
      z.object({ OpenIDConnectProviderList: z.array(z.object({ Arn: z.string().startsWith("arn:") })) }),
      signal,
    );
    const arns = (listed?.OpenIDConnectProviderList ?? []).map((provider) => provider.Arn);
    const issuer = cluster.status === "found" ? issuerOf(cluster.value) : null;
    const arn = arns.find((candidate) => issuer !== null && candidate.endsWith(`:oidc-provider/${issuer}`));
    if (arn === undefined || issuer === null) {
      return found({ arns, forCluster: null }, "iam:ListOpenIDConnectProviders");
    }
    const command = new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn });
    const provider = await call(
      "iam:GetOpenIDConnectProvider",
      () => iam.send(command, { abortSignal: signal }),
      // A provider always has its address: an answer without one says nothing about audiences.
      z.object({ Url: z.string().min(1), ClientIDList: z.array(z.string()).default([]) }),
      signal,
    );
    const forCluster = provider === null ? null : { arn, issuer, clientIds: provider.ClientIDList };
    return found({ arns, forCluster }, "iam:GetOpenIDConnectProvider");
  }

  async function candidates(signal: AbortSignal, fits: (role: CandidateRole) => boolean) {
    const { roles, at } = await snapshot(signal);
    return found(roles.filter(fits), snapshotPermission, at);
  }

  return {
    "iam.oidc-providers": collector("iam.oidc-providers", ["eks.cluster"], oidcProviders),
    "iam.role": collector(
      "iam.role",
      ["eks.association", "k8s.service-account", "eks.cluster"],
      async (context) => {
        const { roleArn, source } = configuredRole(context);
        // Text that is no role's ARN names no role: a rule of its own says so.
        if (roleArn === null || roleOfArn(roleArn) === null) return absent(source);
        const role = await readRole(roleArn, context);
        return role === null ? absent("iam:GetRole") : found(role, "iam:GetRole");
      },
    ),
    "iam.role-policies": collector("iam.role-policies", ["iam.role"], async (context) => {
      const role = seen(context, "iam.role");
      if (role.status === "absent") return absent(role.source);
      return found(await policies.ofRole(role.value.name, context.signal), "iam:ListAttachedRolePolicies");
    }),
    "iam.role-boundary": collector("iam.role-boundary", ["iam.role"], async (context) => {
      const role = seen(context, "iam.role");
      if (role.status === "absent" || role.value.permissionsBoundaryArn === null) return absent(role.source);
      const { permissionsBoundaryArn } = role.value;
      return found(await policies.managed(permissionsBoundaryArn, context.signal), "iam:GetPolicyVersion");
    }),
    "iam.policy-versions": collector("iam.policy-versions", ["iam.role-policies"], async (context) => {
      const attached = seen(context, "iam.role-policies");
      if (attached.status === "absent") return absent(attached.source);
      // Nobody in the account makes versions of AWS's own policies.
      const own = attached.value.flatMap(({ arn }) =>
        arn === null || parseArn(arn)?.accountId === "aws" ? [] : [arn],
      );
      const versions = await Promise.all(own.map((arn) => policies.versions(arn, context.signal)));
      return found(versions, "iam:ListPolicyVersions");
    }),
    "iam.target-role": collector("iam.target-role", ["eks.association", "eks.cluster"], async (context) => {
      const association = seen(context, "eks.association");
      if (association.status === "absent" || association.value.targetRoleArn === null) {
        return absent(association.source);
      }
      const role = await readRole(association.value.targetRoleArn, context);
      return role === null ? absent("iam:GetRole") : found(role, "iam:GetRole");
    }),
    "iam.target-role-policies": collector(
      "iam.target-role-policies",
      ["iam.target-role"],
      async (context) => {
        const role = seen(context, "iam.target-role");
        if (role.status === "absent") return absent(role.source);
        return found(await policies.ofRole(role.value.name, context.signal), "iam:ListAttachedRolePolicies");
      },
    ),
    "iam.node-role-policies": collector("iam.node-role-policies", ["eks.node-role"], async (context) => {
      const node = seen(context, "eks.node-role");
      const roleName = node.status === "found" ? roleOfArn(node.value.roleArn)?.roleName : undefined;
      if (roleName === undefined) return absent(node.source);
      return found(await policies.ofRole(roleName, context.signal), "iam:ListAttachedRolePolicies");
    }),
    "iam.candidate-roles": collector("iam.candidate-roles", [], ({ signal }) =>
      candidates(signal, ({ trustPolicy }) => trustsPodIdentity(trustPolicy)),
    ),
    "iam.irsa-candidates": collector(
      "iam.irsa-candidates",
      ["k8s.workload", "eks.cluster"],
      async (context) => {
        const workload = seen(context, "k8s.workload");
        const cluster = seen(context, "eks.cluster");
        if (workload.status === "absent") return absent(workload.source);
        if (cluster.status === "absent") return absent(cluster.source);
        const subject = tokenSubject(workload.value);
        return await candidates(context.signal, ({ trustPolicy, arn }) =>
          letsInWebIdentity(trustPolicy, arn, cluster.value, subject),
        );
      },
    ),
  };
}

function collector<K extends EvidenceKind>(
  kind: K,
  after: readonly EvidenceKind[],
  collect: (context: CollectContext) => Promise<Observation<EvidenceValues[K]>>,
): Collector<K> {
  return { kind, group: "config", after, collect: (context) => observing(() => collect(context)) };
}

/** The role that the configuration gives the workload, as written: the association's, else the annotation's. */
function configuredRole(context: CollectContext): { roleArn: string | null; source: string } {
  const association = seen(context, "eks.association");
  if (association.status === "found") {
    return { roleArn: association.value.roleArn, source: association.source };
  }
  const serviceAccount = seen(context, "k8s.service-account");
  const annotated =
    serviceAccount.status === "found" ? serviceAccount.value.annotations[roleAnnotation] : undefined;
  return { roleArn: annotated?.trim() ?? null, source: serviceAccount.source };
}

/** Only a plausible candidate is kept: whether a session of this workload is let in is for the rules to evaluate. */
function trustsPodIdentity(trustPolicy: JsonValue): boolean {
  const parsed = parsePolicy(trustPolicy, "trust");
  return (
    parsed.ok &&
    parsed.value.statements.some(
      (statement) =>
        statement.effect === "Allow" &&
        statement.principals?.patterns.some(
          ({ type, value }) => type === "Service" && value === "pods.eks.amazonaws.com",
        ),
    )
  );
}
