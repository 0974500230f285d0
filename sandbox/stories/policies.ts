import type { JsonValue } from "../../src/core/json.ts";
import type { World } from "./story.ts";

export function allow(sid: string, actions: readonly string[], resources: readonly string[]): JsonValue {
  return {
    Version: "2012-10-17",
    Statement: [{ Sid: sid, Effect: "Allow", Action: actions, Resource: resources }],
  };
}

/** https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html */
export const podIdentityTrust: JsonValue = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { Service: "pods.eks.amazonaws.com" },
      Action: ["sts:AssumeRole", "sts:TagSession"],
    },
  ],
};

export const nodeTrust: JsonValue = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
};

/**
 * Trust in one ServiceAccount of one cluster.
 * https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
 */
export function irsaTrust(
  world: World,
  cluster: string,
  namespace: string,
  serviceAccount: string,
): JsonValue {
  const issuer = (world.account.cluster(cluster)?.oidcIssuer ?? "").replace("https://", "");
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: `arn:aws:iam::${world.account.accountId}:oidc-provider/${issuer}` },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: {
            [`${issuer}:sub`]: `system:serviceaccount:${namespace}:${serviceAccount}`,
            [`${issuer}:aud`]: "sts.amazonaws.com",
          },
        },
      },
    ],
  };
}

export function arnOf(world: World, service: string, resource: string): string {
  const { region, accountId } = world.account;
  return `arn:aws:${service}:${region}:${accountId}:${resource}`;
}
