import {
  GetAccountAuthorizationDetailsCommand,
  GetOpenIDConnectProviderCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListOpenIDConnectProvidersCommand,
  ListRolePoliciesCommand,
} from "@aws-sdk/client-iam";
import { z } from "zod";
import type { CollectContext, Collectors } from "../../app/ports.ts";
import type { CandidateRole, PolicyFacts } from "../../core/evidence.ts";
import { roleOfArn } from "../../core/iam/arn.ts";
import { parsePolicy } from "../../core/iam/policy.ts";
import { roleAnnotation } from "../../core/identity.ts";
import type { JsonValue } from "../../core/json.ts";
import { type AwsClients, callerIdentity } from "./clients.ts";
import { seen } from "./eks-collectors.ts";
import {
  attached,
  detailsSchema,
  document,
  page,
  paged,
  roleSchema,
  unread,
  vanished,
} from "./iam-answers.ts";
import { CallFailure, call, observing } from "./outcome.ts";

type IamKinds = "iam.oidc-providers" | "iam.role" | "iam.role-policies" | "iam.candidate-roles";

/**
 * Collectors that ask IAM. Permissions: iam:GetRole, iam:ListAttachedRolePolicies, iam:GetPolicy,
 * iam:GetPolicyVersion, iam:ListRolePolicies, iam:GetRolePolicy, iam:ListOpenIDConnectProviders,
 * iam:GetOpenIDConnectProvider, iam:GetAccountAuthorizationDetails; sts:GetCallerIdentity, which needs none.
 */
export function createIamCollectors(clients: AwsClients, clock: () => string): Pick<Collectors, IamKinds> {
  const { iam } = clients;
  const found = <T>(value: T, source: string) => ({ status: "found", value, source, at: clock() }) as const;
  const absent = (source: string) => ({ status: "absent", source, at: clock() }) as const;

  /** The account that IAM answers for. GetRole takes a name only, so another account's role must not be asked for. */
  async function ownAccount({ evidence, signal }: CollectContext): Promise<string> {
    const cluster = evidence["eks.cluster"];
    if (cluster?.status === "found") return cluster.value.accountId;
    const send = () => callerIdentity(clients, signal);
    const caller = await call(
      "sts:GetCallerIdentity",
      send,
      z.object({ accountId: z.string().min(1) }),
      signal,
    );
    if (caller === null) throw unread("sts:GetCallerIdentity", "eksiam's own account is not known");
    return caller.accountId;
  }

  async function attachedPolicies(roleName: string, signal: AbortSignal): Promise<readonly PolicyFacts[]> {
    const policies: PolicyFacts[] = [];
    const list = z.object({ ...page, AttachedPolicies: z.array(attached).default([]) });
    for await (const answer of paged("iam:ListAttachedRolePolicies", `role ${roleName}`, (Marker) => {
      const command = new ListAttachedRolePoliciesCommand({
        RoleName: roleName,
        ...(Marker ? { Marker } : {}),
      });
      return call(
        "iam:ListAttachedRolePolicies",
        () => iam.send(command, { abortSignal: signal }),
        list,
        signal,
      );
    })) {
      for (const { PolicyName, PolicyArn } of answer.AttachedPolicies) {
        policies.push({
          name: PolicyName,
          arn: PolicyArn,
          document: await managedDocument(PolicyArn, signal),
        });
      }
    }
    return policies;
  }

  async function managedDocument(PolicyArn: string, signal: AbortSignal): Promise<JsonValue> {
    const policy = await call(
      "iam:GetPolicy",
      () => iam.send(new GetPolicyCommand({ PolicyArn }), { abortSignal: signal }),
      z.object({ Policy: z.object({ DefaultVersionId: z.string() }) }),
      signal,
    );
    if (policy === null) throw vanished("iam:GetPolicy", `policy ${PolicyArn}`);
    const VersionId = policy.Policy.DefaultVersionId;
    const version = await call(
      "iam:GetPolicyVersion",
      () => iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }), { abortSignal: signal }),
      z.object({ PolicyVersion: z.object({ Document: document }) }),
      signal,
    );
    if (version === null) throw vanished("iam:GetPolicyVersion", `policy ${PolicyArn}`);
    return version.PolicyVersion.Document;
  }

  async function inlinePolicies(RoleName: string, signal: AbortSignal): Promise<readonly PolicyFacts[]> {
    const policies: PolicyFacts[] = [];
    const list = z.object({ ...page, PolicyNames: z.array(z.string()).default([]) });
    for await (const answer of paged("iam:ListRolePolicies", `role ${RoleName}`, (Marker) => {
      const command = new ListRolePoliciesCommand({ RoleName, ...(Marker ? { Marker } : {}) });
      return call("iam:ListRolePolicies", () => iam.send(command, { abortSignal: signal }), list, signal);
    })) {
      for (const PolicyName of answer.PolicyNames) {
        const command = new GetRolePolicyCommand({ RoleName, PolicyName });
        const send = () => iam.send(command, { abortSignal: signal });
        const policy = await call("iam:GetRolePolicy", send, z.object({ PolicyDocument: document }), signal);
        if (policy !== null) policies.push({ name: PolicyName, arn: null, document: policy.PolicyDocument });
      }
    }
    return policies;
  }

  return {
    "iam.oidc-providers": {
      kind: "iam.oidc-providers",
      group: "config",
      after: ["eks.cluster"],
      collect: (context) =>
        observing(async () => {
          const { signal } = context;
          const cluster = seen(context, "eks.cluster");
          const listed = await call(
            "iam:ListOpenIDConnectProviders",
            () => iam.send(new ListOpenIDConnectProvidersCommand({}), { abortSignal: signal }),
            z.object({ OpenIDConnectProviderList: z.array(z.object({ Arn: z.string() })) }),
            signal,
          );
          const arns = (listed?.OpenIDConnectProviderList ?? []).map((provider) => provider.Arn);
          const issuer =
            cluster.status === "found" ? cluster.value.oidcIssuer?.replace(/^https:\/\//, "") : undefined;
          const arn =
            issuer === undefined
              ? undefined
              : arns.find((candidate) => candidate.endsWith(`:oidc-provider/${issuer}`));
          if (arn === undefined || issuer === undefined) {
            return found({ arns, forCluster: null }, "iam:ListOpenIDConnectProviders");
          }
          const provider = await call(
            "iam:GetOpenIDConnectProvider",
            () =>
              iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }), {
                abortSignal: signal,
              }),
            z.object({ ClientIDList: z.array(z.string()).default([]) }),
            signal,
          );
          const forCluster = provider === null ? null : { arn, issuer, clientIds: provider.ClientIDList };
          return found({ arns, forCluster }, "iam:GetOpenIDConnectProvider");
        }),
    },
    "iam.role": {
      kind: "iam.role",
      group: "config",
      after: ["eks.association", "k8s.service-account", "eks.cluster"],
      collect: (context) =>
        observing(async () => {
          const { roleArn, source } = configuredRole(context);
          const named = roleArn === null ? null : roleOfArn(roleArn);
          // Text that is no role's ARN names no role: a rule of its own says so.
          if (named === null) return absent(source);
          const { roleName, accountId } = named;
          if (accountId !== (await ownAccount(context))) {
            throw new CallFailure({
              status: "unavailable",
              reason: "not-collected",
              source: "iam:GetRole",
              detail: `${roleArn} is in account ${accountId}, where eksiam has no access`,
            });
          }
          const send = () =>
            iam.send(new GetRoleCommand({ RoleName: roleName }), { abortSignal: context.signal });
          const answer = await call("iam:GetRole", send, z.object({ Role: roleSchema }), context.signal);
          if (answer === null) return absent("iam:GetRole");
          const { Role } = answer;
          return found(
            {
              arn: Role.Arn,
              name: Role.RoleName,
              path: Role.Path,
              roleId: Role.RoleId,
              createdAt: Role.CreateDate,
              trustPolicy: Role.AssumeRolePolicyDocument,
              permissionsBoundaryArn: Role.PermissionsBoundary?.PermissionsBoundaryArn ?? null,
              tags: Role.Tags,
              lastUsedAt: Role.RoleLastUsed?.LastUsedDate ?? null,
            },
            "iam:GetRole",
          );
        }),
    },
    "iam.role-policies": {
      kind: "iam.role-policies",
      group: "config",
      after: ["iam.role"],
      collect: (context) =>
        observing(async () => {
          const configured = seen(context, "iam.role");
          if (configured.status === "absent") return absent(configured.source);
          const { name } = configured.value;
          const [managed, inlined] = await Promise.all([
            attachedPolicies(name, context.signal),
            inlinePolicies(name, context.signal),
          ]);
          return found([...managed, ...inlined], "iam:ListAttachedRolePolicies");
        }),
    },
    "iam.candidate-roles": {
      kind: "iam.candidate-roles",
      group: "config",
      after: [],
      collect: ({ signal }) =>
        observing(async () => {
          const permission = "iam:GetAccountAuthorizationDetails";
          const roles: z.output<typeof detailsSchema>["RoleDetailList"] = [];
          const documents = new Map<string, JsonValue>();
          for await (const answer of paged(permission, "the account", (Marker) => {
            const command = new GetAccountAuthorizationDetailsCommand({
              Filter: ["Role", "LocalManagedPolicy", "AWSManagedPolicy"],
              ...(Marker ? { Marker } : {}),
            });
            return call(permission, () => iam.send(command, { abortSignal: signal }), detailsSchema, signal);
          })) {
            roles.push(
              ...answer.RoleDetailList.filter((detail) => trustsPodIdentity(detail.AssumeRolePolicyDocument)),
            );
            for (const policy of answer.Policies) {
              const current = policy.PolicyVersionList.find((version) => version.IsDefaultVersion);
              if (current !== undefined) documents.set(policy.Arn, current.Document);
            }
          }
          const candidates = roles.map(
            (detail): CandidateRole => ({
              arn: detail.Arn,
              name: detail.RoleName,
              trustPolicy: detail.AssumeRolePolicyDocument,
              policies: [
                ...detail.AttachedManagedPolicies.flatMap(({ PolicyName, PolicyArn }): PolicyFacts[] => {
                  const attachedDocument = documents.get(PolicyArn);
                  return attachedDocument === undefined
                    ? []
                    : [{ name: PolicyName, arn: PolicyArn, document: attachedDocument }];
                }),
                ...detail.RolePolicyList.map(
                  (policy): PolicyFacts => ({
                    name: policy.PolicyName,
                    arn: null,
                    document: policy.PolicyDocument,
                  }),
                ),
              ],
              tags: detail.Tags,
            }),
          );
          return found(
            candidates.sort((a, b) => (a.arn < b.arn ? -1 : 1)),
            permission,
          );
        }),
    },
  };
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
