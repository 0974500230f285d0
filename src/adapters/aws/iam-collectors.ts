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
import { parseArn, roleOfArn } from "../../core/iam/arn.ts";
import { parsePolicy } from "../../core/iam/policy.ts";
import { roleAnnotation } from "../../core/identity.ts";
import type { JsonValue } from "../../core/json.ts";
import type { AwsClients } from "./clients.ts";
import { seen } from "./eks-collectors.ts";
import { CallFailure, call, observing } from "./outcome.ts";

/** IAM hands out documents URL-encoded: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html */
const document = z.string().transform((text, context): JsonValue => {
  try {
    return JSON.parse(decodeURIComponent(text)) as JsonValue;
  } catch {
    context.addIssue({ code: "custom", message: "a policy document that is not JSON" });
    return z.NEVER;
  }
});
const date = z.date().transform((value) => value.toISOString());
const tags = z
  .array(z.object({ Key: z.string(), Value: z.string() }))
  .default([])
  .transform((list) => Object.fromEntries(list.map((tag) => [tag.Key, tag.Value])));
const role = z.object({
  Arn: z.string(),
  RoleName: z.string(),
  Path: z.string(),
  RoleId: z.string(),
  CreateDate: date,
  AssumeRolePolicyDocument: document,
  PermissionsBoundary: z.object({ PermissionsBoundaryArn: z.string().optional() }).optional(),
  Tags: tags,
  RoleLastUsed: z.object({ LastUsedDate: date.optional() }).optional(),
});
const page = { IsTruncated: z.boolean().default(false), Marker: z.string().optional() };
const attached = z.object({ PolicyName: z.string(), PolicyArn: z.string() });
const inline = z.object({ PolicyName: z.string(), PolicyDocument: document });
const detailsSchema = z.object({
  ...page,
  RoleDetailList: z
    .array(
      z.object({
        Arn: z.string(),
        RoleName: z.string(),
        AssumeRolePolicyDocument: document,
        RolePolicyList: z.array(inline).default([]),
        AttachedManagedPolicies: z.array(attached).default([]),
        Tags: tags,
      }),
    )
    .default([]),
  Policies: z
    .array(
      z.object({
        Arn: z.string(),
        PolicyVersionList: z
          .array(z.object({ IsDefaultVersion: z.boolean(), Document: document }))
          .default([]),
      }),
    )
    .default([]),
});

type IamKinds = "iam.oidc-providers" | "iam.role" | "iam.role-policies" | "iam.candidate-roles";

const maxPages = 200;

/**
 * Collectors that ask IAM. Permissions: iam:GetRole, iam:ListAttachedRolePolicies, iam:GetPolicy,
 * iam:GetPolicyVersion, iam:ListRolePolicies, iam:GetRolePolicy, iam:ListOpenIDConnectProviders,
 * iam:GetOpenIDConnectProvider, iam:GetAccountAuthorizationDetails.
 */
export function createIamCollectors({ iam }: AwsClients, clock: () => string): Pick<Collectors, IamKinds> {
  const found = <T>(value: T, source: string) => ({ status: "found", value, source, at: clock() }) as const;
  const absent = (source: string) => ({ status: "absent", source, at: clock() }) as const;

  async function attachedPolicies(roleName: string, signal: AbortSignal): Promise<readonly PolicyFacts[]> {
    const policies: PolicyFacts[] = [];
    const list = z.object({ ...page, AttachedPolicies: z.array(attached).default([]) });
    for await (const answer of paged((Marker) => {
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
    const VersionId = policy?.Policy.DefaultVersionId ?? "v1";
    const version = await call(
      "iam:GetPolicyVersion",
      () => iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId }), { abortSignal: signal }),
      z.object({ PolicyVersion: z.object({ Document: document }) }),
      signal,
    );
    if (version === null) throw vanished("iam:GetPolicyVersion", PolicyArn);
    return version.PolicyVersion.Document;
  }

  async function inlinePolicies(RoleName: string, signal: AbortSignal): Promise<readonly PolicyFacts[]> {
    const policies: PolicyFacts[] = [];
    const list = z.object({ ...page, PolicyNames: z.array(z.string()).default([]) });
    for await (const answer of paged((Marker) => {
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
            z.object({ OpenIDConnectProviderList: z.array(z.object({ Arn: z.string() })).default([]) }),
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
      after: ["eks.association", "k8s.service-account"],
      collect: (context) =>
        observing(async () => {
          const named = configuredRole(context);
          if (named.roleName === null) return absent(named.source);
          const { roleName } = named;
          const send = () =>
            iam.send(new GetRoleCommand({ RoleName: roleName }), { abortSignal: context.signal });
          const answer = await call("iam:GetRole", send, z.object({ Role: role }), context.signal);
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
          for await (const answer of paged((Marker) => {
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

/** The role that the configuration gives the workload: the association's, else the annotation's. */
function configuredRole(context: CollectContext): { roleName: string | null; source: string } {
  const association = seen(context, "eks.association");
  if (association.status === "found")
    return inThisAccount(association.value.roleArn, context, association.source);
  const serviceAccount = seen(context, "k8s.service-account");
  const roleArn =
    serviceAccount.status === "found" ? serviceAccount.value.annotations[roleAnnotation] : undefined;
  if (roleArn === undefined) return { roleName: null, source: serviceAccount.source };
  return inThisAccount(roleArn.trim(), context, serviceAccount.source);
}

function inThisAccount(roleArn: string, { evidence }: CollectContext, source: string) {
  const named = roleOfArn(roleArn);
  // Text that is no role's ARN names no role: a rule of its own says so.
  if (named === null) return { roleName: null, source };
  const cluster = evidence["eks.cluster"];
  if (cluster?.status === "found" && cluster.value.accountId !== named.accountId) {
    throw new CallFailure({
      status: "unavailable",
      reason: "not-collected",
      source: "iam:GetRole",
      detail: `${roleArn} is in account ${named.accountId}, where eksiam has no access`,
    });
  }
  return { roleName: named.roleName, source };
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

async function* paged<T extends { IsTruncated: boolean; Marker?: string | undefined }>(
  next: (marker: string | undefined) => Promise<T | null>,
): AsyncGenerator<T> {
  let marker: string | undefined;
  for (let count = 0; count < maxPages; count++) {
    const answer = await next(marker);
    if (answer === null) return;
    yield answer;
    if (!answer.IsTruncated || answer.Marker === undefined) return;
    marker = answer.Marker;
  }
}

function vanished(source: string, what: string): CallFailure {
  const name = parseArn(what)?.resource ?? what;
  return new CallFailure({
    status: "unavailable",
    reason: "error",
    source,
    detail: `${name} vanished while it was read`,
  });
}
