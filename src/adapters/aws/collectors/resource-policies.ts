import type { Collectors } from "../../../app/ports.ts";
import type { Unavailable } from "../../../core/evidence.ts";
import type { ResourcePolicyFacts } from "../../../core/facts/aws.ts";
import { parseArn } from "../../../core/iam/arn.ts";
import { known } from "../../../core/identity.ts";
import type { JsonValue } from "../../../core/json.ts";
import type { AwsClients } from "../clients.ts";
import { CallFailure, observing } from "../outcome.ts";
import { createOptionalReads } from "../reading/optional-reads.ts";
import { ownAccount } from "../reading/own-account.ts";
import { type PolicyTarget, policyTargets, type Unread } from "../reading/policy-targets.ts";
import { createResourcePolicyReader, policyPermissions } from "../reading/resource-policy-reader.ts";
import { seen } from "./prerequisite.ts";

type Outcome =
  | { readonly ok: true; readonly at: string; readonly policy: ResourcePolicyFacts }
  | { readonly ok: false; readonly target: PolicyTarget; readonly failure: Unavailable };

/**
 * The policies of the very resources that calls are denied on now: buckets, KMS keys, secrets, queues and topics of the
 * account. Optional permissions: s3:GetBucketPolicy, kms:GetKeyPolicy, kms:DescribeKey (for aliases),
 * secretsmanager:GetResourcePolicy, sqs:GetQueueAttributes, sns:GetTopicAttributes.
 */
export function createResourcePoliciesCollector(
  clients: AwsClients,
  clock: () => string,
): Pick<Collectors, "aws.resource-policies"> {
  const read = createResourcePolicyReader(clients);
  const reads = createOptionalReads<JsonValue | null>(clock);

  async function readOne(target: PolicyTarget, signal: AbortSignal): Promise<Outcome> {
    const permission = policyPermissions[target.service];
    // Rights on resources are often for some of them only: another one may be read.
    const what = { permission, of: target.resourceArn, refusedFor: "this" } as const;
    try {
      const { value, at } = await reads(what, signal, (shared) => read(target, shared));
      return { ok: true, at, policy: { resourceArn: target.resourceArn, document: value } };
    } catch (error) {
      if (error instanceof CallFailure) return { ok: false, target, failure: error.unavailable };
      throw error;
    }
  }

  return {
    "aws.resource-policies": {
      kind: "aws.resource-policies",
      group: "config",
      after: ["logs.errors", "k8s.pods", "eks.association", "eks.cluster"],
      collect: (context) =>
        observing(async () => {
          seen(context, "logs.errors");
          const accountId = await ownAccount(clients, context);
          const clusterArn = known(context.evidence["eks.cluster"])?.arn ?? "";
          const partition = parseArn(clusterArn)?.partition ?? "aws";
          const own = { accountId, region: clients.region, partition };
          const { targets, unread } = policyTargets(context.evidence, own);
          const outcomes = await Promise.all(targets.map((target) => readOne(target, context.signal)));
          const found = outcomes.flatMap((outcome) => (outcome.ok ? [outcome] : []));
          const failed = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome]));
          const [first] = found;
          if (first === undefined) throw new CallFailure(nothingRead(failed, unread));
          return {
            status: "found",
            value: {
              policies: found.map(({ policy }) => policy),
              unread: [
                ...failed.map(({ target, failure }) => ({
                  resourceArn: target.resourceArn,
                  reason: reasonOf(failure),
                })),
                ...unread,
              ],
            },
            source: sourcesOf(found.map(({ policy }) => policy.resourceArn)),
            at: found.map(({ at }) => at).sort()[0] ?? first.at,
          };
        }),
    },
  };
}

/** Where no policy was read, the kind as a whole was not: an empty list would say that there is none. */
function nothingRead(
  failed: readonly Extract<Outcome, { ok: false }>[],
  unread: readonly Unread[],
): Unavailable {
  const refused = failed.find(({ failure }) => failure.reason === "access-denied") ?? failed[0];
  if (refused !== undefined) return refused.failure;
  const [first] = unread;
  return {
    status: "unavailable",
    reason: "not-collected",
    source: "eksiam",
    detail:
      first === undefined
        ? "no denied call names the resource whose policy it met"
        : `${first.resourceArn.slice(0, 200)}: ${first.reason}`,
  };
}

function reasonOf({ reason, permission, detail }: Unavailable): string {
  if (reason === "access-denied" && permission !== undefined) return `eksiam may not ${permission}`;
  return detail ?? reason;
}

function sourcesOf(resourceArns: readonly string[]): string {
  const services = resourceArns.map((arn) => parseArn(arn)?.service ?? "secretsmanager");
  const permissions: Readonly<Record<string, string>> = policyPermissions;
  return [...new Set(services.flatMap((service) => permissions[service] ?? []))].join(", ");
}
