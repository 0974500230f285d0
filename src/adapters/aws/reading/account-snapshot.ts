import { GetAccountAuthorizationDetailsCommand } from "@aws-sdk/client-iam";
import type { z } from "zod";
import type { CandidateRole, PolicyFacts } from "../../../core/evidence.ts";
import type { JsonValue } from "../../../core/json.ts";
import type { AwsClients } from "../clients.ts";
import { CallFailure, call, timedOut } from "../outcome.ts";
import { detailsSchema, paged } from "./iam-answers.ts";
import { createSharedCalls } from "./shared-calls.ts";

/** All roles of the account with what they may do, as of one moment. */
export interface AccountSnapshot {
  /** ISO time at which reading began. */
  readonly at: string;
  readonly roles: readonly CandidateRole[];
}

export const snapshotPermission = "iam:GetAccountAuthorizationDetails";

/**
 * Reads the account once for everybody who asks within `keptForMs`; what is shown carries the time at which it was read.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
 */
export function createAccountSnapshot(
  { iam }: AwsClients,
  clock: () => string,
  keptForMs: number,
): (signal: AbortSignal) => Promise<AccountSnapshot> {
  const shared = createSharedCalls<AccountSnapshot>();
  let kept: AccountSnapshot | null = null;

  async function read(signal: AbortSignal): Promise<AccountSnapshot> {
    const at = clock();
    const details: z.output<typeof detailsSchema>["RoleDetailList"] = [];
    const documents = new Map<string, JsonValue>();
    for await (const answer of paged(snapshotPermission, "the account", (Marker) => {
      const command = new GetAccountAuthorizationDetailsCommand({
        Filter: ["Role", "LocalManagedPolicy", "AWSManagedPolicy"],
        // The most that IAM gives at once; it gives fewer where it will.
        MaxItems: 1_000,
        ...(Marker ? { Marker } : {}),
      });
      return call(
        snapshotPermission,
        () => iam.send(command, { abortSignal: signal }),
        detailsSchema,
        signal,
      );
    })) {
      details.push(...answer.RoleDetailList);
      for (const policy of answer.Policies) {
        const current = policy.PolicyVersionList.find((version) => version.IsDefaultVersion);
        if (current !== undefined) documents.set(policy.Arn, current.Document);
      }
    }
    kept = { at, roles: details.map((detail) => roleOf(detail, documents)).sort(byArn) };
    return kept;
  }

  return (signal) => {
    if (kept !== null && Date.parse(clock()) - Date.parse(kept.at) < keptForMs) return Promise.resolve(kept);
    return shared("account", signal, read).catch((error) => {
      throw error instanceof CallFailure || !signal.aborted ? error : timedOut(snapshotPermission);
    });
  };
}

function roleOf(
  detail: z.output<typeof detailsSchema>["RoleDetailList"][number],
  documents: ReadonlyMap<string, JsonValue>,
): CandidateRole {
  const managed = detail.AttachedManagedPolicies.flatMap(({ PolicyName, PolicyArn }): PolicyFacts[] => {
    const document = documents.get(PolicyArn);
    return document === undefined ? [] : [{ name: PolicyName, arn: PolicyArn, document }];
  });
  const inline = detail.RolePolicyList.map(
    ({ PolicyName, PolicyDocument }): PolicyFacts => ({
      name: PolicyName,
      arn: null,
      document: PolicyDocument,
    }),
  );
  return {
    arn: detail.Arn,
    name: detail.RoleName,
    trustPolicy: detail.AssumeRolePolicyDocument,
    policies: [...managed, ...inline],
    tags: detail.Tags,
  };
}

function byArn(a: CandidateRole, b: CandidateRole): number {
  return a.arn < b.arn ? -1 : 1;
}
