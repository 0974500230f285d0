import { beforeEach, describe, expect, test } from "vitest";
import type { CallRequest } from "../../../sandbox/account/calls.ts";
import type { ServedAccount } from "../../../sandbox/account/create-account.ts";
import { accountId, everything, region, statement, testAccount } from "./served.ts";

const issuer = "https://oidc.eks.us-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF";
const providerArn = `arn:aws:iam::${accountId}:oidc-provider/${issuer.replace("https://", "")}`;
const table = `arn:aws:dynamodb:${region}:${accountId}:table/Items`;
const user = { accessKeyId: "KEYOFAUSER" };

let account: ServedAccount;
let roleArn: string;

beforeEach(() => {
  ({ account } = testAccount());
  account.addOidcProvider({ issuer, clientIds: ["sts.amazonaws.com"] });
  roleArn = account.addRole({
    name: "carts",
    trustPolicy: {
      Version: "2012-10-17",
      Statement: {
        Effect: "Allow",
        Principal: { Federated: providerArn },
        Action: "sts:AssumeRoleWithWebIdentity",
      },
    },
    inline: { all: statement("Allow", "*") },
  });
  account.addCaller({
    ...user,
    secretAccessKey: "of-a-user",
    principalArn: `arn:aws:iam::${accountId}:user/ada`,
    policies: everything,
  });
});

const call = (request: Partial<CallRequest> = {}) =>
  account.call(user, { action: "dynamodb:GetItem", resource: table, ...request });

describe("a call with a user's key", () => {
  test("is allowed by its policies, and by no other key", () => {
    expect(call()).toMatchObject({ ok: true });
    expect(
      account.call({ accessKeyId: "NOBODYS" }, { action: "dynamodb:GetItem", resource: table }),
    ).toMatchObject({
      status: 403,
      code: "UnrecognizedClientException",
    });
  });

  test.each([
    [
      -17,
      "Signature expired: 20260131T114300Z is now earlier than 20260131T115500Z (20260131T120000Z - 5 min.)",
    ],
    [
      17,
      "Signature not yet current: 20260131T121700Z is still later than 20260131T120500Z (20260131T120000Z + 5 min.)",
    ],
  ])("whose clock is %i minutes ahead is refused", (minutes, message) => {
    expect(call({ clockSkewMs: minutes * 60_000 })).toMatchObject({
      code: "InvalidSignatureException",
      message,
    });
    expect(call({ clockSkewMs: 60_000 })).toMatchObject({ ok: true });
  });

  test("is signed for the place that it is sent to", () => {
    const identity = { action: "sts:GetCallerIdentity", resource: "*" };
    expect(call({ ...identity, endpoint: "https://sts.amazonaws.com" })).toMatchObject({
      code: "SignatureDoesNotMatch",
      message: "Credential should be scoped to a valid region, not 'us-west-2'.",
    });
    expect(call(identity)).toMatchObject({ ok: true });
    account.addResource({ arn: "arn:aws:s3:::abroad", region: "eu-central-1" });
    const get = { action: "s3:GetObject", resource: "arn:aws:s3:::abroad/1" };
    expect(call(get)).toMatchObject({ status: 400, code: "AuthorizationHeaderMalformed" });
    expect(call({ ...get, region: "eu-central-1" })).toMatchObject({ ok: true });
  });

  test("is slowed down where a quota is used up, and nowhere else", () => {
    account.throttle("dynamodb:GetItem", table);
    expect(call()).toMatchObject({ code: "ThrottlingException", message: "Rate exceeded" });
    expect(call({ resource: `${table}2` })).toMatchObject({ ok: true });
  });
});

describe("a web identity", () => {
  const ask = (request: object = {}) =>
    account.assumeRoleWithWebIdentity({
      roleArn,
      issuer,
      subject: "system:serviceaccount:carts:carts",
      audience: "sts.amazonaws.com",
      sessionName: "one",
      ...request,
    });

  test.each([
    [{ roleArn: "carts" }, 400, "ValidationError", "Request ARN is invalid"],
    [{ roleArn: "arn:aws:iam::444455556666:role/carts" }, 400, "InvalidIdentityToken", "No OpenIDConnect"],
    [{ region: "ap-east-1" }, 403, "RegionDisabledException", "STS is not activated in this region"],
    [{ tokenExpiresAt: "2026-01-31T11:00:00.000Z" }, 400, "ExpiredTokenException", "Token expired: current"],
  ])("%o is refused", (request, status, code, message) => {
    expect(ask()).toMatchObject({ ok: true });
    expect(ask(request)).toMatchObject({ status, code, message: expect.stringContaining(message) });
  });

  test("waits for a quota, and for the issuer's keys", () => {
    account.throttle("sts:AssumeRoleWithWebIdentity", roleArn);
    expect(ask()).toMatchObject({ code: "Throttling" });
    const other = "https://oidc.eks.us-west-2.amazonaws.com/id/00000000000000000000000000000000";
    account.addOidcProvider({ issuer: other, clientIds: ["sts.amazonaws.com"], reachable: false });
    const role = account.role(roleArn);
    account.addRole({ name: "other", trustPolicy: role?.trustPolicy ?? {} });
    expect(ask({ issuer: other, roleArn: `arn:aws:iam::${accountId}:role/other` })).toMatchObject({
      code: "InvalidIdentityToken",
      message: expect.stringContaining("Couldn't retrieve verification key"),
    });
  });

  test("assumes no further role for longer than an hour", () => {
    const session = ask();
    if (!session.ok) throw new Error(session.message);
    const second = { action: "sts:AssumeRole", resource: roleArn, durationSeconds: 7_200 };
    expect(account.call(session.session, second)).toMatchObject({
      code: "ValidationError",
      message: expect.stringContaining("1 hour session limit"),
    });
  });

  test("may not do what its session policy leaves out", () => {
    const session = ask({ sessionPolicy: statement("Allow", "dynamodb:Query") });
    if (!session.ok) throw new Error(session.message);
    expect(account.call(session.session, { action: "dynamodb:GetItem", resource: table })).toMatchObject({
      message: expect.stringContaining("because no session policy allows the dynamodb:GetItem action"),
    });
  });
});
