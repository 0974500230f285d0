import { ListTrailsCommand, LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { DescribeClusterCommand, ListClustersCommand, ListUpdatesCommand } from "@aws-sdk/client-eks";
import { ListRolesCommand, ListUsersCommand } from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createAccount } from "../../../sandbox/account/create-account.ts";
import type { Fault } from "../../../sandbox/account/faults.ts";
import { startAwsServer } from "../../../sandbox/account/server.ts";
import { errorOf, everything, type Keys, region, type Served, serve } from "./served.ts";

let served: Served;

beforeEach(async () => {
  served = await serve();
});
afterEach(() => served.close());

const calls = {
  eks: (keys?: Keys) => served.eks(keys).send(new ListClustersCommand({})),
  iam: (keys?: Keys) => served.iam(keys).send(new ListRolesCommand({})),
  sts: (keys?: Keys) => served.sts(keys).send(new GetCallerIdentityCommand({})),
  cloudtrail: () => served.cloudtrail().send(new LookupEventsCommand({})),
};
const services = ["eks", "iam", "sts", "cloudtrail"] as const;
const operationOf = {
  eks: "eks:ListClusters",
  iam: "iam:ListRoles",
  sts: "sts:GetCallerIdentity",
  cloudtrail: "cloudtrail:LookupEvents",
};

describe("the signature", () => {
  const stranger = { accessKeyId: ["SANDBOX", "STRANGER"].join(""), secretAccessKey: "x" };

  test.each([
    ["eks", "UnrecognizedClientException"],
    ["iam", "InvalidClientTokenId"],
    ["sts", "InvalidClientTokenId"],
  ] as const)("of a key that nobody knows is refused by %s as %s", async (service, name) => {
    expect(await errorOf(calls[service](stranger))).toEqual({
      name,
      message: "The security token included in the request is invalid.",
      status: 403,
    });
  });

  test.each([
    ["eks", "InvalidSignatureException"],
    ["iam", "SignatureDoesNotMatch"],
  ] as const)("with another secret is refused by %s as %s", async (service, name) => {
    const keys = { accessKeyId: served.caller.accessKeyId, secretAccessKey: "another" };

    expect(await errorOf(calls[service](keys))).toMatchObject({ name, status: 403 });
  });

  test("holds for names that must be encoded", async () => {
    const send = served.eks().send(new DescribeClusterCommand({ name: "näme (with) everything*'!" }));

    expect(await errorOf(send)).toMatchObject({ name: "ResourceNotFoundException" });
  });

  test("is missed where there is none", async () => {
    const response = await fetch(`${served.url}/clusters`);

    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({ message: "Missing Authentication Token" });
  });

  test("chooses the account", async () => {
    const other = createAccount({ accountId: "444455556666", region, now: () => new Date() });
    const keys = { accessKeyId: ["SANDBOX", "OTHER"].join(""), secretAccessKey: "other" };
    other.addCaller({ ...keys, principalArn: "arn:aws:iam::444455556666:user/eksiam", policies: everything });
    const server = await startAwsServer([served.account, other]);
    try {
      const client = new STSClient({ endpoint: server.url, region, credentials: keys });
      const { Account, Arn } = await client.send(new GetCallerIdentityCommand({}));

      expect({ Account, Arn }).toEqual({
        Account: "444455556666",
        Arn: "arn:aws:iam::444455556666:user/eksiam",
      });
    } finally {
      await server.close();
    }
  });
});

describe("faults", () => {
  const throttling = {
    eks: { name: "ThrottlingException", status: 429 },
    iam: { name: "Throttling", status: 400 },
    sts: { name: "Throttling", status: 400 },
    cloudtrail: { name: "ThrottlingException", status: 400 },
  };

  test.each(services)("throttle %s in its own words, as often as asked", async (service) => {
    served.account.faults.set(operationOf[service], "throttled", 1);

    expect(await errorOf(calls[service]())).toMatchObject({
      ...throttling[service],
      message: "Rate exceeded",
    });
    await expect(calls[service]()).resolves.toBeDefined();
  });

  test.each(services)("make %s fail with a 500", async (service) => {
    served.account.faults.set(`${service}:*`, "server-error");

    expect(await errorOf(calls[service]())).toMatchObject({ status: 500 });
    served.account.faults.clear();
    await expect(calls[service]()).resolves.toBeDefined();
  });

  test.each(services)("cut an answer of %s in half", async (service) => {
    served.account.faults.set(operationOf[service], "malformed", 1);

    await expect(calls[service]()).rejects.toThrow();
  });

  test("let a request hang until its caller gives up", async () => {
    const fault: Fault = "hang";
    served.account.faults.set("eks:ListClusters", fault);
    const reached = Promise.withResolvers<void>();
    const take = served.account.faults.take;
    Object.assign(served.account.faults, {
      take(operation: string) {
        reached.resolve();
        return take(operation);
      },
    });
    const patience = new AbortController();

    const answer = errorOf(served.eks().send(new ListClustersCommand({}), { abortSignal: patience.signal }));
    await reached.promise;
    patience.abort();

    expect((await answer).name).toBe("AbortError");
  });
});

test.each([
  ["eks", () => served.eks().send(new ListUpdatesCommand({ name: "x" })), "UnknownOperationException"],
  ["iam", () => served.iam().send(new ListUsersCommand({})), "InvalidAction"],
  ["sts", () => served.sts().send(new GetSessionTokenCommand({})), "InvalidAction"],
  ["cloudtrail", () => served.cloudtrail().send(new ListTrailsCommand({})), "UnknownOperationException"],
])("an operation of %s that is not simulated is refused by name", async (_name, send, name) => {
  expect(await errorOf(send())).toMatchObject({ name });
});
