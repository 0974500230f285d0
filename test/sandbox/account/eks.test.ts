import {
  CreatePodIdentityAssociationCommand,
  DeletePodIdentityAssociationCommand,
  DescribeAddonCommand,
  DescribeClusterCommand,
  DescribeNodegroupCommand,
  DescribePodIdentityAssociationCommand,
  type EKSClient,
  ListAddonsCommand,
  ListClustersCommand,
  ListNodegroupsCommand,
  ListPodIdentityAssociationsCommand,
  paginateListPodIdentityAssociations,
  UpdatePodIdentityAssociationCommand,
} from "@aws-sdk/client-eks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  accountId,
  callerArn,
  errorOf,
  region,
  type Served,
  serve,
  statement,
  trustService,
} from "./served.ts";

const cluster = "eks-workshop";
const clusterArn = `arn:aws:eks:${region}:${accountId}:cluster/${cluster}`;
const podTrust = trustService("pods.eks.amazonaws.com");
let served: Served;
let eks: EKSClient;
let roleArn: string;

beforeEach(async () => {
  served = await serve();
  eks = served.eks();
  served.account.addCluster({ name: cluster, version: "1.33", platformVersion: "eks.9" });
  roleArn = served.account.addRole({ name: "carts", path: "/apps/", trustPolicy: podTrust });
});
afterEach(() => served.close());

const carts = { clusterName: cluster, namespace: "carts", serviceAccount: "carts" };
const create = (given: object = {}) =>
  eks.send(new CreatePodIdentityAssociationCommand({ ...carts, roleArn, ...given }));

describe("clusters, node groups and add-ons", () => {
  test("are described as the SDK knows them", async () => {
    served.account.updateCluster(cluster, {
      computeConfig: { nodeRoleArn: `arn:aws:iam::${accountId}:role/auto`, nodePools: ["system"] },
      certificateAuthorityData: "Q0E=",
    });
    served.account.addNodegroup({
      cluster,
      name: "default",
      nodeRoleArn: `arn:aws:iam::${accountId}:role/node`,
    });
    served.account.addAddon({ cluster, name: "eks-pod-identity-agent", version: "v1.3.9-eksbuild.3" });

    const described = await eks.send(new DescribeClusterCommand({ name: cluster }));
    const nodegroups = await eks.send(new ListNodegroupsCommand({ clusterName: cluster }));
    const nodegroup = await eks.send(
      new DescribeNodegroupCommand({ clusterName: cluster, nodegroupName: "default" }),
    );
    const addons = await eks.send(new ListAddonsCommand({ clusterName: cluster }));
    const addon = await eks.send(
      new DescribeAddonCommand({ clusterName: cluster, addonName: "eks-pod-identity-agent" }),
    );

    expect(described.cluster).toMatchObject({
      arn: clusterArn,
      version: "1.33",
      platformVersion: "eks.9",
      status: "ACTIVE",
      createdAt: new Date("2026-01-31T12:00:00Z"),
      certificateAuthority: { data: "Q0E=" },
      computeConfig: { enabled: true, nodePools: ["system"] },
    });
    expect(described.cluster?.identity?.oidc?.issuer).toMatch(
      /^https:\/\/oidc\.eks\.us-west-2\.amazonaws\.com\/id\/[0-9A-F]{32}$/,
    );
    expect(nodegroups.nodegroups).toEqual(["default"]);
    expect(nodegroup.nodegroup?.nodeRole).toBe(`arn:aws:iam::${accountId}:role/node`);
    expect(addons.addons).toEqual(["eks-pod-identity-agent"]);
    expect(addon.addon).toMatchObject({
      addonVersion: "v1.3.9-eksbuild.3",
      status: "ACTIVE",
      health: { issues: [] },
    });
  });

  test("are listed by pages", async () => {
    served.account.addCluster({ name: "eks-legacy" });
    served.account.addCluster({ name: "eks-third" });

    const first = await eks.send(new ListClustersCommand({ maxResults: 2 }));
    const second = await eks.send(new ListClustersCommand({ maxResults: 2, nextToken: first.nextToken }));

    expect(first.clusters).toEqual([cluster, "eks-legacy"]);
    expect(second.clusters).toEqual(["eks-third"]);
    expect(second.nextToken).toBeUndefined();
  });

  test.each([
    [
      "a cluster",
      () => eks.send(new DescribeClusterCommand({ name: "none" })),
      "No cluster found for name: none.",
    ],
    [
      "the list of an absent cluster",
      () => eks.send(new ListNodegroupsCommand({ clusterName: "none" })),
      "No cluster found for name: none.",
    ],
    [
      "a node group",
      () => eks.send(new DescribeNodegroupCommand({ clusterName: cluster, nodegroupName: "none" })),
      "No node group found for name: none.",
    ],
    [
      "an add-on",
      () => eks.send(new DescribeAddonCommand({ clusterName: cluster, addonName: "none" })),
      `No addon: none found in cluster: ${cluster}`,
    ],
    [
      "an association",
      () =>
        eks.send(
          new DescribePodIdentityAssociationCommand({
            clusterName: cluster,
            associationId: "a-00000000000000000",
          }),
        ),
      "No association found with associationId: a-00000000000000000",
    ],
  ])("%s that is not there", async (_name, send, message) => {
    expect(await errorOf(send())).toEqual({ name: "ResourceNotFoundException", message, status: 404 });
  });
});

describe("Pod Identity associations", () => {
  test("are created, described, changed and deleted", async () => {
    const policy = JSON.stringify(statement("Allow", "dynamodb:Query"));
    const targetRoleArn = "arn:aws:iam::444455556666:role/target";

    const { association: created } = await create({ tags: { team: "shop" } });
    const associationId = created?.associationId ?? "";
    served.pass(5_000);
    await eks.send(
      new UpdatePodIdentityAssociationCommand({
        clusterName: cluster,
        associationId,
        targetRoleArn,
        disableSessionTags: true,
        policy,
      }),
    );
    const { association } = await eks.send(
      new DescribePodIdentityAssociationCommand({ clusterName: cluster, associationId }),
    );
    await eks.send(new DeletePodIdentityAssociationCommand({ clusterName: cluster, associationId }));

    expect(associationId).toMatch(/^a-[a-z0-9]{17}$/);
    expect(created).toMatchObject({ ...carts, roleArn, tags: { team: "shop" }, disableSessionTags: false });
    expect(association).toMatchObject({
      associationArn: `arn:aws:eks:${region}:${accountId}:podidentityassociation/${cluster}/${associationId}`,
      createdAt: new Date("2026-01-31T12:00:00Z"),
      modifiedAt: new Date("2026-01-31T12:00:05Z"),
      targetRoleArn,
      externalId: `${region}/${accountId}/${cluster}/carts/carts`,
      disableSessionTags: true,
      policy,
    });
    expect(served.account.associations(cluster)).toEqual([]);
  });

  test("are listed by namespace and service account, by pages, in brief", async () => {
    for (const serviceAccount of ["a", "b", "c"]) await create({ serviceAccount });
    await create({ namespace: "orders" });
    const list = (filter: object) =>
      eks.send(new ListPodIdentityAssociationsCommand({ clusterName: cluster, ...filter }));

    const pages: number[] = [];
    const paginator = paginateListPodIdentityAssociations(
      { client: eks, pageSize: 2 },
      { clusterName: cluster, namespace: "carts" },
    );
    for await (const page of paginator) pages.push(page.associations?.length ?? 0);
    const one = await list({ namespace: "carts", serviceAccount: "b" });
    const first = await list({ namespace: "carts", maxResults: 1 });

    expect(pages).toEqual([2, 1]);
    expect(one.associations?.map((found) => found.serviceAccount)).toEqual(["b"]);
    expect(one.associations?.[0]).not.toHaveProperty("roleArn");
    expect(await errorOf(list({ namespace: "orders", nextToken: first.nextToken }))).toMatchObject({
      name: "InvalidParameterException",
      status: 400,
    });
    expect(await errorOf(list({ maxResults: 101 }))).toMatchObject({ name: "InvalidParameterException" });
  });

  test("a second one for the same service account is refused, a request sent twice is not", async () => {
    const clientRequestToken = "one-request";
    const { association: first } = await create({ clientRequestToken });
    const { association: again } = await create({ clientRequestToken });

    const error = await errorOf(create({ clientRequestToken: "another" }));

    expect(again?.associationId).toBe(first?.associationId);
    expect(error).toEqual({
      name: "ResourceInUseException",
      message: `Association already exists: ${first?.associationId}`,
      status: 409,
    });
  });

  test.each([
    [
      "a role that is not there",
      { roleArn: `arn:aws:iam::${accountId}:role/none` },
      "Role provided in the request does not exist.",
    ],
    [
      "a role of another account",
      { roleArn: "arn:aws:iam::444455556666:role/carts" },
      "The role must be from the same account as the cluster.",
    ],
    [
      "a session policy beside session tags",
      { policy: "{}" },
      "Session tags must be disabled when a policy is specified.",
    ],
    [
      "a session policy that is none",
      { policy: "{}", disableSessionTags: true },
      "The policy is not a valid IAM policy document.",
    ],
    ["an empty namespace", { namespace: "" }, "The parameter namespace is missing or not valid."],
  ])("are not created with %s", async (_name, given, message) => {
    expect(await errorOf(create(given))).toEqual({ name: "InvalidParameterException", message, status: 400 });
  });

  test("are not created with a role that does not trust EKS", async () => {
    served.account.updateTrustPolicy("carts", trustService("ec2.amazonaws.com", ["sts:AssumeRole"]));

    expect(await errorOf(create())).toMatchObject({
      message: "Trust policy of the role provided is invalid.",
    });
  });

  test("an id of another length is not looked for", async () => {
    const command = new DescribePodIdentityAssociationCommand({
      clusterName: cluster,
      associationId: "None",
    });

    expect(await errorOf(eks.send(command))).toMatchObject({
      message: "The parameter associationId should be 19 characters long.",
    });
  });

  test("reach the webhook only after their delay", async () => {
    const slow = await serve({ associationDelayMs: 8_000 });
    try {
      slow.account.addCluster({ name: cluster });
      const role = slow.account.addRole({ name: "carts", trustPolicy: podTrust });
      const client = slow.eks();
      const seen = () => slow.account.association(cluster, "carts", "carts")?.associationId;

      const { association } = await client.send(
        new CreatePodIdentityAssociationCommand({ ...carts, roleArn: role }),
      );
      const associationId = association?.associationId ?? "";
      expect(seen()).toBeUndefined();
      slow.pass(8_000);
      expect(seen()).toBe(associationId);
      await client.send(new DeletePodIdentityAssociationCommand({ clusterName: cluster, associationId }));
      expect(seen()).toBe(associationId);
      slow.pass(8_000);
      expect(seen()).toBeUndefined();
    } finally {
      await slow.close();
    }
  });
});

describe("authorization", () => {
  const reads: readonly (readonly [string, string, () => Promise<unknown>])[] = [
    [
      "eks:ListClusters",
      `arn:aws:eks:${region}:${accountId}:cluster/*`,
      () => eks.send(new ListClustersCommand({})),
    ],
    ["eks:DescribeCluster", clusterArn, () => eks.send(new DescribeClusterCommand({ name: cluster }))],
    ["eks:ListNodegroups", clusterArn, () => eks.send(new ListNodegroupsCommand({ clusterName: cluster }))],
    [
      "eks:DescribeNodegroup",
      `arn:aws:eks:${region}:${accountId}:nodegroup/${cluster}/x/*`,
      () => eks.send(new DescribeNodegroupCommand({ clusterName: cluster, nodegroupName: "x" })),
    ],
    ["eks:ListAddons", clusterArn, () => eks.send(new ListAddonsCommand({ clusterName: cluster }))],
    [
      "eks:DescribeAddon",
      `arn:aws:eks:${region}:${accountId}:addon/${cluster}/x/*`,
      () => eks.send(new DescribeAddonCommand({ clusterName: cluster, addonName: "x" })),
    ],
    [
      "eks:ListPodIdentityAssociations",
      clusterArn,
      () => eks.send(new ListPodIdentityAssociationsCommand({ clusterName: cluster })),
    ],
    ["eks:CreatePodIdentityAssociation", clusterArn, () => create()],
  ];

  test.each(reads)("%s can be withheld", async (action, resource, send) => {
    served.caller.policies = [
      ...served.caller.policies,
      { name: "withheld", document: statement("Deny", action) },
    ];

    expect(await errorOf(send())).toEqual({
      name: "AccessDeniedException",
      message: `User: ${callerArn} is not authorized to perform: ${action} on resource: ${resource} with an explicit deny in an identity-based policy`,
      status: 403,
    });
  });

  test("a caller without any policy is refused implicitly", async () => {
    served.caller.policies = [];

    expect((await errorOf(eks.send(new DescribeClusterCommand({ name: cluster })))).message).toBe(
      `User: ${callerArn} is not authorized to perform: eks:DescribeCluster on resource: ${clusterArn} because no identity-based policy allows the eks:DescribeCluster action`,
    );
  });

  test.each(["Describe", "Update", "Delete"] as const)(
    "%sPodIdentityAssociation is asked on the association",
    async (verb) => {
      const { association } = await create();
      const input = { clusterName: cluster, associationId: association?.associationId ?? "" };
      const commands = {
        Describe: () => eks.send(new DescribePodIdentityAssociationCommand(input)),
        Update: () => eks.send(new UpdatePodIdentityAssociationCommand(input)),
        Delete: () => eks.send(new DeletePodIdentityAssociationCommand(input)),
      };
      served.caller.policies = [{ name: "clusters only", document: statement("Allow", "*", clusterArn) }];

      const { message } = await errorOf(commands[verb]());

      expect(message).toContain(
        `eks:${verb}PodIdentityAssociation on resource: ${association?.associationArn} because`,
      );
    },
  );

  test("a role is passed only to EKS Pod Identity, and only one that the caller may pass", async () => {
    const passTo = (service: string) => [
      { name: "eks", document: statement("Allow", ["eks:*", "iam:GetRole"]) },
      {
        name: "pass",
        document: {
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Action: "iam:PassRole",
              Resource: roleArn,
              Condition: { StringEquals: { "iam:PassedToService": service } },
            },
          ],
        },
      },
    ];

    served.caller.policies = passTo("ec2.amazonaws.com");
    const refused = await errorOf(create());
    served.caller.policies = passTo("pods.eks.amazonaws.com");
    const { association } = await create();

    expect(refused).toMatchObject({ name: "AccessDeniedException", status: 403 });
    expect(refused.message).toContain(`iam:PassRole on resource: ${roleArn} because`);
    expect(association?.roleArn).toBe(roleArn);
  });
});
