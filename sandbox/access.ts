import { stringify } from "yaml";
import type { Account } from "./account/account.ts";
import type { NamedDocument } from "./account/model.ts";
import { everything, type Grant, readEverything } from "./cluster/rbac.ts";

/** Whose credentials: the product's three processes, and somebody who may do everything. */
export type SandboxRole = "bot" | "investigator" | "executor" | "admin";

export const sandboxRoles: readonly SandboxRole[] = ["bot", "investigator", "executor", "admin"];

export const accountId = "111122223333";
export const region = "us-west-2";

const mayDoEverything: readonly NamedDocument[] = [
  {
    name: "everything",
    document: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] },
  },
];
const mayRead: readonly NamedDocument[] = [
  {
    name: "read",
    document: {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Action: [
            "eks:Describe*",
            "eks:List*",
            "iam:Get*",
            "iam:List*",
            "iam:Simulate*",
            "sts:GetCallerIdentity",
            "cloudtrail:LookupEvents",
            "ec2:Describe*",
          ],
          Resource: "*",
        },
      ],
    },
  },
];

const defaultPolicies: Readonly<Record<SandboxRole, readonly NamedDocument[]>> = {
  bot: [],
  investigator: mayRead,
  executor: mayDoEverything,
  admin: mayDoEverything,
};
export const defaultRbac: Readonly<Record<SandboxRole, readonly Grant[]>> = {
  bot: [],
  investigator: readEverything,
  executor: everything,
  admin: everything,
};

/** Gives every role but the bot its keys and policies. */
export function addCallers(
  account: Account,
  policies: { readonly [role in SandboxRole]?: readonly NamedDocument[] },
): void {
  for (const role of sandboxRoles) {
    if (role === "bot") continue;
    account.addCaller({
      accessKeyId: accessKeyOf(role),
      secretAccessKey: secretKeyOf(role),
      principalArn: `arn:aws:sts::${accountId}:assumed-role/eksiam-${role}/sandbox`,
      policies: policies[role] ?? defaultPolicies[role],
    });
  }
}

// Not secrets: they open nothing but a simulation on this machine.
export function tokenOf(role: SandboxRole): string {
  return `sandbox-${role}`;
}

/** The IAM role behind a role's keys, to which the clusters' access entries refer. */
export function roleArnOf(role: SandboxRole): string {
  return `arn:aws:iam::${accountId}:role/eksiam-${role}`;
}

export function accessKeyOf(role: SandboxRole): string {
  return `SANDBOX${role.toUpperCase()}`;
}

function secretKeyOf(role: SandboxRole): string {
  return `sandbox-secret-of-${role}`;
}

/** The environment that the AWS SDKs read; the bot has no keys. */
export function awsEnvironment(role: SandboxRole, awsUrl: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: awsUrl,
    AWS_REGION: region,
    AWS_EC2_METADATA_DISABLED: "true",
    ...(role === "bot"
      ? {}
      : { AWS_ACCESS_KEY_ID: accessKeyOf(role), AWS_SECRET_ACCESS_KEY: secretKeyOf(role) }),
  };
}

/** A kubeconfig with a context for each cluster, the first one current. */
export function kubeconfigText(
  role: SandboxRole,
  clusters: readonly (readonly [name: string, url: string])[],
): string {
  const arnOf = (name: string) => `arn:aws:eks:${region}:${accountId}:cluster/${name}`;
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    // Plain HTTP: the client asks for this consent before it sends a token over it.
    clusters: clusters.map(([name, url]) => ({
      name: arnOf(name),
      cluster: { server: url, "insecure-skip-tls-verify": true },
    })),
    users: [{ name: role, user: { token: tokenOf(role) } }],
    contexts: clusters.map(([name]) => ({ name, context: { cluster: arnOf(name), user: role } })),
    "current-context": clusters[0]?.[0] ?? "",
  });
}
