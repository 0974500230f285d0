import {
  GetAccountAuthorizationDetailsCommand,
  GetOpenIDConnectProviderCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  type IAMClient,
  ListAttachedRolePoliciesCommand,
  ListOpenIDConnectProvidersCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  paginateGetAccountAuthorizationDetails,
  paginateListRoles,
} from "@aws-sdk/client-iam";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { accountId, callerArn, errorOf, type Served, serve, statement, trustService } from "./served.ts";

const trustPolicy = trustService("pods.eks.amazonaws.com");
const query = statement("Allow", "dynamodb:Query");
const worker = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy";
const issuer = "https://oidc.eks.us-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF";
let served: Served;
let iam: IAMClient;
let policyArn: string;

beforeEach(async () => {
  served = await serve();
  iam = served.iam();
  policyArn = served.account.addManagedPolicy("carts-table", query);
  served.account.addRole({
    name: "carts",
    path: "/apps/",
    trustPolicy,
    inline: { "own (it's *)": query },
    attached: [policyArn, worker],
    tags: { team: "shop <&>" },
    permissionsBoundaryArn: policyArn,
    lastUsedAt: "2026-01-30T10:00:00.000Z",
  });
});
afterEach(() => served.close());

const decoded = (text: string | undefined) => JSON.parse(decodeURIComponent(text ?? ""));

describe("roles", () => {
  test("are shown in full by GetRole", async () => {
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: "carts" }));

    expect(Role).toMatchObject({
      Arn: `arn:aws:iam::${accountId}:role/apps/carts`,
      Path: "/apps/",
      CreateDate: new Date("2026-01-31T12:00:00Z"),
      MaxSessionDuration: 3600,
      PermissionsBoundary: { PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: policyArn },
      Tags: [{ Key: "team", Value: "shop <&>" }],
      RoleLastUsed: { LastUsedDate: new Date("2026-01-30T10:00:00Z") },
    });
    expect(Role?.RoleId).toMatch(/^AROA[A-Z2-7]{17}$/);
    expect(Role?.AssumeRolePolicyDocument).toMatch(/^%7B%22Version/);
    expect(decoded(Role?.AssumeRolePolicyDocument)).toEqual(trustPolicy);
  });

  test("are listed without tags, boundary and last use, by pages", async () => {
    for (const name of ["a", "b", "c"]) served.account.addRole({ name, trustPolicy });

    const pages: (string | undefined)[][] = [];
    for await (const page of paginateListRoles({ client: iam, pageSize: 2 }, {})) {
      pages.push((page.Roles ?? []).map((role) => role.RoleName));
    }
    const { Roles } = await iam.send(new ListRolesCommand({ PathPrefix: "/apps/" }));

    expect(pages).toEqual([
      ["a", "b"],
      ["c", "carts"],
    ]);
    expect(Roles).toHaveLength(1);
    for (const key of ["Tags", "PermissionsBoundary", "RoleLastUsed"])
      expect(Roles?.[0]).not.toHaveProperty(key);
  });

  test("carry inline and managed policies", async () => {
    const attached = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName: "carts" }));
    const inline = await iam.send(new ListRolePoliciesCommand({ RoleName: "carts" }));
    const document = await iam.send(
      new GetRolePolicyCommand({ RoleName: "carts", PolicyName: "own (it's *)" }),
    );

    expect(attached.AttachedPolicies).toEqual([
      { PolicyName: "carts-table", PolicyArn: policyArn },
      { PolicyName: "AmazonEKSWorkerNodePolicy", PolicyArn: worker },
    ]);
    expect(inline.PolicyNames).toEqual(["own (it's *)"]);
    expect(decoded(document.PolicyDocument)).toEqual(query);
  });
});

describe("managed policies", () => {
  test("show which version counts", async () => {
    const newer = statement("Allow", ["dynamodb:Query", "dynamodb:GetItem"]);
    served.account.addPolicyVersion(policyArn, newer, { asDefault: false });

    const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn: policyArn }));
    const first = await iam.send(new GetPolicyVersionCommand({ PolicyArn: policyArn, VersionId: "v1" }));
    const second = await iam.send(new GetPolicyVersionCommand({ PolicyArn: policyArn, VersionId: "v2" }));

    expect(Policy).toMatchObject({
      DefaultVersionId: "v1",
      AttachmentCount: 1,
      PermissionsBoundaryUsageCount: 1,
    });
    expect(first.PolicyVersion?.IsDefaultVersion).toBe(true);
    expect(second.PolicyVersion?.IsDefaultVersion).toBe(false);
    expect(decoded(second.PolicyVersion?.Document)).toEqual(newer);
  });
});

describe("GetAccountAuthorizationDetails", () => {
  test("gives roles with their policies, by pages", async () => {
    served.account.addRole({ name: "second", trustPolicy });

    const roles: string[] = [];
    let pages = 0;
    const paginator = paginateGetAccountAuthorizationDetails(
      { client: iam, pageSize: 1 },
      { Filter: ["Role"] },
    );
    for await (const page of paginator) {
      pages += 1;
      for (const role of page.RoleDetailList ?? []) {
        roles.push(role.RoleName ?? "");
        if (role.RoleName !== "carts") continue;
        expect(role.AttachedManagedPolicies).toHaveLength(2);
        expect(decoded(role.RolePolicyList?.[0]?.PolicyDocument)).toEqual(query);
        expect(decoded(role.AssumeRolePolicyDocument)).toEqual(trustPolicy);
      }
    }

    expect(roles).toEqual(["carts", "second"]);
    expect(pages).toBe(2);
  });

  test.each([
    [["LocalManagedPolicy" as const], ["carts-table"]],
    [["AWSManagedPolicy" as const], ["AmazonEKSWorkerNodePolicy"]],
    [["User" as const], []],
    [undefined, ["AmazonEKSWorkerNodePolicy", "carts-table"]],
  ])("filter %s gives the policies %s", async (Filter, names) => {
    const { Policies } = await iam.send(
      new GetAccountAuthorizationDetailsCommand(Filter === undefined ? {} : { Filter }),
    );

    expect((Policies ?? []).map((policy) => policy.PolicyName)).toEqual(names);
    if (names.length > 0)
      expect(decoded(Policies?.[0]?.PolicyVersionList?.[0]?.Document)).toHaveProperty("Statement");
  });
});

test("OIDC providers are listed by ARN and shown with their audiences", async () => {
  const arn = served.account.addOidcProvider({ issuer, clientIds: ["sts.amazonaws.com"] });

  const listed = await iam.send(new ListOpenIDConnectProvidersCommand({}));
  const provider = await iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }));

  expect(listed.OpenIDConnectProviderList).toEqual([{ Arn: arn }]);
  expect(provider).toMatchObject({
    Url: issuer.replace("https://", ""),
    ClientIDList: ["sts.amazonaws.com"],
  });
});

const asked: readonly (readonly [string, string, () => Promise<unknown>])[] = [
  ["iam:GetRole", "role carts", () => iam.send(new GetRoleCommand({ RoleName: "carts" }))],
  ["iam:ListRoles", `arn:aws:iam::${accountId}:role/`, () => iam.send(new ListRolesCommand({}))],
  [
    "iam:ListAttachedRolePolicies",
    "role carts",
    () => iam.send(new ListAttachedRolePoliciesCommand({ RoleName: "carts" })),
  ],
  ["iam:ListRolePolicies", "role carts", () => iam.send(new ListRolePoliciesCommand({ RoleName: "carts" }))],
  [
    "iam:GetRolePolicy",
    "role carts",
    () => iam.send(new GetRolePolicyCommand({ RoleName: "carts", PolicyName: "x" })),
  ],
  ["iam:GetPolicy", `policy ${worker}`, () => iam.send(new GetPolicyCommand({ PolicyArn: worker }))],
  [
    "iam:GetPolicyVersion",
    `policy ${worker}`,
    () => iam.send(new GetPolicyVersionCommand({ PolicyArn: worker, VersionId: "v1" })),
  ],
  ["iam:GetAccountAuthorizationDetails", "*", () => iam.send(new GetAccountAuthorizationDetailsCommand({}))],
  [
    "iam:ListOpenIDConnectProviders",
    `arn:aws:iam::${accountId}:oidc-provider/*`,
    () => iam.send(new ListOpenIDConnectProvidersCommand({})),
  ],
  [
    "iam:GetOpenIDConnectProvider",
    `arn:aws:iam::${accountId}:oidc-provider/x`,
    () =>
      iam.send(
        new GetOpenIDConnectProviderCommand({
          OpenIDConnectProviderArn: `arn:aws:iam::${accountId}:oidc-provider/x`,
        }),
      ),
  ],
];

test.each(asked)("%s can be withheld", async (action, resource, send) => {
  served.caller.policies = [
    ...served.caller.policies,
    { name: "withheld", document: statement("Deny", action) },
  ];

  expect(await errorOf(send())).toEqual({
    name: "AccessDenied",
    message: `User: ${callerArn} is not authorized to perform: ${action} on resource: ${resource} with an explicit deny in an identity-based policy`,
    status: 403,
  });
});

test.each([
  [
    "role",
    () => iam.send(new GetRoleCommand({ RoleName: "none" })),
    "The role with name none cannot be found.",
  ],
  [
    "role's policies",
    () => iam.send(new ListAttachedRolePoliciesCommand({ RoleName: "none" })),
    "The role with name none cannot be found.",
  ],
  [
    "inline policy",
    () => iam.send(new GetRolePolicyCommand({ RoleName: "carts", PolicyName: "none" })),
    "The role policy with name none cannot be found.",
  ],
  [
    "managed policy",
    () => iam.send(new GetPolicyCommand({ PolicyArn: `arn:aws:iam::${accountId}:policy/none` })),
    `Policy arn:aws:iam::${accountId}:policy/none was not found.`,
  ],
  [
    "version",
    () => iam.send(new GetPolicyVersionCommand({ PolicyArn: policyArn, VersionId: "v9" })),
    `Policy arn:aws:iam::${accountId}:policy/carts-table version v9 does not exist or is not attachable.`,
  ],
  [
    "OIDC provider",
    () =>
      iam.send(
        new GetOpenIDConnectProviderCommand({
          OpenIDConnectProviderArn: `arn:aws:iam::${accountId}:oidc-provider/none`,
        }),
      ),
    `OpenIDConnect Provider not found for arn arn:aws:iam::${accountId}:oidc-provider/none`,
  ],
])("no such %s", async (_name, send, message) => {
  expect(await errorOf(send())).toEqual({ name: "NoSuchEntityException", message, status: 404 });
});

test.each([
  [
    "an ARN for a role's name",
    () => iam.send(new GetRoleCommand({ RoleName: `arn:aws:iam::${accountId}:role/carts` })),
  ],
  ["a marker of nobody", () => iam.send(new ListRolesCommand({ Marker: "bogus" }))],
  ["a page of nothing", () => iam.send(new ListRolesCommand({ MaxItems: 0 }))],
])("%s is not valid", async (_name, send) => {
  expect(await errorOf(send())).toMatchObject({ name: "ValidationError", status: 400 });
});

test("a role that the caller may not see is not told from one that is not there", async () => {
  served.caller.policies = [];

  const there = await errorOf(iam.send(new GetRoleCommand({ RoleName: "carts" })));
  const notThere = await errorOf(iam.send(new GetRoleCommand({ RoleName: "none" })));

  expect(notThere).toEqual({ ...there, message: there.message.replace("role carts", "role none") });
});
