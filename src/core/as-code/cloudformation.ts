import { parseArn } from "../iam/arn.ts";
import type { JsonValue } from "../json.ts";
import type { Change } from "../plan.ts";
import { yaml } from "./yaml.ts";

/**
 * The changes that CloudFormation can own, as the resources of a template; null: none of them. A role that exists is
 * changed in the stack that declares it.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EKS.html
 */
export function cloudFormationOf(changes: readonly Change[]): string | null {
  const resources = Object.fromEntries(changes.flatMap((change) => resourceOf(change)));
  return Object.keys(resources).length === 0 ? null : yaml({ Resources: resources }).slice(1);
}

type Resource = readonly [name: string, resource: JsonValue];

function resourceOf(change: Change): readonly Resource[] {
  switch (change.kind) {
    case "eks.pod-identity-association.create":
    case "eks.pod-identity-association.update": {
      const { cluster, namespace, serviceAccount } = change.target;
      const after = change.after;
      if (after === null) return [];
      const tags = "disableSessionTags" in after && after.disableSessionTags;
      return [
        resource(`Association ${namespace} ${serviceAccount}`, "AWS::EKS::PodIdentityAssociation", {
          ClusterName: cluster,
          Namespace: namespace,
          ServiceAccount: serviceAccount,
          RoleArn: after.roleArn,
          ...(tags ? { DisableSessionTags: true } : {}),
        }),
      ];
    }
    case "eks.addon.create": {
      const version = change.after?.version ?? null;
      return [
        resource(`Addon ${change.target.name}`, "AWS::EKS::Addon", {
          ClusterName: change.target.cluster,
          AddonName: change.target.name,
          ...(version === null ? {} : { AddonVersion: version }),
        }),
      ];
    }
    case "iam.role.trust-policy": {
      const { roleArn, roleName } = change.target;
      const inRole = parseArn(roleArn)?.resource ?? "";
      const path = inRole.slice("role".length, inRole.lastIndexOf("/") + 1) || "/";
      return [
        resource(`Role ${roleName}`, "AWS::IAM::Role", {
          RoleName: roleName,
          ...(path === "/" ? {} : { Path: path }),
          AssumeRolePolicyDocument: change.after.document,
        }),
      ];
    }
    case "iam.oidc-provider.create":
      return [
        resource(`Provider ${change.target.cluster}`, "AWS::IAM::OIDCProvider", {
          Url: change.target.url,
          ClientIdList: change.after?.clientIds ?? [],
        }),
      ];
    default:
      return [];
  }
}

/** Logical ids are alphanumeric: every word of the name begins with a capital letter. */
function resource(name: string, Type: string, Properties: JsonValue): Resource {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  return [words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join(""), { Type, Properties }];
}
