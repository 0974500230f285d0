import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRolePolicyCommand,
  ListAttachedRolePoliciesCommand,
  ListPolicyVersionsCommand,
  ListRolePoliciesCommand,
} from "@aws-sdk/client-iam";
import { z } from "zod";
import type { PolicyFacts } from "../../../core/evidence.ts";
import type { PolicyVersionsFacts } from "../../../core/facts/aws.ts";
import type { JsonValue } from "../../../core/json.ts";
import type { AwsClients } from "../clients.ts";
import { call } from "../outcome.ts";
import { attached, document, page, paged, vanished } from "./iam-answers.ts";

/** Reads policies one by one. Throws CallFailure for everything that means "could not look". */
export interface PolicyReader {
  /** A managed policy at its default version. */
  managed(arn: string, signal: AbortSignal): Promise<PolicyFacts>;
  /** All identity policies of a role, managed ones at their default versions. */
  ofRole(roleName: string, signal: AbortSignal): Promise<readonly PolicyFacts[]>;
  /** The versions of a managed policy that are not its default. */
  versions(arn: string, signal: AbortSignal): Promise<PolicyVersionsFacts>;
}

const policySchema = z.object({ Policy: z.object({ PolicyName: z.string(), DefaultVersionId: z.string() }) });
const versionSchema = z.object({ PolicyVersion: z.object({ Document: document }) });
const versionsSchema = z.object({
  ...page,
  Versions: z.array(
    z.object({ VersionId: z.string(), IsDefaultVersion: z.boolean(), CreateDate: z.date().optional() }),
  ),
});

/**
 * Permissions: iam:GetPolicy, iam:GetPolicyVersion, iam:ListAttachedRolePolicies, iam:ListRolePolicies,
 * iam:GetRolePolicy, iam:ListPolicyVersions.
 */
export function createPolicyReader({ iam }: AwsClients): PolicyReader {
  async function describe(PolicyArn: string, signal: AbortSignal) {
    const send = () => iam.send(new GetPolicyCommand({ PolicyArn }), { abortSignal: signal });
    const answer = await call("iam:GetPolicy", send, policySchema, signal);
    if (answer === null) throw vanished("iam:GetPolicy", `policy ${PolicyArn}`);
    return answer.Policy;
  }

  async function version(PolicyArn: string, VersionId: string, signal: AbortSignal): Promise<JsonValue> {
    const command = new GetPolicyVersionCommand({ PolicyArn, VersionId });
    const send = () => iam.send(command, { abortSignal: signal });
    const answer = await call("iam:GetPolicyVersion", send, versionSchema, signal);
    if (answer === null) throw vanished("iam:GetPolicyVersion", `policy ${PolicyArn}`);
    return answer.PolicyVersion.Document;
  }

  async function managed(arn: string, signal: AbortSignal): Promise<PolicyFacts> {
    const policy = await describe(arn, signal);
    return { name: policy.PolicyName, arn, document: await version(arn, policy.DefaultVersionId, signal) };
  }

  async function attachedTo(RoleName: string, signal: AbortSignal): Promise<readonly PolicyFacts[]> {
    const permission = "iam:ListAttachedRolePolicies";
    const list = z.object({ ...page, AttachedPolicies: z.array(attached).default([]) });
    const policies: PolicyFacts[] = [];
    for await (const answer of paged(permission, `role ${RoleName}`, (Marker) => {
      const command = new ListAttachedRolePoliciesCommand({ RoleName, ...(Marker ? { Marker } : {}) });
      return call(permission, () => iam.send(command, { abortSignal: signal }), list, signal);
    })) {
      for (const { PolicyArn } of answer.AttachedPolicies) policies.push(await managed(PolicyArn, signal));
    }
    return policies;
  }

  async function inlineOf(RoleName: string, signal: AbortSignal): Promise<readonly PolicyFacts[]> {
    const list = z.object({ ...page, PolicyNames: z.array(z.string().min(1)).default([]) });
    const policies: PolicyFacts[] = [];
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
    managed,
    async ofRole(roleName, signal) {
      const both = await Promise.all([attachedTo(roleName, signal), inlineOf(roleName, signal)]);
      return both.flat();
    },
    async versions(PolicyArn, signal) {
      const permission = "iam:ListPolicyVersions";
      const { PolicyName, DefaultVersionId } = await describe(PolicyArn, signal);
      const others: { versionId: string; createdAt: string; document: JsonValue }[] = [];
      for await (const answer of paged(permission, `policy ${PolicyArn}`, (Marker) => {
        const command = new ListPolicyVersionsCommand({ PolicyArn, ...(Marker ? { Marker } : {}) });
        return call(permission, () => iam.send(command, { abortSignal: signal }), versionsSchema, signal);
      })) {
        for (const { VersionId, IsDefaultVersion, CreateDate } of answer.Versions) {
          if (IsDefaultVersion) continue;
          others.push({
            versionId: VersionId,
            createdAt: CreateDate?.toISOString() ?? "",
            document: await version(PolicyArn, VersionId, signal),
          });
        }
      }
      return { arn: PolicyArn, name: PolicyName, defaultVersionId: DefaultVersionId, others };
    },
  };
}
