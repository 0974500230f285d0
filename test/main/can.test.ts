import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deployedRights } from "../../sandbox/deployed.ts";
import { eksiam, type Served, serve } from "../e2e/support.ts";

let served: Served;
beforeAll(async () => {
  served = await serve();
}, 30_000);
afterAll(() => served?.close());

const items = "arn:aws:dynamodb:us-west-2:111122223333:table/Items";

async function can(...argv: readonly string[]) {
  const { code, out, err } = await eksiam(["can", ...argv, "--output", "json"]);
  return { code, err, answer: out === "" ? null : JSON.parse(out) };
}

describe("a workload", () => {
  test("whose role allows it: the statement that decides, and what was not looked at", async () => {
    const products = "arn:aws:dynamodb:us-west-2:111122223333:table/Products";
    const { code, answer } = await can("catalog/catalog", "dynamodb:Query", products);
    expect(code).toBe(0);
    expect(answer).toMatchObject({
      schema: "eksiam/can/v1",
      mechanism: "irsa",
      conclusion: "allowed",
      matchedStatements: [{ policy: "products", sid: "ReadProducts", index: 0, effect: "Allow" }],
    });
    // There is no organization over the account; whose policies DynamoDB tables have, is not read.
    expect(answer.notEvaluated).toEqual(["the resource's own policy", "VPC endpoint policies"]);
  });

  test("without an identity of its own is answered as its node's role, and says so", async () => {
    const { code, answer } = await can("carts/carts", "dynamodb:Query", items);
    expect(code).toBe(1);
    expect(answer).toMatchObject({ mechanism: "node-role", decision: "implicitDeny" });
    expect(answer.roleArn).toMatch(/eks-workshop-nodegroup-defa-NodeInstanceRole/);
    const { out } = await eksiam(["can", "carts/carts", "autoscaling:DescribeAutoScalingGroups"]);
    expect(out).toMatch(/allowed\n {2}as \S+, the role of its node: it has no identity of its own/);
    expect(out).toContain("(node group default)");
  });

  test("whose node's role cannot be read: nothing is said of it", async () => {
    const { policies } = await deployedRights();
    const granted = policies.investigator ?? [];
    const document = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Deny", Action: "eks:DescribeNodegroup", Resource: "*" }],
    };
    served.sandbox.applyPolicies("investigator", [...granted, { name: "withheld", document }]);
    const { code, answer } = await can("carts/carts", "dynamodb:Query", items);
    served.sandbox.applyPolicies("investigator", granted);
    expect(code).toBe(3);
    expect(answer.because).toMatch(/no role of its own.*eks:DescribeNodegroup/);
  });

  test("that is not there gets the nearest names", async () => {
    const { code, err } = await can("carts/cart", "dynamodb:Query");
    expect(code).toBe(2);
    expect(err).toContain("carts");
  });
});

describe("a role", () => {
  const role = "arn:aws:iam::111122223333:role/eksiam-can";

  test("allowed, denied by what is nearest, and denied by its boundary", async () => {
    const { account } = served.sandbox;
    const allow = (Action: string, Resource: string) => ({
      Version: "2012-10-17",
      Statement: [{ Sid: "Read", Effect: "Allow", Action, Resource }],
    });
    const boundary = account.addManagedPolicy("only-dynamodb", allow("dynamodb:*", "*"));
    account.addRole({
      name: "eksiam-can",
      trustPolicy: { Version: "2012-10-17", Statement: [] },
      inline: { table: allow("dynamodb:Query", items), all: allow("s3:*", "*") },
      permissionsBoundaryArn: boundary,
    });
    const query = await can(role, "dynamodb:Query", items);
    expect(query.code).toBe(0);
    expect(query.answer).toMatchObject({
      conclusion: "allowed",
      decision: "allowed",
      decidedBy: ["identity-based"],
    });
    const index = await can(role, "dynamodb:Query", `${items}/index/x`);
    expect(index).toMatchObject({
      code: 1,
      answer: { decision: "implicitDeny", nearestMiss: { policy: "table", differs: ["resource"] } },
    });
    const bounded = await can(role, "s3:GetObject", "arn:aws:s3:::data/key");
    expect(bounded).toMatchObject({ code: 1, answer: { decidedBy: ["permissions-boundary"] } });

    const { out } = await eksiam(["can", role, "dynamodb:Query", `${items}/index/x`]);
    expect(out).toContain("denied: no policy allows it (implicitDeny)");
    expect(out).toMatch(/nearest: table: /);
    account.deleteRole("eksiam-can");
  });

  test("the organization's policies and the resource's own decide too, where they may be read", async () => {
    const { account } = served.sandbox;
    const bucket = "arn:aws:s3:::can-data";
    const statement = (more: object) => ({ Version: "2012-10-17", Statement: [more] as never });
    account.addRole({
      name: "eksiam-can",
      trustPolicy: { Version: "2012-10-17", Statement: [] },
      inline: { all: statement({ Effect: "Allow", Action: "*", Resource: "*" }) },
    });
    const deny = { Sid: "NotThis", Effect: "Deny", Principal: { AWS: role }, Action: "s3:*", Resource: "*" };
    account.addResource({ arn: bucket, policy: statement(deny) });
    expect(await can(role, "s3:GetObject", `${bucket}/a`)).toMatchObject({
      code: 1,
      answer: { decidedBy: ["resource-based"], matchedStatements: [{ policy: bucket, sid: "NotThis" }] },
    });
    const kept = { ArnEquals: { "aws:PrincipalArn": role } };
    account.joinOrganization("delegated-administrator");
    account.addServiceControlPolicy({
      name: "no-scans",
      document: statement({ Effect: "Deny", Action: "dynamodb:Scan", Resource: "*", Condition: kept }),
    });
    const scan = await can(role, "dynamodb:Scan", items);
    expect(scan).toMatchObject({
      code: 1,
      answer: { decision: "explicitDeny", decidedBy: ["scp"], matchedStatements: [{ policy: "no-scans" }] },
    });
    account.joinOrganization();
    const { answer } = await can(role, "dynamodb:Scan", items);
    expect(answer.notEvaluated[0]).toContain("organizations:ListPoliciesForTarget is not granted");
    account.deleteRole("eksiam-can");
  });

  test("that is not there, or of another account: not told to be without rights", async () => {
    const gone = await can(role, "s3:GetObject");
    expect(gone).toMatchObject({ code: 3, answer: { conclusion: "inconclusive" } });
    const foreign = await can("arn:aws:iam::444455556666:role/x", "s3:GetObject");
    expect(foreign.code).toBe(3);
    expect(foreign.answer.because).toContain("444455556666");
  });

  test.each([
    ["no action", [role, "Query"], /service:Name/],
    ["a user", ["arn:aws:iam::111122223333:user/x", "s3:GetObject"], /not the ARN of a role/],
  ] as const)("%s is refused", async (_, argv, message) => {
    const { code, err } = await can(...argv);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});
