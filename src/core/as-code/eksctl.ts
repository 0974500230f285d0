import { roleAnnotation } from "../identity.ts";
import type { JsonValue } from "../json.ts";
import type { Change } from "../plan.ts";
import { yaml } from "./yaml.ts";

/**
 * The changes that eksctl can own, as its configuration of the cluster; null: none of them, or the Region is not
 * known. https://docs.aws.amazon.com/eks/latest/eksctl/schema.html
 */
export function eksctlOf(changes: readonly Change[]): string | null {
  const associations: JsonValue[] = [];
  const serviceAccounts: JsonValue[] = [];
  const addons: JsonValue[] = [];
  let withOIDC = false;
  for (const change of changes) {
    switch (change.kind) {
      case "eks.pod-identity-association.update":
        associations.push({
          namespace: change.target.namespace,
          serviceAccountName: change.target.serviceAccount,
          roleARN: change.after?.roleArn ?? "",
          disableSessionTags: change.after?.disableSessionTags ?? false,
        });
        break;
      case "eks.pod-identity-association.create":
        associations.push({
          namespace: change.target.namespace,
          serviceAccountName: change.target.serviceAccount,
          roleARN: change.after?.roleArn ?? "",
        });
        break;
      case "k8s.service-account.annotate": {
        const { namespace, name, annotation } = change.target;
        if (annotation !== roleAnnotation || change.after.value === null) break;
        serviceAccounts.push({ metadata: { name, namespace }, attachRoleARN: change.after.value });
        break;
      }
      case "eks.addon.create": {
        const version = change.after?.version ?? null;
        addons.push({ name: change.target.name, ...(version === null ? {} : { version }) });
        break;
      }
      case "iam.oidc-provider.create":
        withOIDC = true;
        break;
      default:
    }
  }
  if (serviceAccounts.length > 0) withOIDC = true;
  const iam = {
    ...(withOIDC ? { withOIDC } : {}),
    ...(associations.length === 0 ? {} : { podIdentityAssociations: associations }),
    ...(serviceAccounts.length === 0 ? {} : { serviceAccounts }),
  };
  const [first] = changes;
  const region = regionOf(changes);
  const nothing = Object.keys(iam).length === 0 && addons.length === 0;
  if (first === undefined || region === null || nothing) return null;
  return yaml({
    apiVersion: "eksctl.io/v1alpha5",
    kind: "ClusterConfig",
    metadata: { name: first.target.cluster, region },
    ...(Object.keys(iam).length === 0 ? {} : { iam }),
    ...(addons.length === 0 ? {} : { addons }),
  }).slice(1);
}

function regionOf(changes: readonly Change[]): string | null {
  for (const { target } of changes) {
    if ("region" in target) return target.region;
    const inIssuer =
      "url" in target ? /^https:\/\/oidc[.-]eks\.([a-z0-9-]+)\./.exec(target.url)?.[1] : undefined;
    if (inIssuer !== undefined) return inIssuer;
  }
  return null;
}
