import { evaluate, type Layer } from "../../src/core/iam/evaluate.ts";
import { type NamedPolicy, parsePolicy } from "../../src/core/iam/policy.ts";
import { evaluateTrust, type TrustAction, type TrustCaller } from "../../src/core/iam/trust.ts";
import type { NamedDocument, Role } from "./model.ts";
import type { Principal } from "./principals.ts";

export type Decided = { readonly allowed: true } | { readonly allowed: false; readonly because: string };

interface Asked {
  readonly action: string;
  readonly resource: string;
  readonly context?: Readonly<Record<string, readonly string[]>>;
}

/** Decides a call by the caller's policies; `because` is the end of AWS's sentence, with the layer that refuses. */
export function decide(
  principal: Principal,
  request: Asked,
  surroundings: { readonly region: string; readonly now: Date },
): Decided {
  const tags = Object.entries(principal.tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, [value]]);
  const decision = evaluate(
    {
      principal: principal.arn,
      action: request.action,
      resource: request.resource,
      context: {
        "aws:PrincipalArn": [principal.policyArn],
        "aws:RequestedRegion": [surroundings.region],
        "aws:CurrentTime": [surroundings.now.toISOString()],
        "aws:SecureTransport": ["true"],
        ...Object.fromEntries(tags),
        ...request.context,
      },
    },
    {
      identityPolicies: compiled(principal.identityPolicies),
      permissionsBoundary:
        principal.permissionsBoundary === null ? null : compiled(principal.permissionsBoundary),
      sessionPolicies: principal.sessionPolicies === null ? null : compiled(principal.sessionPolicies),
      ...(request.action.startsWith("sts:") ? { resourcePolicy: trustOfAccount(principal.accountId) } : {}),
    },
  );
  if (decision.decision === "allowed") return { allowed: true };
  const layer = wording[decision.decidedBy[0] ?? "identity-based"];
  return {
    allowed: false,
    because:
      decision.decision === "explicitDeny"
        ? `with an explicit deny in ${layer.article} ${layer.name}`
        : `because no ${layer.name} allows the ${request.action} action`,
  };
}

/** Leaves the decision to the caller's own policies: what the role itself says is asked by `trusts`. */
function trustOfAccount(accountId: string): NamedPolicy {
  const statement = {
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${accountId}:root` },
    Action: ["sts:AssumeRole", "sts:TagSession"],
  };
  const policy = parsePolicy({ Version: "2012-10-17", Statement: [statement] }, "trust");
  if (!policy.ok) throw new Error(policy.error.message);
  return { name: "trust", policy: policy.value };
}

/** Does the role's trust policy let the caller? A trust policy that AWS would not have taken trusts nobody. */
export function trusts(
  role: Role,
  caller: TrustCaller,
  action: string,
  context: Readonly<Record<string, readonly string[]>>,
): boolean {
  const trustPolicy = parsePolicy(role.trustPolicy, "trust");
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

function compiled(documents: readonly NamedDocument[]): readonly NamedPolicy[] {
  return documents.map(({ name, document }) => {
    const policy = parsePolicy(document, "identity");
    if (!policy.ok)
      throw new Error(`Policy ${name} is not valid at ${policy.error.place}: ${policy.error.message}.`);
    return { name, policy: policy.value };
  });
}
