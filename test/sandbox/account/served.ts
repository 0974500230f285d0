import { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import { EKSClient } from "@aws-sdk/client-eks";
import { IAMClient } from "@aws-sdk/client-iam";
import { STSClient } from "@aws-sdk/client-sts";
import type { AccountOptions } from "../../../sandbox/account/account.ts";
import { createAccount, type ServedAccount } from "../../../sandbox/account/create-account.ts";
import type { Caller, NamedDocument } from "../../../sandbox/account/model.ts";
import { startAwsServer } from "../../../sandbox/account/server.ts";
import type { JsonValue } from "../../../src/core/json.ts";

export const accountId = "111122223333";
export const region = "us-west-2";
export const callerArn = `arn:aws:sts::${accountId}:assumed-role/eksiam-investigator/tests`;
const accessKeyId = ["SANDBOX", "TESTS"].join("");
const secretAccessKey = ["not", "a", "secret"].join("-");

export function statement(
  effect: "Allow" | "Deny",
  action: string | readonly string[],
  resource = "*",
): JsonValue {
  return { Version: "2012-10-17", Statement: [{ Effect: effect, Action: action, Resource: resource }] };
}

export const everything: readonly NamedDocument[] = [
  { name: "everything", document: statement("Allow", "*") },
];

export function trustService(
  service: string,
  actions: readonly string[] = ["sts:AssumeRole", "sts:TagSession"],
): JsonValue {
  return {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: actions }],
  };
}

/** An account whose clock the test moves. */
export function testAccount(options: Partial<AccountOptions> = {}) {
  let nowMs = Date.parse("2026-01-31T12:00:00.000Z");
  const account = createAccount({ accountId, region, now: () => new Date(nowMs), ...options });
  return {
    account,
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface Served {
  readonly account: ServedAccount;
  /** Its policies allow everything until a test replaces them. */
  readonly caller: Caller;
  readonly url: string;
  pass(ms: number): void;
  eks(keys?: Keys): EKSClient;
  iam(keys?: Keys): IAMClient;
  sts(keys?: Keys): STSClient;
  cloudtrail(region?: string): CloudTrailClient;
  /** For clients of all other services. */
  readonly settings: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: Keys;
    readonly maxAttempts: number;
  };
  close(): Promise<void>;
}

/** The account behind its server, with the real SDK clients. One attempt: tests see the first answer. */
export async function serve(options: Partial<AccountOptions> = {}): Promise<Served> {
  const { account, pass } = testAccount(options);
  const caller = account.addCaller({
    accessKeyId,
    secretAccessKey,
    principalArn: callerArn,
    policies: everything,
  });
  const server = await startAwsServer(account);
  const settings = (keys: Keys = { accessKeyId, secretAccessKey }) => ({
    endpoint: server.url,
    region,
    credentials: keys,
    maxAttempts: 1,
  });
  return {
    account,
    caller,
    url: server.url,
    pass,
    eks: (keys) => new EKSClient(settings(keys)),
    iam: (keys) => new IAMClient(settings(keys)),
    sts: (keys) => new STSClient(settings(keys)),
    settings: settings(),
    cloudtrail: (at = region) => new CloudTrailClient({ ...settings(), region: at }),
    close: server.close,
  };
}

/** The error that a call ends with, in the terms of the SDK. */
export async function errorOf(
  promise: Promise<unknown>,
): Promise<{ name: string; message: string; status: number | undefined }> {
  try {
    await promise;
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return { name, message, status: $metadata?.httpStatusCode };
  }
  throw new Error("The call went through.");
}
