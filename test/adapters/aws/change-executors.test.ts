import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { NamedDocument } from "../../../sandbox/account/model.ts";
import { createAwsClients } from "../../../src/adapters/aws/clients.ts";
import { createAddonExecutor } from "../../../src/adapters/aws/executors/addon.ts";
import { createAssociationUpdateExecutor } from "../../../src/adapters/aws/executors/association-update.ts";
import {
  createOidcClientExecutor,
  createOidcProviderExecutor,
} from "../../../src/adapters/aws/executors/oidc.ts";
import {
  createAttachPolicyExecutor,
  createTrustPolicyExecutor,
} from "../../../src/adapters/aws/executors/role.ts";
import type { ChangeExecutor } from "../../../src/app/ports.ts";
import type { JsonValue } from "../../../src/core/json.ts";
import type { Change, ChangeKind } from "../../../src/core/plan.ts";
import { accountId, region, trustService } from "../../sandbox/account/served.ts";
import {
  cluster,
  deny,
  forgetEnvironment,
  issuer,
  nodeRoleArn,
  roleArn,
  type Story,
  serveStory,
} from "./story.ts";

const otherIssuer = "https://oidc.eks.us-west-2.amazonaws.com/id/EXAMPLE0000000000000000000000000";
const providerArn = (of: string) => `arn:aws:iam::${accountId}:oidc-provider/${of.replace("https://", "")}`;
const nodePolicy = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy";
const settling = { settleMs: 0, sleep: async () => {} };
const signal = () => AbortSignal.timeout(15_000);

let story: Story;
let rights: readonly NamedDocument[];
beforeAll(async () => {
  const files = ["executor.json", "executor-iam.json"];
  rights = await Promise.all(
    files.map(async (name) => ({
      name,
      document: JSON.parse(
        (await readFile(new URL(`../../../deploy/iam/${name}`, import.meta.url), "utf8")).replaceAll(
          "${ExecutorRoleArn}",
          `arn:aws:iam::${accountId}:role/eksiam-executor`,
        ),
      ) as JsonValue,
    })),
  );
});
beforeEach(async () => {
  story = await serveStory();
  story.account.addRole({ name: "eksiam-executor", trustPolicy: trustService("pods.eks.amazonaws.com") });
  story.account.removeAddon(cluster, "eks-pod-identity-agent");
  story.caller.policies = rights;
  return async () => {
    forgetEnvironment();
    await story.close();
  };
});
afterAll(forgetEnvironment);

const before = trustService("pods.eks.amazonaws.com");
const after = trustService("pods.eks.amazonaws.com", ["sts:AssumeRole"]);

/** Every kind of change to AWS but the creation of associations, with what somebody else makes of its target. */
function cases() {
  const { account, association } = story;
  const { eks, iam } = createAwsClients(region);
  const one = <K extends ChangeKind>(
    executor: ChangeExecutor<K>,
    change: Extract<Change, { kind: K }>,
    actions: readonly string[],
    drift: () => void,
  ) => ({
    executor: executor as unknown as ChangeExecutor<ChangeKind>,
    change: change as Change,
    actions,
    drift,
  });
  return {
    "eks.pod-identity-association.update": one(
      createAssociationUpdateExecutor(eks, settling),
      {
        kind: "eks.pod-identity-association.update",
        target: {
          cluster,
          region,
          namespace: "carts",
          serviceAccount: "carts",
          associationId: association.associationId,
        },
        before: { roleArn, disableSessionTags: false },
        after: { roleArn, disableSessionTags: true },
      },
      ["eks:DescribePodIdentityAssociation", "eks:UpdatePodIdentityAssociation"],
      () => account.removeAssociation(association.associationId),
    ),
    "eks.addon.create": one(
      createAddonExecutor(eks, settling),
      {
        kind: "eks.addon.create",
        target: { cluster, region, name: "eks-pod-identity-agent" },
        before: null,
        after: { version: "v1.3.9-eksbuild.1" },
      },
      ["eks:DescribeAddon", "eks:CreateAddon", "eks:DeleteAddon"],
      () => account.addAddon({ cluster, name: "eks-pod-identity-agent", version: "v1.0.0-eksbuild.1" }),
    ),
    "iam.role.trust-policy": one(
      createTrustPolicyExecutor(iam, settling),
      {
        kind: "iam.role.trust-policy",
        target: { cluster, roleArn, roleName: "carts" },
        before: { document: before },
        after: { document: after },
      },
      ["iam:GetRole", "iam:UpdateAssumeRolePolicy"],
      () => account.updateTrustPolicy("carts", trustService("ec2.amazonaws.com")),
    ),
    "iam.role.attach-policy": one(
      createAttachPolicyExecutor(iam, settling),
      {
        kind: "iam.role.attach-policy",
        target: { cluster, roleArn: nodeRoleArn, roleName: "nodes", policyArn: nodePolicy },
        before: { attached: false },
        after: { attached: true },
      },
      ["iam:GetRole", "iam:ListAttachedRolePolicies", "iam:AttachRolePolicy", "iam:DetachRolePolicy"],
      () => account.deleteRole("nodes"),
    ),
    "iam.oidc-provider.create": one(
      createOidcProviderExecutor(iam, settling),
      {
        kind: "iam.oidc-provider.create",
        target: { cluster, providerArn: providerArn(otherIssuer), url: otherIssuer },
        before: null,
        after: { clientIds: ["sts.amazonaws.com"] },
      },
      ["iam:GetOpenIDConnectProvider", "iam:CreateOpenIDConnectProvider", "iam:DeleteOpenIDConnectProvider"],
      () => account.addOidcProvider({ issuer: otherIssuer, clientIds: ["other"] }),
    ),
    "iam.oidc-provider.client-id.add": one(
      createOidcClientExecutor(iam, settling),
      {
        kind: "iam.oidc-provider.client-id.add",
        target: { cluster, providerArn: providerArn(issuer), clientId: "more" },
        before: { registered: false },
        after: { registered: true },
      },
      [
        "iam:GetOpenIDConnectProvider",
        "iam:AddClientIDToOpenIDConnectProvider",
        "iam:RemoveClientIDFromOpenIDConnectProvider",
      ],
      () => account.deleteOidcProvider(issuer),
    ),
  };
}

describe.each([
  "eks.pod-identity-association.update",
  "eks.addon.create",
  "iam.role.trust-policy",
  "iam.role.attach-policy",
  "iam.oidc-provider.create",
  "iam.oidc-provider.client-id.add",
] as const)("%s", (kind) => {
  test("is read, made, waited for, and taken back", async () => {
    const { executor, change } = cases()[kind];

    expect(await executor.read(change, signal())).toEqual(change.before);
    await executor.apply(change, signal());
    await executor.settle(change, signal());
    expect(await executor.read(change, signal())).toEqual(change.after);
    await executor.revert?.(change, signal());
    expect(await executor.read(change, signal())).toEqual(change.before);
    await executor.revert?.(change, signal());
    expect(await executor.read(change, signal())).toEqual(change.before);
  });

  test("is told from what somebody else made of its target", async () => {
    const { executor, change, drift } = cases()[kind];
    drift();

    const seen = await executor.read(change, signal()).catch((error: Error) => error.message);
    expect(seen).not.toEqual(change.before);
    expect(seen).not.toEqual(change.after);
  });

  test("needs every right that the deployment grants for it, and names the one that is missing", async () => {
    for (const action of cases()[kind].actions) {
      const { executor, change } = cases()[kind];
      story.caller.policies = [...rights, deny(action)];
      const run = async () => {
        await executor.read(change, signal());
        await executor.apply(change, signal());
        await executor.revert?.(change, signal());
      };
      await expect(run(), action).rejects.toThrow(`grant it ${action}`);
      story.caller.policies = rights;
      await executor.revert?.(change, signal());
    }
  });
});

test("a role of another account is refused, and so is every policy but the node policy and the executor's own role", async () => {
  const trust = cases()["iam.role.trust-policy"];
  const foreign = {
    ...trust.change,
    target: { cluster, roleArn: roleArn.replace(accountId, "444455556666"), roleName: "carts" },
  };
  await expect(trust.executor.read(foreign as Change, signal())).rejects.toThrow(
    "belongs to another account",
  );

  const attach = cases()["iam.role.attach-policy"];
  const admin = {
    ...attach.change,
    target: { ...attach.change.target, policyArn: `arn:aws:iam::${accountId}:policy/carts-table` },
  };
  await expect(attach.executor.apply(admin as Change, signal())).rejects.toThrow(
    "grant it iam:AttachRolePolicy",
  );

  const ownArn = `arn:aws:iam::${accountId}:role/eksiam-executor`;
  const own = { ...trust.change, target: { cluster, roleArn: ownArn, roleName: "eksiam-executor" } };
  await expect(trust.executor.apply(own as Change, signal())).rejects.toThrow(
    "grant it iam:UpdateAssumeRolePolicy",
  );
});
