import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  type STSClient,
} from "@aws-sdk/client-sts";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JsonValue } from "../../../src/core/json.ts";
import { accountId, callerArn, errorOf, type Keys, type Served, serve, statement } from "./served.ts";

const issuer = "https://oidc.eks.us-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF";
const subject = "system:serviceaccount:carts:carts";
let served: Served;
let sts: STSClient;

beforeEach(async () => {
  served = await serve();
  sts = served.sts();
});
afterEach(() => served.close());

test("GetCallerIdentity needs no permission", async () => {
  served.caller.policies = [{ name: "nothing", document: statement("Deny", "*") }];

  const { Account, Arn, UserId } = await sts.send(new GetCallerIdentityCommand({}));

  expect({ Account, Arn }).toEqual({ Account: accountId, Arn: callerArn });
  expect(UserId).toMatch(/:tests$/);
});

describe("AssumeRole", () => {
  const trust = (
    principal: string,
    action: JsonValue = ["sts:AssumeRole", "sts:TagSession"],
    condition: JsonValue = {},
  ): JsonValue => ({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { AWS: principal }, Action: action, Condition: condition }],
  });
  const accountRoot = `arn:aws:iam::${accountId}:root`;
  const assume = (given: object = {}) =>
    sts.send(
      new AssumeRoleCommand({
        RoleArn: `arn:aws:iam::${accountId}:role/admin/fixer`,
        RoleSessionName: "fix-1",
        ...given,
      }),
    );

  test("gives credentials that work until they expire, with the role's own permissions", async () => {
    served.account.addRole({
      name: "fixer",
      path: "/admin/",
      trustPolicy: trust(accountRoot),
      inline: { read: statement("Allow", "iam:GetRole") },
    });

    const { Credentials, AssumedRoleUser } = await assume();
    const keys: Keys = {
      accessKeyId: Credentials?.AccessKeyId ?? "",
      secretAccessKey: Credentials?.SecretAccessKey ?? "",
      sessionToken: Credentials?.SessionToken ?? "",
    };
    const whoAmI = () => served.sts(keys).send(new GetCallerIdentityCommand({}));

    expect(AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${accountId}:assumed-role/fixer/fix-1`);
    expect(Credentials?.Expiration).toEqual(new Date("2026-01-31T13:00:00Z"));
    expect((await whoAmI()).Arn).toBe(AssumedRoleUser?.Arn);
    expect(
      await errorOf(served.sts({ ...keys, sessionToken: "other" }).send(new GetCallerIdentityCommand({}))),
    ).toMatchObject({
      name: "InvalidClientTokenId",
    });
    served.pass(3_600_000);
    expect(await errorOf(whoAmI())).toMatchObject({ name: "ExpiredToken", status: 403 });
  });

  test.each([
    [
      "the caller's policies",
      trust(accountRoot),
      statement("Allow", "iam:*"),
      {},
      "because no identity-based policy allows the sts:AssumeRole action",
    ],
    [
      "the trust policy",
      trust(`arn:aws:iam::${accountId}:role/other`),
      statement("Allow", "*"),
      {},
      "because no role trust policy allows the sts:AssumeRole action",
    ],
    [
      "the external id",
      trust(accountRoot, "sts:AssumeRole", { StringEquals: { "sts:ExternalId": "x" } }),
      statement("Allow", "*"),
      { ExternalId: "y" },
      "because no role trust policy allows the sts:AssumeRole action",
    ],
    [
      "a missing sts:TagSession",
      trust(accountRoot, "sts:AssumeRole"),
      statement("Allow", "*"),
      { Tags: [{ Key: "team", Value: "a" }] },
      "because no role trust policy allows the sts:TagSession action",
    ],
  ])("is refused by %s", async (_name, trustPolicy, policy, given, because) => {
    served.account.addRole({ name: "fixer", path: "/admin/", trustPolicy });
    served.caller.policies = [{ name: "own", document: policy }];

    const error = await errorOf(assume(given));

    expect(error).toMatchObject({ name: "AccessDenied", status: 403 });
    expect(error.message).toContain(because);
    expect(served.account.events().at(-1)).toMatchObject({
      eventName: "AssumeRole",
      errorCode: "AccessDenied",
    });
  });

  test("session tags and a session policy go with the session", async () => {
    const roleArn = served.account.addRole({
      name: "fixer",
      path: "/admin/",
      trustPolicy: trust(accountRoot),
      inline: { all: statement("Allow", "*") },
    });

    const { Credentials } = await assume({
      Tags: [{ Key: "team", Value: "a" }],
      TransitiveTagKeys: ["team"],
      Policy: JSON.stringify(statement("Allow", "eks:ListClusters")),
    });
    const principal = served.account.credentials(Credentials?.AccessKeyId ?? "")?.principal;

    expect(principal).toMatchObject({ policyArn: roleArn, tags: { team: "a" }, transitiveTagKeys: ["team"] });
    expect(principal?.sessionPolicies?.[0]?.document).toEqual(statement("Allow", "eks:ListClusters"));
  });
});

describe("AssumeRoleWithWebIdentity", () => {
  const token = (claims: object) =>
    ["e30", Buffer.from(JSON.stringify(claims)).toString("base64url"), "x"].join(".");
  const claims = {
    iss: issuer,
    sub: subject,
    aud: ["sts.amazonaws.com"],
    exp: Date.parse("2026-02-01T00:00:00Z") / 1_000,
  };
  const assume = (WebIdentityToken: string) =>
    sts.send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: `arn:aws:iam::${accountId}:role/carts`,
        RoleSessionName: "carts",
        WebIdentityToken,
      }),
    );

  beforeEach(() => {
    const providerArn = served.account.addOidcProvider({ issuer, clientIds: ["sts.amazonaws.com"] });
    served.account.addRole({
      name: "carts",
      trustPolicy: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Federated: providerArn },
            Action: "sts:AssumeRoleWithWebIdentity",
            Condition: { StringEquals: { [`${issuer.slice(8)}:sub`]: subject } },
          },
        ],
      },
    });
  });

  test("needs no keys, only a token that the role trusts", async () => {
    const answer = await assume(token(claims));

    expect(answer).toMatchObject({
      SubjectFromWebIdentityToken: subject,
      Audience: "sts.amazonaws.com",
      Provider: `arn:aws:iam::${accountId}:oidc-provider/${issuer.slice(8)}`,
      AssumedRoleUser: { Arn: `arn:aws:sts::${accountId}:assumed-role/carts/carts` },
    });
  });

  test.each([
    [
      "another service account",
      { ...claims, sub: "system:serviceaccount:other:carts" },
      "AccessDenied",
      403,
      "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    ],
    [
      "an issuer without a provider",
      { ...claims, iss: "https://oidc.example" },
      "InvalidIdentityTokenException",
      400,
      "No OpenIDConnect provider found in your account for https://oidc.example",
    ],
    [
      "an audience that is not registered",
      { ...claims, aud: "sts.amazon.com" },
      "InvalidIdentityTokenException",
      400,
      "Incorrect token audience",
    ],
    [
      "an expired token",
      { ...claims, exp: 1_000 },
      "ExpiredTokenException",
      400,
      "Token expired: current date/time 1769860800 must be before the expiration date/time 1000",
    ],
  ])("is refused for %s", async (_name, given, name, status, message) => {
    expect(await errorOf(assume(token(given)))).toEqual({ name, status, message });
  });

  test("is refused for what is no token", async () => {
    expect(await errorOf(assume("no token at all"))).toMatchObject({
      name: "InvalidIdentityTokenException",
      status: 400,
    });
  });
});
