import type { PermissionCheck } from "../../../app/ports.ts";
import { type AwsClients, callerIdentity } from "../clients.ts";
import { nothing, tryOut } from "./verdict.ts";

const purposes = {
  ec2: "the metadata options of instances and the policies of VPC endpoints",
  resources: "the policies of the buckets, keys, secrets, queues and topics that calls are denied on",
  organization:
    "the organization's policies, which only its management account and delegated administrators may read",
} as const;

/** S3 and SQS say of what is not there only that it is not there, to whoever asks. */
const untellable = "whether it is granted shows only on one that exists";

/**
 * Tries the permissions of deploy/iam/investigator-optional.json, as far as calls that change nothing and name nothing
 * can tell. `administrator` are the clients that ask Organizations. Empty where this process has no credentials.
 */
export async function probeOptional(
  clients: AwsClients,
  administrator: Pick<AwsClients, "other">,
  abortSignal: AbortSignal,
): Promise<readonly PermissionCheck[]> {
  let accountId: string;
  try {
    ({ accountId } = await callerIdentity(clients, abortSignal));
  } catch {
    return [];
  }
  const probes = await Promise.all([
    ec2Probes(clients, abortSignal),
    resourceProbes(clients, accountId, abortSignal),
    organizationProbes(administrator, accountId, abortSignal),
  ]);
  const tried = await Promise.all(
    probes.flatMap(({ purpose, calls }) =>
      Object.entries(calls).map(async ([permission, probe]): Promise<PermissionCheck> => {
        const check =
          probe === null
            ? { permission, granted: null, detail: untellable }
            : await tryOut(permission, probe);
        return { ...check, optionalFor: purpose };
      }),
    ),
  );
  return tried;
}

interface Probes {
  readonly purpose: string;
  /** By permission; null: no call can tell. */
  readonly calls: Readonly<Record<string, (() => Promise<unknown>) | null>>;
}

async function ec2Probes(clients: AwsClients, abortSignal: AbortSignal): Promise<Probes> {
  const { DescribeInstancesCommand, DescribeVpcEndpointsCommand, EC2Client } = await import(
    "@aws-sdk/client-ec2"
  );
  const ec2 = clients.other((settings) => new EC2Client(settings));
  const DryRun = true;
  return {
    purpose: purposes.ec2,
    calls: {
      "ec2:DescribeInstances": () => ec2.send(new DescribeInstancesCommand({ DryRun }), { abortSignal }),
      "ec2:DescribeVpcEndpoints": () =>
        ec2.send(new DescribeVpcEndpointsCommand({ DryRun }), { abortSignal }),
    },
  };
}

async function resourceProbes(
  clients: AwsClients,
  accountId: string,
  abortSignal: AbortSignal,
): Promise<Probes> {
  const [kmsSdk, secretsSdk, snsSdk] = await Promise.all([
    import("@aws-sdk/client-kms"),
    import("@aws-sdk/client-secrets-manager"),
    import("@aws-sdk/client-sns"),
  ]);
  const kms = clients.other((settings) => new kmsSdk.KMSClient(settings));
  const secrets = clients.other((settings) => new secretsSdk.SecretsManagerClient(settings));
  const sns = clients.other((settings) => new snsSdk.SNSClient(settings));
  const key = {
    KeyId: `arn:aws:kms:${clients.region}:${accountId}:key/00000000-0000-0000-0000-000000000000`,
  };
  const topic = { TopicArn: `arn:aws:sns:${clients.region}:${accountId}:${nothing}` };
  return {
    purpose: purposes.resources,
    calls: {
      "s3:GetBucketPolicy": null,
      "kms:GetKeyPolicy": () => kms.send(new kmsSdk.GetKeyPolicyCommand(key), { abortSignal }),
      "kms:DescribeKey": () => kms.send(new kmsSdk.DescribeKeyCommand(key), { abortSignal }),
      "secretsmanager:GetResourcePolicy": () =>
        secrets.send(new secretsSdk.GetResourcePolicyCommand({ SecretId: nothing }), { abortSignal }),
      "sqs:GetQueueAttributes": null,
      "sns:GetTopicAttributes": () => sns.send(new snsSdk.GetTopicAttributesCommand(topic), { abortSignal }),
    },
  };
}

async function organizationProbes(
  administrator: Pick<AwsClients, "other">,
  accountId: string,
  abortSignal: AbortSignal,
): Promise<Probes> {
  const sdk = await import("@aws-sdk/client-organizations");
  const organizations = administrator.other((settings) => new sdk.OrganizationsClient(settings));
  const target = { TargetId: accountId, Filter: "SERVICE_CONTROL_POLICY" } as const;
  const options = { abortSignal };
  return {
    purpose: purposes.organization,
    calls: {
      "organizations:ListPoliciesForTarget": () =>
        organizations.send(new sdk.ListPoliciesForTargetCommand(target), options),
      "organizations:DescribeOrganization": () =>
        organizations.send(new sdk.DescribeOrganizationCommand({}), options),
      "organizations:ListParents": () =>
        organizations.send(new sdk.ListParentsCommand({ ChildId: accountId }), options),
      "organizations:DescribePolicy": () =>
        organizations.send(new sdk.DescribePolicyCommand({ PolicyId: "p-FullAWSAccess" }), options),
    },
  };
}
