import { parseArn } from "../iam/arn.ts";
import type { JsonValue } from "../json.ts";
import type { Change, RolePolicy, RoleTarget } from "../plan.ts";
import { yaml } from "./yaml.ts";

/**
 * The changes that CloudFormation can own, and the policies that roles are to get, as the resources of a template; null:
 * none of them. A role or a provider that exists is changed in the stack that declares it: a comment says so.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EKS.html
 */
export function cloudFormationOf(
  changes: readonly Change[],
  policies: readonly RolePolicy[] = [],
): string | null {
  const resources: Record<string, ResourceBody> = {};
  for (const [name, body] of [
    ...changes.flatMap((change) => resourceOf(change)),
    ...policies.map(rolePolicy),
  ]) {
    // Two changes of one role are one resource.
    resources[name] = { ...body, Properties: { ...resources[name]?.Properties, ...body.Properties } };
  }
  if (Object.keys(resources).length === 0) return null;
  const partial = changes.some(({ kind }) => declaredElsewhere.includes(kind));
  return `${partial ? note : ""}${yaml({ Resources: resources as unknown as JsonValue }).slice(1)}`;
}

/** Of these, the resource exists, and only a part of it changes. */
const declaredElsewhere: readonly string[] = [
  "iam.role.trust-policy",
  "iam.role.attach-policy",
  "iam.oidc-provider.client-id.add",
];

const note = `# Roles and providers exist already: change the resources that declare them. Their other properties stay, and so do
# the other values of ManagedPolicyArns and ClientIdList.
`;

function rolePolicy({ roleName, policyName, document }: RolePolicy): Resource {
  return resource(`Policy ${policyName}`, "AWS::IAM::RolePolicy", {
    RoleName: roleName,
    PolicyName: policyName,
    PolicyDocument: document,
  });
}

interface ResourceBody {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, JsonValue>>;
}

type Resource = readonly [name: string, resource: ResourceBody];

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
    case "iam.role.trust-policy":
      return [role(change.target, { AssumeRolePolicyDocument: change.after.document })];
    case "iam.role.attach-policy":
      return [role(change.target, { ManagedPolicyArns: [change.target.policyArn] })];
    case "iam.oidc-provider.client-id.add": {
      const { providerArn, clientId, cluster } = change.target;
      const issuer = providerArn.slice(providerArn.indexOf(":oidc-provider/") + ":oidc-provider/".length);
      return [
        resource(`Provider ${cluster}`, "AWS::IAM::OIDCProvider", {
          Url: `https://${issuer}`,
          ClientIdList: [clientId],
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

function role({ roleArn, roleName }: RoleTarget, changed: Readonly<Record<string, JsonValue>>): Resource {
  const inRole = parseArn(roleArn)?.resource ?? "";
  const path = inRole.slice("role".length, inRole.lastIndexOf("/") + 1) || "/";
  return resource(`Role ${roleName}`, "AWS::IAM::Role", {
    RoleName: roleName,
    ...(path === "/" ? {} : { Path: path }),
    ...changed,
  });
}

/** Logical ids are alphanumeric: every word of the name begins with a capital letter. */
function resource(name: string, Type: string, Properties: ResourceBody["Properties"]): Resource {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  return [words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join(""), { Type, Properties }];
}
