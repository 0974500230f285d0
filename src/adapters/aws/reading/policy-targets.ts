import type { Evidence } from "../../../core/evidence.ts";
import { isAccountId, parseArn } from "../../../core/iam/arn.ts";
import { deniedResources } from "../../../core/resource-policies.ts";

export type PolicyService = "s3" | "kms" | "secretsmanager" | "sqs" | "sns";

/** A resource whose policy can be asked for. */
export interface PolicyTarget {
  readonly service: PolicyService;
  /** As the denial names it; of an object its bucket's. */
  readonly resourceArn: string;
  readonly region: string;
  /** What the service's call wants: a bucket's name, a queue's URL, else an ARN or a secret's name. */
  readonly id: string;
}

export interface Unread {
  readonly resourceArn: string;
  readonly reason: string;
}

const maxTargets = 10;

/** A Region becomes part of a host's name, and comes from a log. */
const regionPattern = /^[a-z]{2,4}(?:-[a-z]{2,10}){1,3}-\d{1,2}$/;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const bucketPattern = /^[a-zA-Z0-9][a-zA-Z0-9._-]{1,253}[a-zA-Z0-9]$/;

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html */
const secretPattern = /^[\w/+=.@-]{1,512}$/;

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html */
const queuePattern = /^[\w-]{1,80}(?:\.fifo)?$/;

/**
 * The resources that calls are denied on now, as far as their policies can be asked for with the account's own
 * credentials. What a log names may be anything: only what AWS could have written is asked for.
 */
export function policyTargets(
  evidence: Evidence,
  own: { readonly accountId: string; readonly region: string; readonly partition: string },
): { readonly targets: readonly PolicyTarget[]; readonly unread: readonly Unread[] } {
  const targets = new Map<string, PolicyTarget>();
  const unread = new Map<string, Unread>();
  for (const { resource, action } of deniedResources(evidence)) {
    const target = targetOf(resource, action, own);
    if (typeof target === "string") unread.set(resource, { resourceArn: resource, reason: target });
    else if (targets.size < maxTargets) targets.set(target.resourceArn, target);
    else
      unread.set(target.resourceArn, { resourceArn: target.resourceArn, reason: `more than ${maxTargets}` });
  }
  return { targets: [...targets.values()], unread: [...unread.values()] };
}

/** Or why its policy is not read. */
function targetOf(
  resource: string,
  action: string,
  own: Parameters<typeof policyTargets>[1],
): PolicyTarget | string {
  const arn = parseArn(resource);
  if (arn === null) {
    const named = action.startsWith("secretsmanager:") && secretPattern.test(resource);
    return named
      ? { service: "secretsmanager", resourceArn: resource, region: own.region, id: resource }
      : "the denial does not name it by its ARN";
  }
  const { service, accountId } = arn;
  const region = arn.region === "" ? own.region : arn.region;
  if (!isKnownService(service)) {
    return `eksiam reads the policies of S3 buckets, KMS keys, secrets, queues and topics, not those of ${service.slice(0, 40)}`;
  }
  const bucket = service === "s3" && accountId === "";
  if (!bucket && accountId !== own.accountId) {
    return isAccountId(accountId)
      ? `it is in account ${accountId}, where eksiam has no access`
      : "its ARN is not complete";
  }
  if (arn.partition !== own.partition || !regionPattern.test(region)) return "its ARN is not of this cloud";
  if (service === "s3" && !bucket)
    return "access points have policies of their own, which eksiam does not read";
  const id = idOf(service, arn.resource, resource, { ...own, region });
  if (id === null) return "its ARN names no single resource of a kind that eksiam reads";
  const resourceArn = service === "s3" ? `arn:${arn.partition}:s3:::${id}` : resource;
  return { service, resourceArn, region, id };
}

function isKnownService(service: string): service is PolicyService {
  return ["s3", "kms", "secretsmanager", "sqs", "sns"].includes(service);
}

function idOf(
  service: PolicyService,
  name: string,
  arn: string,
  { accountId, region, partition }: { accountId: string; region: string; partition: string },
): string | null {
  switch (service) {
    case "s3": {
      const bucket = name.split("/")[0] ?? "";
      return bucketPattern.test(bucket) ? bucket : null;
    }
    case "sqs": {
      const suffix = partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
      return queuePattern.test(name) ? `https://sqs.${region}.${suffix}/${accountId}/${name}` : null;
    }
    case "kms":
      return /^(?:key\/[\w-]{1,64}|alias\/[\w/-]{1,250})$/.test(name) ? arn : null;
    case "secretsmanager":
      return name.startsWith("secret:") && secretPattern.test(name.slice("secret:".length)) ? arn : null;
    case "sns":
      return /^[\w-]{1,256}(?:\.fifo)?$/.test(name) ? arn : null;
  }
}
