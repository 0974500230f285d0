import { isAccountId, parseArn } from "../../src/core/iam/arn.ts";
import { evaluate, type Layer } from "../../src/core/iam/evaluate.ts";
import { type NamedPolicy, type PolicyKind, parsePolicy } from "../../src/core/iam/policy.ts";
import { evaluateTrust, type TrustAction, type TrustCaller } from "../../src/core/iam/trust.ts";
import type { NamedDocument, Role } from "./model.ts";
import type { NetworkState, VpcEndpoint } from "./network.ts";
import type { OrganizationState } from "./organization.ts";
import type { Principal } from "./principals.ts";
import type { Resource, ResourceState } from "./resources.ts";

export type Decided =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      /** The end of AWS's sentence, with the layer that refuses. */
      readonly because: string;
      /** What was refused: the call itself, or the one to KMS that the service makes for it. */
      readonly action: string;
      readonly resource: string;
      /** Somebody else's resource: S3 then says no more than that access is denied. */
      readonly outside: boolean;
    };

interface Asked {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, readonly string[]>>;
  /** The VPC that the call comes from. */
  readonly vpcId?: string | null;
}

/** What stands around a call beside the caller's own policies. */
export type Guards = Pick<OrganizationState, "organization" | "organizationPolicies"> &
  Pick<ResourceState, "resource"> &
  Pick<NetworkState, "vpcEndpoints">;

/** Services that resource control policies reach: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html */
const reachedByResourceControl = ["s3", "sts", "sqs", "kms", "secretsmanager"];

/**
 * Decides a call by every policy that it meets: those of the caller, the organization, the resource, the VPC endpoint on
 * the way, and of the key that encrypts what the resource holds.
 */
export function decide(
  principal: Principal,
  request: Asked,
  surroundings: { readonly region: string; readonly now: Date; readonly guards: Guards },
): Decided {
  const { guards } = surroundings;
  const service = serviceOf(request.action);
  const resource = guards.resource(request.resource);
  const owner = resource?.ownerAccountId ?? ownerIn(request.resource) ?? principal.accountId;
  const organization = guards.organization();
  const endpoint = guards
    .vpcEndpoints()
    .find(({ vpcId, serviceName }) => vpcId === request.vpcId && serviceName.endsWith(`.${service}`));
  const tags = Object.entries(principal.tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, [value]]);
  const ofOrganization = (type: "SERVICE_CONTROL_POLICY" | "RESOURCE_CONTROL_POLICY", kind: PolicyKind) =>
    guards.organizationPolicies(type)?.map((level) => compiled(level, kind)) ?? null;
  const policy = resourcePolicyOf(request.action, request.resource, resource, principal.accountId);
  const decision = evaluate(
    {
      principal: principal.arn,
      action: request.action,
      resource: request.resource,
      resourceAccount: owner,
      context: {
        "aws:PrincipalArn": [principal.policyArn],
        "aws:RequestedRegion": [surroundings.region],
        "aws:CurrentTime": [surroundings.now.toISOString()],
        "aws:SecureTransport": ["true"],
        ...(organization === null ? {} : { "aws:PrincipalOrgID": [organization.id] }),
        ...(endpoint === undefined
          ? {}
          : { "aws:SourceVpce": [endpoint.id], "aws:SourceVpc": [endpoint.vpcId] }),
        ...Object.fromEntries(tags),
        ...request.context,
      },
    },
    {
      identityPolicies: compiled(principal.identityPolicies, "identity"),
      permissionsBoundary:
        principal.permissionsBoundary === null ? null : compiled(principal.permissionsBoundary, "identity"),
      sessionPolicies:
        principal.sessionPolicies === null ? null : compiled(principal.sessionPolicies, "identity"),
      serviceControlPolicies: ofOrganization("SERVICE_CONTROL_POLICY", "scp"),
      resourceControlPolicies:
        owner === principal.accountId && reachedByResourceControl.includes(service)
          ? ofOrganization("RESOURCE_CONTROL_POLICY", "rcp")
          : null,
      vpcEndpointPolicies: endpoint === undefined ? null : endpointPolicy(endpoint),
      ...(policy === null ? {} : { resourcePolicy: policy }),
    },
  );
  if (decision.decision === "allowed") {
    const key = keyCall(request.action, resource);
    if (key === null) return { allowed: true };
    const context = { "kms:ViaService": [`${service}.${surroundings.region}.amazonaws.com`] };
    return decide(principal, { ...key, context }, surroundings);
  }
  const denying = decision.decidedBy[0] ?? "identity-based";
  const layer = wording[denying];
  // Of policies that belong to the organization the message gives the ARN.
  const arn =
    denying === "scp" || denying === "rcp" ? `: ${decision.matchedStatements[0]?.policy ?? ""}` : "";
  return {
    allowed: false,
    action: request.action,
    resource: request.resource,
    outside: owner !== principal.accountId,
    because:
      decision.decision === "explicitDeny"
        ? `with an explicit deny in ${layer.article} ${layer.name}${arn}`
        : `because no ${layer.name} allows the ${request.action} action`,
  };
}

function serviceOf(action: string): string {
  return action.slice(0, action.indexOf(":"));
}

/** The account that an ARN names; null: it names none. */
function ownerIn(arn: string): string | null {
  const account = parseArn(arn)?.accountId ?? "";
  return isAccountId(account) ? account : null;
}

function resourcePolicyOf(
  action: string,
  arn: string,
  resource: Resource | undefined,
  callerAccount: string,
): NamedPolicy | null {
  if (action.startsWith("sts:")) return trustOfAccount(callerAccount);
  const [policy] = compiled(
    resource?.policy == null ? [] : [{ name: resource.arn, document: resource.policy }],
    "resource",
  );
  if (policy !== undefined) return policy;
  // A key that no story has given a policy leaves the decision to IAM, as KMS makes them.
  return action.startsWith("kms:") && resource === undefined && ownerIn(arn) === callerAccount
    ? accountMay(callerAccount, ["kms:*"], "resource")
    : null;
}

function endpointPolicy({ id, policy }: VpcEndpoint): readonly NamedPolicy[] {
  return compiled([{ name: id, document: policy }], "vpc-endpoint");
}

/** What a service asks of the key behind the resource, in the caller's name; null: nothing. */
function keyCall(
  action: string,
  resource: Resource | undefined,
): { action: string; resource: string } | null {
  if (resource === undefined || resource.keyArn === null) return null;
  if (/:(Get|Receive|BatchGet)/.test(action)) return { action: "kms:Decrypt", resource: resource.keyArn };
  if (/:(Put|Send|Publish)/.test(action)) return { action: "kms:GenerateDataKey", resource: resource.keyArn };
  return null;
}

/** Leaves the decision to the caller's own policies: what the role itself says is asked by `trusts`. */
function trustOfAccount(accountId: string): NamedPolicy {
  return accountMay(accountId, ["sts:AssumeRole", "sts:TagSession"], "trust");
}

function accountMay(accountId: string, actions: readonly string[], kind: "resource" | "trust"): NamedPolicy {
  const statement = {
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${accountId}:root` },
    Action: actions,
    ...(kind === "resource" ? { Resource: "*" } : {}),
  };
  const policy = parsePolicy({ Version: "2012-10-17", Statement: [statement] }, kind);
  if (!policy.ok) throw new Error(policy.error.message);
  return { name: kind, policy: policy.value };
}

/**
 * Does the role's trust policy let the caller, and no resource control policy keep it out? A trust policy that AWS would
 * not have taken trusts nobody.
 */
export function trusts(
  role: Role,
  caller: TrustCaller,
  action: string,
  context: Readonly<Record<string, readonly string[]>>,
  guards: Pick<Guards, "organizationPolicies">,
): boolean {
  if (isKeptOut(role, caller, action, context, guards)) return false;
  const trustPolicy = parseOnce(role.trustPolicy, "trust");
  if (!trustPolicy.ok) return false;
  const request = {
    trustPolicy: trustPolicy.value,
    roleArn: role.arn,
    caller,
    action: action as TrustAction,
    context,
  };
  return evaluateTrust(request).decision === "allowed";
}

/** Does a resource control policy over the role deny the caller? */
function isKeptOut(
  { arn }: Role,
  caller: TrustCaller,
  action: string,
  context: Readonly<Record<string, readonly string[]>>,
  guards: Pick<Guards, "organizationPolicies">,
): boolean {
  const levels = guards.organizationPolicies("RESOURCE_CONTROL_POLICY");
  if (levels === null) return false;
  const web = "webIdentity" in caller ? caller.webIdentity : null;
  const principal =
    "service" in caller
      ? caller.service
      : "principal" in caller
        ? caller.principal
        : caller.webIdentity.providerArn;
  const claims =
    web === null ? {} : { [`${web.issuer}:sub`]: [web.subject], [`${web.issuer}:aud`]: [web.audience] };
  const { decision } = evaluate(
    { principal, action, resource: arn, context: { ...claims, ...context } },
    { identityPolicies: [], resourceControlPolicies: levels.map((level) => compiled(level, "rcp")) },
  );
  return decision === "explicitDeny";
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
const wording: Readonly<Record<Layer, { readonly article: "a" | "an"; readonly name: string }>> = {
  "identity-based": { article: "an", name: "identity-based policy" },
  "resource-based": { article: "a", name: "resource-based policy" },
  "permissions-boundary": { article: "a", name: "permissions boundary" },
  session: { article: "a", name: "session policy" },
  scp: { article: "a", name: "service control policy" },
  rcp: { article: "a", name: "resource control policy" },
  "vpc-endpoint": { article: "a", name: "VPC endpoint policy" },
};

/** Documents are never changed in place, so each is read once a kind. */
const parsed = new WeakMap<object, Map<PolicyKind, ReturnType<typeof parsePolicy>>>();

function parseOnce(document: NamedDocument["document"], kind: PolicyKind): ReturnType<typeof parsePolicy> {
  if (document === null || typeof document !== "object") return parsePolicy(document, kind);
  const known = parsed.get(document) ?? new Map<PolicyKind, ReturnType<typeof parsePolicy>>();
  const policy = known.get(kind) ?? parsePolicy(document, kind);
  parsed.set(document, known.set(kind, policy));
  return policy;
}

function compiled(documents: readonly NamedDocument[], kind: PolicyKind): readonly NamedPolicy[] {
  return documents.map(({ name, document }) => {
    const policy = parseOnce(document, kind);
    if (!policy.ok)
      throw new Error(`Policy ${name} is not valid at ${policy.error.place}: ${policy.error.message}.`);
    return { name, policy: policy.value };
  });
}
