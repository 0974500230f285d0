import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { recognise } from "../../../src/core/logs/recognise.ts";

interface CorpusEntry {
  readonly id: string;
  readonly log: string;
  readonly label: {
    readonly kind: string;
    readonly altKinds?: readonly string[];
    readonly principalArn: string | null;
    readonly principalKind: string;
    readonly action: string | null;
    readonly resource: string | null;
    readonly denyLayer: string | null;
  };
}

/** Excerpts of public pages, each with its source and what it shows. */
const corpus = readFileSync("test/fixtures/logs/corpus.jsonl", "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as CorpusEntry);

/** The page tells that the caller used IRSA; the excerpt does not. */
const readOtherwise = new Set(["expired-token--aws-aws-sdk-js-v3-issues-3052"]);

describe("real logs", () => {
  test.each(
    corpus.filter((entry) => !readOtherwise.has(entry.id)).map((entry) => [entry.id, entry] as const),
  )("%s", (_id, { log, label }) => {
    const [first] = recognise(log);
    expect([label.kind, ...(label.altKinds ?? [])]).toContain(first?.kind ?? "not-iam");
    if (first === undefined) return;
    const { principalArn, principalKind, action, resource, denyLayer } = first;
    expect({ principalArn, principalKind, action, resource, denyLayer }).toEqual({
      principalArn: label.principalArn,
      principalKind: label.principalKind,
      action: label.action,
      resource: label.resource,
      denyLayer: label.denyLayer,
    });
  });

  test("nothing else of the corpus is read otherwise", () => {
    expect(corpus.filter((entry) => readOtherwise.has(entry.id))).toHaveLength(readOtherwise.size);
  });
});

const user =
  "arn:aws:sts::111122223333:assumed-role/shop-carts/eks-eksworksho-carts-6d5f-0f0f0f0f-1111-4222-8333-444455556666";
const sentence = (end: string) =>
  `User: ${user} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::bucket/key" ${end}`;

describe("the layer that denies", () => {
  test.each([
    ["because no identity-based policy allows the s3:GetObject action", "identity-based"],
    ["with an explicit deny in an identity-based policy", "explicit-deny-identity-based"],
    ["because no resource-based policy allows the s3:GetObject action", "resource-based"],
    ["with an explicit deny in a resource-based policy", "explicit-deny-resource-based"],
    ["because no service control policy allows the s3:GetObject action", "scp"],
    [
      "with an explicit deny in a service control policy: arn:aws:organizations::111122223333:policy/o-1/service_control_policy/p-1",
      "scp",
    ],
    ["with an explicit deny in a resource control policy", "rcp"],
    ["because no permissions boundary allows the s3:GetObject action", "permissions-boundary"],
    ["with an explicit deny in a permissions boundary", "permissions-boundary"],
    ["because no session policy allows the s3:GetObject action", "session"],
    ["because no VPC endpoint policy allows the s3:GetObject action", "vpc-endpoint"],
    ["because no role trust policy allows the sts:AssumeRole action", "resource-based"],
    ["", null],
  ])("%s", (end, layer) => {
    expect(recognise(sentence(end))[0]).toMatchObject({
      kind: "access-denied",
      denyLayer: layer,
      principalKind: "pod-identity-role",
      resource: "arn:aws:s3:::bucket/key",
    });
  });

  test("the action that is missing may differ from the one asked for", () => {
    const [error] = recognise(sentence("because no identity-based policy allows the kms:Decrypt action"));
    expect(error).toMatchObject({ action: "s3:GetObject", missingAction: "kms:Decrypt" });
  });
});

test.each([
  ["wrapped", (text: string) => text.replaceAll(" ", "\n")],
  ["escaped", (text: string) => JSON.stringify({ msg: text })],
  ["escaped twice", (text: string) => JSON.stringify(JSON.stringify({ msg: text }))],
  ["boxed", (text: string) => `│ ${text} │`],
  ["coloured", (text: string) => `\u001b[31m${text}\u001b[0m`],
  ["with Windows line ends", (text: string) => text.replaceAll(" on resource", "\r\non resource")],
])("a message is read %s", (_how, change) => {
  const text = sentence("because no identity-based policy allows the s3:GetObject action");
  expect(recognise(change(text))[0]).toMatchObject({
    action: "s3:GetObject",
    denyLayer: "identity-based",
    principalArn: user,
  });
});

test("what hides inside a chain of providers is told first", () => {
  const chain =
    "software.amazon.awssdk.core.exception.SdkClientException: Unable to load credentials from any of the providers in the chain : [WebIdentityTokenCredentialsProvider(): Not authorized to perform sts:AssumeRoleWithWebIdentity (Service: Sts, Status Code: 403)]";
  expect(recognise(chain).map((error) => error.kind)).toEqual([
    "assume-role-web-identity-denied",
    "no-credentials",
  ]);
});

test("the agent's request id joins a log line with CloudTrail", () => {
  const line =
    "failed to load credentials, : [b69b1279-2222-4333-8444-555566667777]: (AccessDeniedException): Unauthorized Exception! EKS does not have permissions to assume the associated role., fault: client";
  expect(recognise(line)[0]).toMatchObject({
    kind: "pod-identity-agent-error",
    requestId: "b69b1279-2222-4333-8444-555566667777",
  });
});

test("any text is read without an error, and twice the same", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (noise) => {
      const text = `${noise} is not authorized to perform: ${noise}`;
      expect(recognise(text)).toEqual(recognise(text));
    }),
  );
});
