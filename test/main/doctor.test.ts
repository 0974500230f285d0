import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withoutPermission } from "../../sandbox/cluster/rbac.ts";
import { deployedRights } from "../../sandbox/deployed.ts";
import { neededPermissions } from "../../src/adapters/kubernetes/access-review.ts";
import type { DoctorReport } from "../../src/app/doctor.ts";
import { singlePermissions } from "../adapters/kubernetes/sandboxed.ts";
import { eksiam, type Served, serve } from "../e2e/support.ts";

let served: Served;
const rights = await deployedRights();
beforeAll(async () => {
  served = await serve();
}, 30_000);
afterAll(() => served?.close());

const options = ["doctor", "--cluster", "eks-workshop"];

async function report(argv: readonly string[] = options, env = process.env) {
  const { code, out, err } = await eksiam([...argv, "--output", "json"], { env });
  expect(err).toBe("");
  return { code, report: JSON.parse(out) as DoctorReport };
}

test("what is asked of a cluster is what its manifest grants", () => {
  const granted = singlePermissions(rights.rbac.investigator ?? []).map(({ text }) => text);
  expect([...neededPermissions].sort()).toEqual([...new Set(granted)].sort());
});

const granted = rights.policies.investigator ?? [];

function actionsOf({ document }: { readonly document: unknown }): readonly string[] {
  const { Statement } = document as {
    readonly Statement: readonly { readonly Sid: string; readonly Action: readonly string[] }[];
  };
  // Stores of recorded calls are tried only where one is configured.
  return Statement.filter(({ Sid }) => !Sid.includes("Trail")).flatMap(({ Action }) => Action);
}

describe("permissions", () => {
  /** Without a configuration only the cluster is looked at. */
  const bare = () => {
    const { EKSIAM_CONFIG: _config, ...env } = process.env;
    return env;
  };

  test("all there", async () => {
    const { code, report: all } = await report(options, bare());
    expect({ code, healthy: all.healthy }).toEqual({ code: 0, healthy: true });
    expect(all.checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([...neededPermissions, "iam:GetAccountAuthorizationDetails"]),
    );
    // What is tried in the account is what its policy grants.
    const tried = all.checks.map(({ name }) => name).filter((name) => name.includes(":"));
    expect(tried.sort()).toEqual(granted.flatMap(actionsOf).sort());
    // The account is a member of no organization, and of S3 and SQS nothing can be told.
    const optional = all.checks.filter(({ outcome }) => outcome === "optional").map(({ name }) => name);
    expect(optional).toEqual(["s3:GetBucketPolicy", "sqs:GetQueueAttributes"]);
    const { out } = await eksiam(options, { env: bare() });
    expect(out).toContain("Everything that eksiam needs is there.");
  });

  test("without what is optional all is well, and what it would show is told", async () => {
    served.sandbox.applyPolicies("investigator", granted.slice(0, 1));
    served.sandbox.account.joinOrganization();
    const { code, report: without } = await report(options, bare());
    const { out } = await eksiam(options, { env: bare() });
    served.sandbox.applyPolicies("investigator", granted);

    expect({ code, healthy: without.healthy }).toEqual({ code: 0, healthy: true });
    const missing = without.checks.filter(({ outcome }) => outcome !== "ok");
    expect(missing.map(({ outcome, name }) => `${outcome} ${name}`).sort()).toEqual(
      granted
        .slice(1)
        .flatMap(actionsOf)
        .map((action) => `optional ${action}`)
        .sort(),
    );
    expect(out).toMatch(
      /– not granted, or not to be told: ec2:DescribeInstances, ec2:DescribeVpcEndpoints\n/,
    );
    expect(out).toContain("grant what deploy/iam/investigator-optional.json lists");
    expect(out).toContain("Everything that eksiam needs is there.");
  });

  test("a member of an organization may not read its policies, whatever it is granted", async () => {
    served.sandbox.account.joinOrganization();
    const { report: all } = await report(options, bare());
    expect(all.checks.find(({ name }) => name === "organizations:DescribePolicy")).toMatchObject({
      outcome: "optional",
      detail: expect.stringContaining("You don't have permissions to access this resource."),
      fix: expect.stringContaining("delegated administrators"),
    });
  });

  test("one of the account withheld, one of the cluster: both are named with their fix", async () => {
    const policies = rights.policies.investigator ?? [];
    const document = {
      Version: "2012-10-17",
      Statement: [{ Effect: "Deny", Action: "iam:GetRole", Resource: "*" }],
    };
    served.sandbox.applyPolicies("investigator", [...policies, { name: "withheld", document }]);
    const permission = { verb: "get", group: "", resource: "pods/log" };
    const rbac = rights.rbac.investigator ?? [];
    served.sandbox.applyRbac("investigator", withoutPermission(rbac, permission));
    const { code, report: missing } = await report(options, bare());
    const { out } = await eksiam(options, { env: bare() });
    served.sandbox.applyPolicies("investigator", policies);
    served.sandbox.applyRbac("investigator", rbac);

    expect(code).toBe(1);
    const wrong = missing.checks.filter(({ outcome }) => outcome === "failed");
    expect(wrong.map(({ name, outcome, fix }) => ({ name, outcome, fix }))).toEqual([
      {
        name: "get pods/log",
        outcome: "failed",
        fix: "Grant get pods/log: it is in deploy/rbac/investigator.yaml.",
      },
      {
        name: "iam:GetRole",
        outcome: "failed",
        fix: "Grant iam:GetRole: it is in deploy/iam/investigator.json.",
      },
    ]);
    expect(out).toContain("✗ iam:GetRole");
  });

  test("credentials that AWS does not know: not said to be missing rights", async () => {
    const key = process.env["AWS_ACCESS_KEY_ID"];
    process.env["AWS_ACCESS_KEY_ID"] = "NOBODY";
    const { code, report: unknown } = await report(options, bare());
    process.env["AWS_ACCESS_KEY_ID"] = key;
    expect(code).toBe(3);
    expect(unknown.checks.filter(({ outcome }) => outcome === "failed")).toEqual([]);
    expect(unknown.checks.filter(({ outcome }) => outcome === "unknown")).toMatchObject([
      { name: "sts:GetCallerIdentity" },
    ]);
  });
});

describe("the service", () => {
  test("tokens, key, Redis and approvers that are not there, each with what to do", async () => {
    const { EKSIAM_APPROVAL_KEY: _key, REDIS_URL: _redis, SLACK_BOT_TOKEN: _token, ...env } = process.env;
    const { code, report: missing } = await report(["doctor"], env);
    expect(code).toBe(1);
    const wrong = missing.checks.filter(({ outcome }) => outcome !== "ok" && outcome !== "optional");
    expect(wrong.map(({ area, name }) => `${area} ${name}`)).toEqual([
      "configuration approvers",
      "Slack tokens",
      "service EKSIAM_APPROVAL_KEY",
      "Redis answers",
    ]);
    expect(wrong.map(({ fix }) => fix)).toEqual([
      expect.stringMatching(/approvals\.approvers/),
      expect.stringMatching(/SLACK_BOT_TOKEN/),
      expect.stringMatching(/openssl rand/),
      expect.stringMatching(/REDIS_URL/),
    ]);
    // Both clusters of the configuration are looked at.
    expect(new Set(missing.checks.map(({ area }) => area))).toContain("cluster eks-legacy");
  });

  test("a token that Slack refuses is never shown", async () => {
    const slack = createServer((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"ok":false,"error":"invalid_auth"}');
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => slack.once("listening", resolve));
    const { port } = slack.address() as AddressInfo;
    const token = ["xoxb", "1", "secret"].join("-");
    const env = {
      ...process.env,
      SLACK_BOT_TOKEN: token,
      SLACK_APP_TOKEN: ["xapp", "1"].join("-"),
      SLACK_API_URL: `http://127.0.0.1:${port}/api/`,
    };
    const { report: refused } = await report(["doctor"], env);
    slack.close();
    const tokens = refused.checks.find(({ name }) => name === "tokens");
    expect(tokens).toMatchObject({ outcome: "failed", detail: expect.stringContaining("invalid_auth") });
    expect(JSON.stringify(refused)).not.toContain(token);
  });

  test("a configuration that is wrong", async () => {
    const path = join(served.folder, "wrong.yaml");
    await writeFile(path, "clusters: []\n");
    const { code, err } = await eksiam(["doctor", "--config", path]);
    expect(code).toBe(2);
    expect(err).toContain("clusters: at least one cluster");
  });
});
