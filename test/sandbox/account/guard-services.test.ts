import { DescribeInstancesCommand, DescribeVpcEndpointsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { DescribeKeyCommand, GetKeyPolicyCommand, KMSClient } from "@aws-sdk/client-kms";
import {
  DescribeOrganizationCommand,
  DescribePolicyCommand,
  ListParentsCommand,
  ListPoliciesForTargetCommand,
  OrganizationsClient,
} from "@aws-sdk/client-organizations";
import { GetBucketPolicyCommand, S3Client } from "@aws-sdk/client-s3";
import { GetResourcePolicyCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetTopicAttributesCommand, SNSClient } from "@aws-sdk/client-sns";
import { GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { accountId, errorOf, everything, region, type Served, serve, statement } from "./served.ts";

let served: Served;
beforeAll(async () => {
  served = await serve();
});
afterAll(() => served.close());
beforeEach(() => {
  served.account.faults.clear();
  served.caller.policies = everything;
});

const policy = statement("Allow", "*");
/** A policy on a resource says whom it is about. */
const open = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }],
};

function clients() {
  const { settings } = served;
  return {
    ec2: new EC2Client(settings),
    organizations: new OrganizationsClient(settings),
    s3: new S3Client(settings),
    kms: new KMSClient(settings),
    secrets: new SecretsManagerClient(settings),
    sqs: new SQSClient({ ...settings, useQueueUrlAsEndpoint: false }),
    sns: new SNSClient(settings),
  };
}

test("EC2: instances with their metadata options, a page at a time", async () => {
  const { ec2 } = clients();
  const instanceProfileArn = `arn:aws:iam::${accountId}:instance-profile/nodes`;
  served.account.addInstance({ instanceId: "i-01", instanceProfileArn, httpPutResponseHopLimit: 1 });
  served.account.addInstance({ instanceId: "i-02", httpEndpoint: "disabled", httpTokens: "optional" });
  served.account.addInstance({ instanceId: "i-03" });
  const Filters = [{ Name: "instance-id", Values: ["i-01", "i-02"] }];
  const first = await ec2.send(new DescribeInstancesCommand({ Filters, MaxResults: 1 }));
  const NextToken = first.NextToken ?? "";
  const second = await ec2.send(new DescribeInstancesCommand({ Filters, MaxResults: 1, NextToken }));
  const instances = [first, second].flatMap(({ Reservations = [] }) =>
    Reservations.flatMap(({ Instances = [] }) => Instances),
  );
  expect(instances).toMatchObject([
    {
      InstanceId: "i-01",
      IamInstanceProfile: { Arn: instanceProfileArn },
      MetadataOptions: { HttpEndpoint: "enabled", HttpTokens: "required", HttpPutResponseHopLimit: 1 },
    },
    { InstanceId: "i-02", MetadataOptions: { HttpEndpoint: "disabled", HttpTokens: "optional" } },
  ]);
  expect(second.NextToken).toBeUndefined();
});

test("EC2: the endpoints of a VPC with their policies", async () => {
  const { id } = served.account.addVpcEndpoint({ vpcId: "vpc-1", service: "sts", policy });
  served.account.addVpcEndpoint({ vpcId: "vpc-2", service: "sts" });
  const Filters = [{ Name: "vpc-id", Values: ["vpc-1"] }];
  const { VpcEndpoints } = await clients().ec2.send(new DescribeVpcEndpointsCommand({ Filters }));
  expect(VpcEndpoints).toMatchObject([
    {
      VpcEndpointId: id,
      VpcEndpointType: "Interface",
      ServiceName: `com.amazonaws.${region}.sts`,
      PrivateDnsEnabled: true,
      PolicyDocument: JSON.stringify(policy),
    },
  ]);
});

describe("EC2 refuses", () => {
  test("a dry run: it says whether the call would go through", async () => {
    const command = new DescribeInstancesCommand({ DryRun: true });
    expect(await errorOf(clients().ec2.send(command))).toMatchObject({
      name: "DryRunOperation",
      status: 412,
    });
    served.caller.policies = [];
    expect(await errorOf(clients().ec2.send(command))).toMatchObject({
      name: "UnauthorizedOperation",
      status: 403,
      message: expect.stringContaining("You are not authorized to perform this operation."),
    });
  });
});

describe("Organizations", () => {
  const list = (TargetId: string, NextToken?: string) =>
    new ListPoliciesForTargetCommand({
      TargetId,
      Filter: "SERVICE_CONTROL_POLICY",
      ...(NextToken === undefined ? {} : { NextToken }),
    });

  test("an account of its own, a member, a delegated administrator", async () => {
    const { organizations } = clients();
    expect(await errorOf(organizations.send(list(accountId)))).toMatchObject({
      name: "AWSOrganizationsNotInUseException",
    });
    served.account.joinOrganization();
    expect(await errorOf(organizations.send(list(accountId)))).toMatchObject({
      name: "AccessDeniedException",
      message: "You don't have permissions to access this resource.",
    });
    const { Organization } = await organizations.send(new DescribeOrganizationCommand({}));
    expect(Organization).toMatchObject({ MasterAccountId: "999999999999" });

    served.account.joinOrganization("delegated-administrator");
    served.account.addServiceControlPolicy({ name: "one", document: policy });
    const arn = served.account.addServiceControlPolicy({ name: "two", document: policy });
    const first = await organizations.send(list(accountId));
    const second = await organizations.send(list(accountId, first.NextToken));
    const policies = [first, second].flatMap(({ Policies = [] }) => Policies);
    expect(policies.map(({ Name }) => Name)).toEqual(["FullAWSAccess", "one", "two"]);
    const { Policy } = await organizations.send(new DescribePolicyCommand({ PolicyId: policies[2]?.Id }));
    expect(Policy).toMatchObject({ PolicySummary: { Arn: arn }, Content: JSON.stringify(policy) });
    const { Parents } = await organizations.send(new ListParentsCommand({ ChildId: accountId }));
    expect(Parents).toMatchObject([{ Type: "ORGANIZATIONAL_UNIT" }]);
  });
});

test("resource policies: S3, KMS by key and by alias, Secrets Manager, SQS, SNS", async () => {
  const { s3, kms, secrets, sqs, sns } = clients();
  const key = `arn:aws:kms:${region}:${accountId}:key/1234`;
  const secret = `arn:aws:secretsmanager:${region}:${accountId}:secret:carts-AbCdEf`;
  const queue = `arn:aws:sqs:${region}:${accountId}:orders`;
  const topic = `arn:aws:sns:${region}:${accountId}:orders`;
  for (const arn of ["arn:aws:s3:::assets", key, secret, queue, topic]) {
    served.account.addResource({ arn, policy: open });
  }
  served.account.addKmsAlias("alias/carts", key);
  const text = JSON.stringify(open);
  expect((await s3.send(new GetBucketPolicyCommand({ Bucket: "assets" }))).Policy).toBe(text);
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: "alias/carts" }));
  expect(KeyMetadata?.Arn).toBe(key);
  const keyPolicy = await kms.send(new GetKeyPolicyCommand({ KeyId: key, PolicyName: "default" }));
  expect(JSON.parse(keyPolicy.Policy ?? "")).toEqual(open);
  expect((await secrets.send(new GetResourcePolicyCommand({ SecretId: secret }))).ResourcePolicy).toBe(text);
  const QueueUrl = `https://sqs.${region}.amazonaws.com/${accountId}/orders`;
  const queueAttributes = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["Policy"] });
  expect((await sqs.send(queueAttributes)).Attributes).toEqual({ Policy: text });
  const { Attributes } = await sns.send(new GetTopicAttributesCommand({ TopicArn: topic }));
  expect(Attributes?.["Policy"]).toBe(text);
});

test("what is not there", async () => {
  const { s3, kms, secrets, sqs, sns } = clients();
  served.account.addResource({ arn: "arn:aws:s3:::bare" });
  served.account.addResource({ arn: "arn:aws:s3:::foreign", ownerAccountId: "444455556666" });
  const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["NoSuchBucketPolicy", () => s3.send(new GetBucketPolicyCommand({ Bucket: "bare" }))],
    ["NoSuchBucket", () => s3.send(new GetBucketPolicyCommand({ Bucket: "none" }))],
    ["AccessDenied", () => s3.send(new GetBucketPolicyCommand({ Bucket: "foreign" }))],
    ["NotFoundException", () => kms.send(new GetKeyPolicyCommand({ KeyId: "none" }))],
    ["ResourceNotFoundException", () => secrets.send(new GetResourcePolicyCommand({ SecretId: "none" }))],
    [
      "QueueDoesNotExist",
      () => sqs.send(new GetQueueAttributesCommand({ QueueUrl: `https://sqs/${accountId}/none` })),
    ],
    [
      "NotFoundException",
      () => sns.send(new GetTopicAttributesCommand({ TopicArn: `arn:aws:sns:${region}:${accountId}:none` })),
    ],
  ];
  for (const [name, call] of calls) expect((await errorOf(call())).name, name).toBe(name);
});

test("whoever may not, or is throttled, is told so in each service's own words", async () => {
  const { ec2, organizations, s3, kms, secrets, sqs, sns } = clients();
  served.account.addResource({ arn: "arn:aws:s3:::guarded" });
  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    ec2: () => ec2.send(new DescribeInstancesCommand({})),
    organizations: () => organizations.send(new DescribeOrganizationCommand({})),
    s3: () => s3.send(new GetBucketPolicyCommand({ Bucket: "guarded" })),
    kms: () => kms.send(new DescribeKeyCommand({ KeyId: "alias/none" })),
    secretsmanager: () => secrets.send(new GetResourcePolicyCommand({ SecretId: "none" })),
    sqs: () => sqs.send(new GetQueueAttributesCommand({ QueueUrl: `https://sqs/${accountId}/none` })),
    sns: () =>
      sns.send(new GetTopicAttributesCommand({ TopicArn: `arn:aws:sns:${region}:${accountId}:none` })),
  };
  served.caller.policies = [];
  const told: Record<string, readonly string[]> = {};
  for (const [service, call] of Object.entries(calls)) {
    const denied = await errorOf(call());
    served.account.faults.set(`${service}:*`, "throttled", 1);
    const throttled = await errorOf(call());
    told[service] = [denied.name, throttled.name];
  }
  expect(told).toEqual({
    ec2: ["UnauthorizedOperation", "RequestLimitExceeded"],
    organizations: ["AccessDeniedException", "ThrottlingException"],
    s3: ["AccessDenied", "SlowDown"],
    kms: ["AccessDeniedException", "ThrottlingException"],
    secretsmanager: ["AccessDeniedException", "ThrottlingException"],
    sqs: ["AccessDeniedException", "ThrottlingException"],
    sns: ["AuthorizationErrorException", "Throttling"],
  });
});
