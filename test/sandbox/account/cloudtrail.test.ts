import {
  type CloudTrailClient,
  LookupEventsCommand,
  type LookupEventsCommandInput,
} from "@aws-sdk/client-cloudtrail";
import { CreatePodIdentityAssociationCommand, DescribeClusterCommand } from "@aws-sdk/client-eks";
import { GetRoleCommand } from "@aws-sdk/client-iam";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { accountId, callerArn, errorOf, type Served, serve, statement, trustService } from "./served.ts";

let served: Served;
let trail: CloudTrailClient;

beforeEach(async () => {
  served = await serve();
  trail = served.cloudtrail();
});
afterEach(() => served.close());

const lookUp = (input: LookupEventsCommandInput = {}, client = trail) =>
  client.send(new LookupEventsCommand(input));
const by = (
  AttributeKey: "EventName" | "Username" | "ResourceName" | "EventSource",
  AttributeValue: string,
) => ({
  LookupAttributes: [{ AttributeKey, AttributeValue }],
});

function happen(eventName: string, facts: Record<string, string> = {}): void {
  served.account.recordEvent({
    eventSource: "ec2.amazonaws.com",
    eventName,
    userIdentity: { type: "IAMUser", userName: "ana" },
    ...facts,
  });
}

describe("LookupEvents", () => {
  test("answers newest first, with the record as JSON text", async () => {
    happen("DescribeVpcs");
    served.pass(1_000);
    happen("DescribeSubnets", { errorCode: "Client.UnauthorizedOperation" });

    const { Events } = await lookUp(by("Username", "ana"));

    expect(Events?.map((event) => event.EventName)).toEqual(["DescribeSubnets", "DescribeVpcs"]);
    expect(Events?.[0]).toMatchObject({
      EventTime: new Date("2026-01-31T12:00:01Z"),
      Username: "ana",
      ReadOnly: "true",
    });
    expect(JSON.parse(Events?.[0]?.CloudTrailEvent ?? "")).toMatchObject({
      eventID: Events?.[0]?.EventId,
      eventTime: "2026-01-31T12:00:01Z",
      awsRegion: "us-west-2",
      errorCode: "Client.UnauthorizedOperation",
      managementEvent: true,
      eventCategory: "Management",
      recipientAccountId: accountId,
    });
  });

  test("gives fifty a page, and the rest for the token of the same question", async () => {
    for (let count = 0; count < 60; count += 1) happen("RunInstances");

    const first = await lookUp(by("EventName", "RunInstances"));
    const second = await lookUp({ ...by("EventName", "RunInstances"), NextToken: first.NextToken });

    expect(first.Events).toHaveLength(50);
    expect(second.Events).toHaveLength(10);
    expect(second.NextToken).toBeUndefined();
    expect(
      new Set([...(first.Events ?? []), ...(second.Events ?? [])].map((event) => event.EventId)).size,
    ).toBe(60);
  });

  test("keeps to the time that was asked and to ninety days", async () => {
    for (const eventTime of ["2025-11-01T00:00:00Z", "2026-01-30T00:00:00Z", "2026-01-31T00:00:00Z"])
      happen("RunInstances", { eventTime });
    const times = async (input: LookupEventsCommandInput) =>
      (await lookUp({ ...by("EventName", "RunInstances"), ...input })).Events?.map((event) =>
        event.EventTime?.toISOString().slice(0, 10),
      );

    expect(await times({})).toEqual(["2026-01-31", "2026-01-30"]);
    expect(await times({ EndTime: new Date("2026-01-30T12:00:00Z") })).toEqual(["2026-01-30"]);
  });

  test.each([
    [
      "two attributes",
      {
        LookupAttributes: [...by("EventName", "x").LookupAttributes, ...by("Username", "y").LookupAttributes],
      },
      "ValidationException",
    ],
    [
      "an unknown attribute",
      { LookupAttributes: [{ AttributeKey: "ErrorCode" as "EventName", AttributeValue: "x" }] },
      "InvalidLookupAttributesException",
    ],
    ["more than fifty", { MaxResults: 51 }, "InvalidMaxResultsException"],
    [
      "an end before the start",
      { StartTime: new Date(2_000), EndTime: new Date(1_000) },
      "InvalidTimeRangeException",
    ],
    ["a token of nobody", { NextToken: "bogus" }, "InvalidNextTokenException"],
  ])("refuses %s", async (_name, input, name) => {
    expect(await errorOf(lookUp(input))).toMatchObject({ name, status: 400 });
  });

  test("allows two requests a second in each Region", async () => {
    const answers = await Promise.allSettled([lookUp(), lookUp(), lookUp()]);
    const refused = answers.filter((answer) => answer.status === "rejected");

    expect(refused).toHaveLength(1);
    expect(await errorOf(Promise.reject(refused[0]?.reason))).toEqual({
      name: "ThrottlingException",
      message: "Rate exceeded",
      status: 400,
    });
    await expect(lookUp({}, served.cloudtrail("us-east-1"))).resolves.toHaveProperty("Events");
  });

  test("can be withheld, and names no resource then", async () => {
    served.caller.policies = [];

    expect(await errorOf(lookUp())).toEqual({
      name: "AccessDeniedException",
      message: `User: ${callerArn} is not authorized to perform: cloudtrail:LookupEvents because no identity-based policy allows the cloudtrail:LookupEvents action`,
      status: 400,
    });
  });

  test("shows events only after their delivery", async () => {
    const late = await serve({ trailDelayMs: 300_000 });
    try {
      late.account.recordEvent({ eventSource: "ec2.amazonaws.com", eventName: "RunInstances" });
      const client = late.cloudtrail();
      const count = async () => (await lookUp(by("EventName", "RunInstances"), client)).Events?.length;

      expect(await count()).toBe(0);
      late.pass(300_000);
      expect(await count()).toBe(1);
    } finally {
      await late.close();
    }
  });
});

describe("the API calls of the account", () => {
  test("are in the history once each, refused or not", async () => {
    served.account.addCluster({ name: "eks-workshop" });
    const roleArn = served.account.addRole({
      name: "carts",
      trustPolicy: trustService("pods.eks.amazonaws.com"),
    });
    const create = new CreatePodIdentityAssociationCommand({
      clusterName: "eks-workshop",
      namespace: "carts",
      serviceAccount: "carts",
      roleArn,
    });
    await served.eks().send(create);
    served.caller.policies = [{ name: "trail", document: statement("Allow", "cloudtrail:*") }];
    await errorOf(served.eks().send(new DescribeClusterCommand({ name: "eks-workshop" })));

    const { Events } = await lookUp(by("EventSource", "eks.amazonaws.com"));
    const [refused, created] = (Events ?? []).map((event) => JSON.parse(event.CloudTrailEvent ?? ""));
    const byCluster = await lookUp(by("ResourceName", "eks-workshop"));

    expect(Events?.map((event) => event.EventName)).toEqual([
      "DescribeCluster",
      "CreatePodIdentityAssociation",
    ]);
    expect(refused).toMatchObject({
      errorCode: "AccessDenied",
      requestParameters: { name: "eks-workshop" },
      responseElements: null,
      readOnly: true,
    });
    expect(created).toMatchObject({
      readOnly: false,
      userIdentity: { type: "AssumedRole", arn: callerArn },
      requestParameters: {
        clusterName: "eks-workshop",
        namespace: "carts",
        serviceAccount: "carts",
        roleArn,
      },
      responseElements: { association: { namespace: "carts" } },
    });
    expect(byCluster.Events?.map((event) => event.EventName)).toEqual(["CreatePodIdentityAssociation"]);
  });

  test("of IAM are in us-east-1", async () => {
    await errorOf(served.iam().send(new GetRoleCommand({ RoleName: "none" })));

    const here = await lookUp(by("EventName", "GetRole"));
    const there = await lookUp(by("EventName", "GetRole"), served.cloudtrail("us-east-1"));

    expect(here.Events).toEqual([]);
    expect(JSON.parse(there.Events?.[0]?.CloudTrailEvent ?? "")).toMatchObject({
      awsRegion: "us-east-1",
      errorCode: "NoSuchEntityException",
      requestParameters: { roleName: "none" },
    });
  });

  test("carry the request id that the caller saw", async () => {
    served.account.addCluster({ name: "eks-workshop" });

    const { $metadata } = await served.eks().send(new DescribeClusterCommand({ name: "eks-workshop" }));

    expect(served.account.events().at(-1)?.requestId).toBe($metadata.requestId);
  });
});
