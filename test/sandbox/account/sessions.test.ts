import { beforeEach, describe, expect, test } from "vitest";
import type { ServedAccount } from "../../../sandbox/account/create-account.ts";
import type { Session } from "../../../sandbox/account/model.ts";
import type { JsonValue } from "../../../src/core/json.ts";
import { accountId, region, statement, testAccount, trustService } from "./served.ts";

const cluster = "eks-workshop-long-name";
const clusterArn = `arn:aws:eks:${region}:${accountId}:cluster/${cluster}`;
const instanceId = "i-0123456789abcdef0";
const index = `arn:aws:dynamodb:${region}:${accountId}:table/Items/index/idx_global_customerId`;
const worker = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy";
const podTrust = trustService("pods.eks.amazonaws.com");

let account: ServedAccount;
let pass: (ms: number) => void;
let nodeRoleArn: string;
let roleArn: string;
let node: Session;

beforeEach(() => {
  ({ account, pass } = testAccount());
  account.addCluster({ name: cluster });
  nodeRoleArn = account.addRole({
    name: "node",
    path: "/nodes/",
    trustPolicy: trustService("ec2.amazonaws.com", ["sts:AssumeRole"]),
    attached: [worker],
  });
  roleArn = account.addRole({
    name: "carts",
    trustPolicy: podTrust,
    inline: { query: statement("Allow", "dynamodb:Query") },
  });
  node = account.nodeSession({ instanceId, nodeRoleArn });
});

const last = () => account.events().at(-1);
const ask = () =>
  account.assumeRoleForPodIdentity({
    cluster,
    namespace: "carts",
    serviceAccount: "carts",
    podName: "carts-5c9d8f7b6-x2x4z",
    podUid: "uid-1",
    nodeSession: node,
  });
const associate = (given: object = {}) =>
  account.addAssociation({ cluster, namespace: "carts", serviceAccount: "carts", roleArn, ...given });

describe("the node's session", () => {
  test("is named by the instance", () => {
    expect(node).toMatchObject({
      sessionArn: `arn:aws:sts::${accountId}:assumed-role/node/${instanceId}`,
      sessionName: instanceId,
    });
  });

  test("is refused in AWS's words, and a data event leaves no trace", () => {
    const answer = account.call(node, { action: "dynamodb:Query", resource: index });

    expect(answer).toMatchObject({
      ok: false,
      status: 400,
      code: "AccessDeniedException",
      message: `User: arn:aws:sts::${accountId}:assumed-role/node/${instanceId} is not authorized to perform: dynamodb:Query on resource: ${index} because no identity-based policy allows the dynamodb:Query action`,
    });
    expect(answer.requestId).toMatch(/^[A-Z2-7]{52}$/);
    expect(account.events()).toEqual([]);
  });

  test("leaves a management event, found by the instance", () => {
    const answer = account.call(node, {
      action: "kms:Decrypt",
      resource: `arn:aws:kms:${region}:${accountId}:key/1`,
      userAgent: "Boto3/1.34",
    });

    expect(last()).toMatchObject({
      username: instanceId,
      errorCode: "AccessDenied",
      requestId: answer.requestId,
    });
    expect(last()?.record).toMatchObject({
      eventSource: "kms.amazonaws.com",
      userAgent: "Boto3/1.34",
      userIdentity: {
        type: "AssumedRole",
        sessionContext: { sessionIssuer: { userName: "node", arn: nodeRoleArn }, ec2RoleDelivery: "2.0" },
      },
    });
  });

  test.each([
    [
      "s3:GetObject",
      "arn:aws:s3:::bucket/key",
      403,
      "AccessDenied",
      'on resource: "arn:aws:s3:::bucket/key" because',
    ],
    [
      "ec2:RunInstances",
      "*",
      403,
      "UnauthorizedOperation",
      "You are not authorized to perform this operation. Encoded authorization failure message: ",
    ],
    [
      "ec2:DescribeKeyPairs",
      "*",
      403,
      "UnauthorizedOperation",
      "You are not authorized to perform this operation. User: ",
    ],
    [
      "sqs:SendMessage",
      `arn:aws:sqs:${region}:${accountId}:q`,
      403,
      "AccessDenied",
      "sqs:SendMessage on resource",
    ],
    ["secretsmanager:GetSecretValue", "*", 400, "AccessDeniedException", "secretsmanager:GetSecretValue"],
  ])("%s is refused as that service does it", (action, resource, status, code, text) => {
    const answer = account.call(node, { action, resource });

    expect(answer).toMatchObject({ ok: false, status, code });
    expect(answer.ok ? "" : answer.message).toContain(text);
  });

  test("is worth nothing when it has expired, or its role is gone", () => {
    const call = () => account.call(node, { action: "ec2:DescribeInstances", resource: "*" });
    expect(call()).toMatchObject({ ok: true });

    account.deleteRole("node");
    expect(call()).toMatchObject({ code: "UnrecognizedClientException" });
    account.addRole({ name: "node", path: "/nodes/", trustPolicy: podTrust, attached: [worker] });
    expect(call()).toMatchObject({ code: "UnrecognizedClientException" });
    pass(6 * 3_600_000);
    expect(call()).toMatchObject({ code: "ExpiredTokenException" });
  });
});

describe("Pod Identity", () => {
  test("gives a session with six tags, and two events that lead to the pod", () => {
    associate();

    const answer = ask();
    if (!answer.ok) throw new Error(answer.message);
    const [assumed, asked] = account.events();

    expect(answer.session.sessionName).toMatch(/^eks-eks-worksh-carts-5c9d-[0-9a-f-]{36}$/);
    expect(answer.session.tags).toEqual({
      "eks-cluster-arn": clusterArn,
      "eks-cluster-name": cluster,
      "kubernetes-namespace": "carts",
      "kubernetes-service-account": "carts",
      "kubernetes-pod-name": "carts-5c9d8f7b6-x2x4z",
      "kubernetes-pod-uid": "uid-1",
    });
    expect(assumed).toMatchObject({
      eventName: "AssumeRole",
      username: null,
      resources: [{ type: "AWS::IAM::Role", name: roleArn }],
    });
    expect(assumed?.record).toMatchObject({
      userIdentity: { type: "AWSService", invokedBy: "pods.eks.amazonaws.com" },
      requestParameters: { durationSeconds: 21_600, transitiveTagKeys: Object.keys(answer.session.tags) },
      responseElements: { assumedRoleUser: { arn: answer.session.sessionArn } },
    });
    expect(asked).toMatchObject({
      eventName: "AssumeRoleForPodIdentity",
      username: instanceId,
      readOnly: true,
      errorCode: null,
      resources: [{ type: "AWS::EKS::Cluster", name: cluster }],
    });
    expect(asked?.record).toMatchObject({
      eventSource: "eks-auth.amazonaws.com",
      requestParameters: { clusterName: cluster, token: "HIDDEN_DUE_TO_SECURITY_REASONS" },
    });
    expect(account.call(answer.session, { action: "dynamodb:Query", resource: index })).toMatchObject({
      ok: true,
    });
  });

  const when = (condition: JsonValue): JsonValue => ({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: condition,
      },
    ],
  });

  test.each([
    ["does not name the service", trustService("ec2.amazonaws.com"), {}],
    ["lacks sts:TagSession", trustService("pods.eks.amazonaws.com", ["sts:AssumeRole"]), {}],
    [
      "asks for another namespace",
      when({ StringEquals: { "aws:RequestTag/kubernetes-namespace": "orders" } }),
      {},
    ],
    ["asks for another cluster", when({ ArnEquals: { "aws:SourceArn": `${clusterArn}-old` } }), {}],
    [
      "asks for a tag while tags are off",
      when({ StringEquals: { "aws:RequestTag/kubernetes-namespace": "carts" } }),
      { disableSessionTags: true },
    ],
  ])("is refused where the trust policy %s", (_name, trustPolicy, given) => {
    associate(given);
    account.updateTrustPolicy("carts", trustPolicy);

    const answer = ask();

    const message = "Unauthorized Exception! EKS does not have permissions to assume the associated role.";
    expect(answer).toMatchObject({ ok: false, status: 400, code: "AccessDeniedException", message });
    expect(account.events()).toHaveLength(1);
    expect(last()).toMatchObject({
      eventName: "AssumeRoleForPodIdentity",
      errorCode: "AccessDenied",
      username: instanceId,
    });
    // The agent hands this id to the application: it joins the pod's log line to the event.
    expect(answer.ok ? "" : answer.requestId).toBe(last()?.requestId);
  });

  test.each([
    [
      "holds",
      when({
        StringEquals: { "aws:RequestTag/kubernetes-namespace": "carts", "aws:SourceAccount": accountId },
      }),
      {},
    ],
    [
      "needs no tags where they are off",
      trustService("pods.eks.amazonaws.com", ["sts:AssumeRole"]),
      { disableSessionTags: true },
    ],
  ])("is given where the trust policy %s", (_name, trustPolicy, given) => {
    associate(given);
    account.updateTrustPolicy("carts", trustPolicy);

    expect(ask()).toMatchObject({ ok: true });
  });

  test("is refused to a node role that may not ask", () => {
    associate();
    account.detachPolicy("node", worker);

    expect(ask()).toMatchObject({
      status: 400,
      code: "AccessDeniedException",
      message: `User: ${node.sessionArn} is not authorized to perform: eks-auth:AssumeRoleForPodIdentity on resource: ${clusterArn} because no identity-based policy allows the eks-auth:AssumeRoleForPodIdentity action`,
    });
  });

  test("knows no pod without an association, and no role that is gone", () => {
    expect(ask()).toMatchObject({ status: 404, code: "ResourceNotFoundException" });
    associate();
    account.deleteRole("carts");
    expect(ask()).toMatchObject({ status: 400, code: "AccessDeniedException" });
  });

  test("a session policy limits the role", () => {
    associate({ disableSessionTags: true, policy: JSON.stringify(statement("Allow", "s3:*")) });

    const answer = ask();
    if (!answer.ok) throw new Error(answer.message);

    expect(account.call(answer.session, { action: "dynamodb:Query", resource: index })).toMatchObject({
      message: expect.stringContaining("because no session policy allows the dynamodb:Query action"),
    });
  });

  test("a target role is assumed in a second step, with the external id and the tags", () => {
    const targetRoleArn = account.addRole({
      name: "target",
      trustPolicy: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { AWS: roleArn },
            Action: ["sts:AssumeRole", "sts:TagSession"],
            Condition: {
              StringEquals: { "sts:ExternalId": `${region}/${accountId}/${cluster}/carts/carts` },
            },
          },
        ],
      },
    });
    associate({ targetRoleArn });
    expect(ask()).toMatchObject({ code: "AccessDeniedException" });

    account.putInlinePolicy(
      "carts",
      "target",
      statement("Allow", ["sts:AssumeRole", "sts:TagSession"], targetRoleArn),
    );

    expect(ask()).toMatchObject({
      ok: true,
      session: { roleArn: targetRoleArn, tags: { "kubernetes-namespace": "carts" } },
    });
  });
});

describe("web identity", () => {
  const issuer = "https://oidc.eks.us-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF";
  const subject = "system:serviceaccount:reports:reports";
  const provider = `arn:aws:iam::${accountId}:oidc-provider/${issuer.slice(8)}`;
  const trusting = (sub: string): JsonValue => ({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: provider },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: { [`${issuer.slice(8)}:sub`]: sub, [`${issuer.slice(8)}:aud`]: "sts.amazonaws.com" },
        },
      },
    ],
  });
  const assume = () =>
    account.assumeRoleWithWebIdentity({
      roleArn,
      issuer,
      subject,
      audience: "sts.amazonaws.com",
      sessionName: "aws-sdk-java-1",
      userAgent: "aws-sdk-java/2",
    });

  test("gives a session of the provider and an event of the service account", () => {
    account.addOidcProvider({ issuer, clientIds: ["sts.amazonaws.com"] });
    account.updateTrustPolicy("carts", trusting(subject));

    const answer = assume();
    if (!answer.ok) throw new Error(answer.message);
    const made = last();
    account.call(answer.session, { action: "kms:Decrypt", resource: "*" });

    expect(made).toMatchObject({
      username: subject,
      resources: [{ type: "AWS::IAM::Role", name: roleArn }],
      errorCode: null,
    });
    expect(made?.record).toMatchObject({
      userIdentity: {
        type: "WebIdentityUser",
        principalId: `${provider}:sts.amazonaws.com:${subject}`,
        userName: subject,
        identityProvider: provider,
      },
      additionalEventData: { identityProviderConnectionVerificationMethod: "IAMTrustStore" },
      responseElements: { subjectFromWebIdentityToken: subject },
    });
    expect(last()?.record).toMatchObject({
      userIdentity: { sessionContext: { webIdFederationData: { federatedProvider: provider } } },
    });
  });

  test("a trust policy that refuses leaves an event that says less than the API", () => {
    account.addOidcProvider({ issuer, clientIds: ["sts.amazonaws.com"] });
    account.updateTrustPolicy("carts", trusting("system:serviceaccount:other:reports"));

    expect(assume()).toMatchObject({
      status: 403,
      code: "AccessDenied",
      message: "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    });
    expect(last()?.record).toMatchObject({
      errorCode: "AccessDenied",
      errorMessage: "An unknown error occurred",
      userIdentity: { userName: subject },
      requestParameters: { roleArn },
      responseElements: null,
    });
  });

  test.each([
    ["without a provider", undefined, `No OpenIDConnect provider found in your account for ${issuer}`],
    ["with an audience that is not registered", ["sts.amazon.com"], "Incorrect token audience"],
  ])("a token %s leaves no event", (_name, clientIds, message) => {
    if (clientIds !== undefined) account.addOidcProvider({ issuer, clientIds });
    account.updateTrustPolicy("carts", trusting(subject));

    expect(assume()).toMatchObject({ status: 400, code: "InvalidIdentityToken", message });
    expect(account.events()).toEqual([]);
  });
});

describe("the layers of a refusal", () => {
  const call = () => account.call(node, { action: "dynamodb:Query", resource: index });
  const explicit = statement("Deny", "dynamodb:*");

  test.each([
    [
      "an explicit deny",
      () => account.putInlinePolicy("node", "deny", explicit),
      "with an explicit deny in an identity-based policy",
    ],
    [
      "a boundary that does not allow",
      () =>
        account.setPermissionsBoundary("node", account.addManagedPolicy("edge", statement("Allow", "s3:*"))),
      "because no permissions boundary allows the dynamodb:Query action",
    ],
    [
      "a boundary that denies",
      () => account.setPermissionsBoundary("node", account.addManagedPolicy("edge", explicit)),
      "with an explicit deny in a permissions boundary",
    ],
  ])("%s is named", (_name, change, because) => {
    account.putInlinePolicy("node", "allow", statement("Allow", "dynamodb:*"));
    expect(call()).toMatchObject({ ok: true });

    change();

    expect(call()).toMatchObject({ ok: false, message: expect.stringContaining(because) });
  });
});

describe("a story that is wrong does not start", () => {
  test.each([
    [
      "a role twice",
      () => account.addRole({ name: "carts", trustPolicy: podTrust }),
      "Role carts is there already.",
    ],
    [
      "an unknown policy",
      () => account.attachPolicy("carts", "arn:aws:iam::aws:policy/None"),
      "There is no managed policy arn:aws:iam::aws:policy/None",
    ],
    ["an association of no cluster", () => associate({ cluster: "none" }), "There is no cluster none"],
    [
      "a node of no role",
      () => account.nodeSession({ instanceId, nodeRoleArn: `arn:aws:iam::${accountId}:role/none` }),
      "the node has no credentials",
    ],
  ])("%s", (_name, build, message) => {
    expect(build).toThrow(message);
  });
});

test("two accounts built alike have the same ids", () => {
  const build = () => {
    const { account: twin } = testAccount();
    twin.addCluster({ name: cluster });
    const role = twin.role(twin.addRole({ name: "carts", trustPolicy: podTrust }));
    return [
      role?.roleId,
      twin.addAssociation({ cluster, namespace: "a", serviceAccount: "b", roleArn }).associationId,
    ];
  };

  expect(build()).toEqual(build());
});
