import { z } from "zod";
import type { JsonValue } from "../../../core/json.ts";
import type { AwsClients } from "../clients.ts";
import { call } from "../outcome.ts";
import { unread } from "./iam-answers.ts";
import { jsonText } from "./json-text.ts";
import { lazily } from "./optional-reads.ts";
import type { PolicyService, PolicyTarget } from "./policy-targets.ts";

/** The IAM action by which the policies of each service's resources are read. */
export const policyPermissions: Readonly<Record<PolicyService, string>> = {
  s3: "s3:GetBucketPolicy",
  kms: "kms:GetKeyPolicy",
  secretsmanager: "secretsmanager:GetResourcePolicy",
  sqs: "sqs:GetQueueAttributes",
  sns: "sns:GetTopicAttributes",
};

/** Reads the policy of one resource; null: it has none. @throws CallFailure */
export type ResourcePolicyReader = (target: PolicyTarget, signal: AbortSignal) => Promise<JsonValue | null>;

/**
 * Each service's package is loaded when the first of its resources is asked for.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
 */
export function createResourcePolicyReader(clients: AwsClients): ResourcePolicyReader {
  const readers: Readonly<Record<PolicyService, ResourcePolicyReader>> = {
    s3: bucketReader(clients),
    kms: keyReader(clients),
    secretsmanager: secretReader(clients),
    sqs: queueReader(clients),
    sns: topicReader(clients),
  };
  return (target, signal) => readers[target.service](target, signal);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicy.html */
function bucketReader(clients: AwsClients): ResourcePolicyReader {
  const permission = policyPermissions.s3;
  const s3 = lazily(async () => {
    const sdk = await import("@aws-sdk/client-s3");
    // A bucket's ARN does not tell its Region; S3's answer does.
    const client = clients.other(
      (settings) => new sdk.S3Client({ ...settings, followRegionRedirects: true }),
    );
    return { ...sdk, client };
  });
  return async ({ id }, abortSignal) => {
    const { client, GetBucketPolicyCommand } = await s3();
    const send = () => client.send(new GetBucketPolicyCommand({ Bucket: id }), { abortSignal });
    const schema = z.object({ Policy: jsonText });
    return (await call(permission, send, schema, abortSignal, ["NoSuchBucketPolicy"]))?.Policy ?? null;
  };
}

/** Takes a key's ARN, or an alias's. https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html */
function keyReader(clients: AwsClients): ResourcePolicyReader {
  const permission = policyPermissions.kms;
  const kms = lazily(async () => {
    const sdk = await import("@aws-sdk/client-kms");
    const clientOf = perRegion((region) =>
      clients.other((settings) => new sdk.KMSClient({ ...settings, region })),
    );
    return { ...sdk, clientOf };
  });
  return async ({ id, region }, abortSignal) => {
    const { clientOf, DescribeKeyCommand, GetKeyPolicyCommand } = await kms();
    const client = clientOf(region);
    let KeyId = id;
    if (id.includes(":alias/")) {
      const describe = () => client.send(new DescribeKeyCommand({ KeyId: id }), { abortSignal });
      const schema = z.object({ KeyMetadata: z.object({ Arn: z.string() }) });
      const answer = await call("kms:DescribeKey", describe, schema, abortSignal, ["NotFoundException"]);
      if (answer === null) throw unread("kms:DescribeKey", `there is no key ${id}`);
      KeyId = answer.KeyMetadata.Arn;
    }
    const command = new GetKeyPolicyCommand({ KeyId, PolicyName: "default" });
    const send = () => client.send(command, { abortSignal });
    const answer = await call(permission, send, z.object({ Policy: jsonText }), abortSignal, [
      "NotFoundException",
    ]);
    if (answer === null) throw unread(permission, `there is no key ${id}`);
    return answer.Policy;
  };
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetResourcePolicy.html */
function secretReader(clients: AwsClients): ResourcePolicyReader {
  const permission = policyPermissions.secretsmanager;
  const secrets = lazily(async () => {
    const sdk = await import("@aws-sdk/client-secrets-manager");
    const clientOf = perRegion((region) =>
      clients.other((settings) => new sdk.SecretsManagerClient({ ...settings, region })),
    );
    return { ...sdk, clientOf };
  });
  return async ({ id, region }, abortSignal) => {
    const { clientOf, GetResourcePolicyCommand } = await secrets();
    const send = () => clientOf(region).send(new GetResourcePolicyCommand({ SecretId: id }), { abortSignal });
    // The ARN is always in the answer: without it, it is none of Secrets Manager's.
    const schema = z.object({ ARN: z.string(), ResourcePolicy: jsonText.optional() });
    const answer = await call(permission, send, schema, abortSignal);
    if (answer === null) throw unread(permission, `there is no secret ${id}`);
    return answer.ResourcePolicy ?? null;
  };
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html */
function queueReader(clients: AwsClients): ResourcePolicyReader {
  const permission = policyPermissions.sqs;
  const sqs = lazily(async () => {
    const sdk = await import("@aws-sdk/client-sqs");
    // The URL is made of what a log says: it names the queue, and never the host that is asked.
    const clientOf = perRegion((region) =>
      clients.other((settings) => new sdk.SQSClient({ ...settings, region, useQueueUrlAsEndpoint: false })),
    );
    return { ...sdk, clientOf };
  });
  return async ({ id, region }, abortSignal) => {
    const { clientOf, GetQueueAttributesCommand } = await sqs();
    const command = new GetQueueAttributesCommand({ QueueUrl: id, AttributeNames: ["QueueArn", "Policy"] });
    const send = () => clientOf(region).send(command, { abortSignal });
    const schema = z.object({ Attributes: z.object({ QueueArn: z.string(), Policy: jsonText.optional() }) });
    const answer = await call(permission, send, schema, abortSignal, ["QueueDoesNotExist"]);
    if (answer === null) throw unread(permission, `there is no queue ${id}`);
    return answer.Attributes.Policy ?? null;
  };
}

/** https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html */
function topicReader(clients: AwsClients): ResourcePolicyReader {
  const permission = policyPermissions.sns;
  const sns = lazily(async () => {
    const sdk = await import("@aws-sdk/client-sns");
    const clientOf = perRegion((region) =>
      clients.other((settings) => new sdk.SNSClient({ ...settings, region })),
    );
    return { ...sdk, clientOf };
  });
  return async ({ id, region }, abortSignal) => {
    const { clientOf, GetTopicAttributesCommand } = await sns();
    const send = () =>
      clientOf(region).send(new GetTopicAttributesCommand({ TopicArn: id }), { abortSignal });
    const schema = z.object({ Attributes: z.object({ TopicArn: z.string(), Policy: jsonText.optional() }) });
    const answer = await call(permission, send, schema, abortSignal, ["NotFoundException"]);
    if (answer === null) throw unread(permission, `there is no topic ${id}`);
    return answer.Attributes.Policy ?? null;
  };
}

function perRegion<C>(make: (region: string) => C): (region: string) => C {
  const made = new Map<string, C>();
  return (region) => {
    const client = made.get(region) ?? make(region);
    made.set(region, client);
    return client;
  };
}
