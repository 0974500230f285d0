import { z } from "zod";
import type { CollectContext, Collectors } from "../../../app/ports.ts";
import type { InstanceFacts, VpcEndpointFacts } from "../../../core/facts/aws.ts";
import type { AwsClients } from "../clients.ts";
import { call, observing } from "../outcome.ts";
import { unread } from "../reading/iam-answers.ts";
import { jsonText } from "../reading/json-text.ts";
import { createOptionalReads, lazily } from "../reading/optional-reads.ts";
import { seen } from "./prerequisite.ts";

const page = { NextToken: z.string().optional() };
const instancesSchema = z.object({
  ...page,
  // EC2 answers an empty list for no instance; without any list it is no answer of EC2's.
  Reservations: z.array(
    z.object({
      Instances: z
        .array(
          z.object({
            InstanceId: z.string(),
            IamInstanceProfile: z.object({ Arn: z.string() }).optional(),
            MetadataOptions: z.object({
              HttpEndpoint: z.enum(["enabled", "disabled"]),
              HttpTokens: z.enum(["required", "optional"]),
              HttpPutResponseHopLimit: z.number(),
            }),
          }),
        )
        .default([]),
    }),
  ),
});
const endpointsSchema = z.object({
  ...page,
  VpcEndpoints: z.array(
    z.object({
      VpcEndpointId: z.string(),
      ServiceName: z.string(),
      VpcEndpointType: z.string().default("Gateway"),
      PrivateDnsEnabled: z.boolean().default(false),
      State: z.string().default("available"),
      PolicyDocument: jsonText.optional(),
    }),
  ),
});

const describeInstances = "ec2:DescribeInstances";
const describeEndpoints = "ec2:DescribeVpcEndpoints";
const maxPages = 10;

/**
 * Collectors that ask EC2, only where a symptom makes it relevant. Permissions, both optional: ec2:DescribeInstances,
 * ec2:DescribeVpcEndpoints. Endpoints of a VPC that another account shares are shown to that account alone.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpoints.html
 */
export function createEc2Collectors(
  clients: AwsClients,
  clock: () => string,
): Pick<Collectors, "ec2.instances" | "ec2.vpc-endpoints"> {
  const ec2 = lazily(async () => {
    const sdk = await import("@aws-sdk/client-ec2");
    return { ...sdk, client: clients.other((settings) => new sdk.EC2Client(settings)) };
  });
  const instances = createOptionalReads<readonly InstanceFacts[]>(clock);
  const endpoints = createOptionalReads<readonly VpcEndpointFacts[]>(clock);

  async function readInstances(
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly InstanceFacts[]> {
    const { client, DescribeInstancesCommand } = await ec2();
    // By a filter: an instance that is gone is then left out, where asking for its id would fail the whole call.
    const Filters = [{ Name: "instance-id", Values: [...ids] }];
    const answers = await paged(describeInstances, (NextToken) => {
      const command = new DescribeInstancesCommand({ Filters, ...NextToken });
      const send = () => client.send(command, { abortSignal: signal });
      return call(describeInstances, send, instancesSchema, signal);
    });
    return answers
      .flatMap(({ Reservations }) => Reservations)
      .flatMap(({ Instances }) => Instances)
      .map(({ InstanceId, IamInstanceProfile, MetadataOptions }) => ({
        instanceId: InstanceId,
        instanceProfileArn: IamInstanceProfile?.Arn ?? null,
        metadata: {
          endpoint: MetadataOptions.HttpEndpoint,
          tokens: MetadataOptions.HttpTokens,
          hopLimit: MetadataOptions.HttpPutResponseHopLimit,
        },
      }));
  }

  async function readEndpoints(vpcId: string, signal: AbortSignal): Promise<readonly VpcEndpointFacts[]> {
    const { client, DescribeVpcEndpointsCommand } = await ec2();
    const Filters = [{ Name: "vpc-id", Values: [vpcId] }];
    const answers = await paged(describeEndpoints, (NextToken) => {
      const command = new DescribeVpcEndpointsCommand({ Filters, ...NextToken });
      const send = () => client.send(command, { abortSignal: signal });
      return call(describeEndpoints, send, endpointsSchema, signal);
    });
    return answers
      .flatMap(({ VpcEndpoints }) => VpcEndpoints)
      .filter(({ State }) => State.toLowerCase() === "available")
      .map(({ VpcEndpointId, ServiceName, VpcEndpointType, PrivateDnsEnabled, PolicyDocument }) => ({
        id: VpcEndpointId,
        serviceName: ServiceName,
        type: VpcEndpointType,
        privateDns: PrivateDnsEnabled,
        policy: PolicyDocument ?? null,
      }));
  }

  return {
    "ec2.instances": {
      kind: "ec2.instances",
      group: "config",
      after: ["k8s.nodes"],
      collect: (context) =>
        observing(async () => {
          const nodes = seen(context, "k8s.nodes");
          if (nodes.status === "absent") return { status: "absent", source: nodes.source, at: clock() };
          const ids = instanceIds(context);
          // Fargate and hybrid nodes are no instances.
          if (ids.length === 0) return { status: "absent", source: nodes.source, at: clock() };
          const what = {
            permission: describeInstances,
            of: ids.join(" "),
            refusedFor: "everything",
          } as const;
          const read = await instances(what, context.signal, (signal) => readInstances(ids, signal));
          return { status: "found", source: describeInstances, ...read };
        }),
    },
    "ec2.vpc-endpoints": {
      kind: "ec2.vpc-endpoints",
      group: "config",
      after: ["eks.cluster"],
      collect: (context) =>
        observing(async () => {
          const cluster = seen(context, "eks.cluster");
          if (cluster.status === "absent" || cluster.value.vpcId === null) {
            return { status: "absent", source: cluster.source, at: clock() };
          }
          const { vpcId } = cluster.value;
          const what = { permission: describeEndpoints, of: vpcId, refusedFor: "everything" } as const;
          const read = await endpoints(what, context.signal, (signal) => readEndpoints(vpcId, signal));
          return { status: "found", source: describeEndpoints, ...read };
        }),
    },
  };
}

function instanceIds(context: CollectContext): readonly string[] {
  const nodes = seen(context, "k8s.nodes");
  if (nodes.status === "absent") return [];
  const ids = nodes.value.flatMap(({ instanceId }) => (instanceId?.startsWith("i-") ? [instanceId] : []));
  return [...new Set(ids)].sort();
}

/** @throws CallFailure where the list is longer than is read: a part is not the whole. */
async function paged<T extends { readonly NextToken?: string | undefined }>(
  permission: string,
  next: (token: { readonly NextToken?: string }) => Promise<T | null>,
): Promise<readonly T[]> {
  const pages: T[] = [];
  let token: { readonly NextToken?: string } = {};
  for (let count = 0; count < maxPages; count++) {
    const answer = await next(token);
    if (answer === null) throw unread(permission, "EC2 knows no such thing");
    pages.push(answer);
    if (!answer.NextToken) return pages;
    token = { NextToken: answer.NextToken };
  }
  throw unread(permission, `more than ${maxPages} pages`);
}
