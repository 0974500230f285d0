import { parseArn } from "../iam/arn.ts";
import type { JsonValue } from "../json.ts";
import type { Change, ChangeOfKind, RolePolicy } from "../plan.ts";

/**
 * The changes that Terraform can own, and the policies that roles are to get, as resources of the providers
 * hashicorp/aws and hashicorp/kubernetes; null: none of them. A role or a provider that exists is changed where it is
 * declared.
 * https://registry.terraform.io/providers/hashicorp/aws/latest/docs
 * https://registry.terraform.io/providers/hashicorp/kubernetes/latest/docs
 */
export function terraformOf(changes: readonly Change[], policies: readonly RolePolicy[] = []): string | null {
  const blocks = [...changes.flatMap((change) => resourceOf(change) ?? []), ...policies.map(rolePolicy)];
  return blocks.length === 0 ? null : blocks.join("\n");
}

function resourceOf(change: Change): string | null {
  switch (change.kind) {
    case "eks.pod-identity-association.create":
    case "eks.pod-identity-association.update": {
      const { cluster, namespace, serviceAccount } = change.target;
      const after = change.after;
      if (after === null) return null;
      return block("aws_eks_pod_identity_association", `${namespace}_${serviceAccount}`, {
        cluster_name: cluster,
        namespace,
        service_account: serviceAccount,
        role_arn: after.roleArn,
        ...("disableSessionTags" in after && after.disableSessionTags ? { disable_session_tags: true } : {}),
      });
    }
    case "eks.addon.create": {
      const version = change.after?.version ?? null;
      return block("aws_eks_addon", change.target.name, {
        cluster_name: change.target.cluster,
        addon_name: change.target.name,
        ...(version === null ? {} : { addon_version: version }),
      });
    }
    case "k8s.service-account.annotate": {
      const { namespace, name, annotation } = change.target;
      const { value } = change.after;
      if (value === null) return null;
      const object = { apiVersion: "v1", kind: "ServiceAccount", namespace, name };
      const annotations = `  annotations = ${hcl({ [annotation]: value }, "  ")}`;
      return ofObject(
        head("kubernetes_annotations", `${namespace}_${name}`),
        object,
        annotations,
        change.before.value !== null,
      );
    }
    case "k8s.workload.template-metadata": {
      const { field, key } = change.target;
      const { value } = change.after;
      // The provider manages labels of objects, not of pod templates, and takes nothing out.
      if (value === null || field === "labels") return null;
      const annotations = `  template_annotations = ${hcl({ [key]: value }, "  ")}`;
      const object = { apiVersion: "apps/v1", ...change.target };
      return ofObject(
        head("kubernetes_annotations", `${object.namespace}_${object.name}_pods`),
        object,
        annotations,
        change.before.value !== null,
      );
    }
    case "k8s.workload.env":
      return environment(change);
    case "iam.role.trust-policy": {
      const { roleArn, roleName } = change.target;
      const path = pathOf(roleArn);
      return `# Change the resource that declares this role; its other arguments stay.
${head("aws_iam_role", roleName)}
  name = ${hcl(roleName)}
${path === "/" ? "" : `  path = ${hcl(path)}\n`}
  assume_role_policy = jsonencode(${hcl(change.after.document, "  ")})
}
`;
    }
    case "iam.role.attach-policy":
      return block("aws_iam_role_policy_attachment", change.target.roleName, {
        role: change.target.roleName,
        policy_arn: change.target.policyArn,
      });
    case "iam.oidc-provider.create":
      return block("aws_iam_openid_connect_provider", change.target.cluster, {
        url: change.target.url,
        client_id_list: change.after?.clientIds ?? [],
      });
    case "iam.oidc-provider.client-id.add": {
      const { providerArn, clientId, cluster } = change.target;
      return `# Add the audience to the resource that declares this provider.
${head("aws_iam_openid_connect_provider", cluster)}
  url            = ${hcl(issuerOfProvider(providerArn))}
  client_id_list = [/* those that it has, */ ${hcl(clientId)}]
}
`;
    }
    default:
      return null;
  }
}

/** Where every variable gets a literal value: the provider takes none out. */
function environment({ target, before, after }: ChangeOfKind<"k8s.workload.env">): string | null {
  const set = Object.entries(after).flatMap(([name, state]) =>
    state !== null && "value" in state ? [[name, state.value] as const] : [],
  );
  if (set.length < Object.keys(after).length) return null;
  const variables = set.map(
    ([name, value]) => `  env {\n    name  = ${hcl(name)}\n    value = ${hcl(value)}\n  }`,
  );
  const rest = [`  container = ${hcl(target.container)}`, ...variables].join("\n\n");
  const isThere = Object.values(before).some((state) => state !== null);
  const name = `${target.namespace}_${target.name}_${target.container}`;
  return ofObject(head("kubernetes_env", name), { apiVersion: "apps/v1", ...target }, rest, isThere);
}

interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** A resource about one field of an object that exists; `force` where somebody else has set that field. */
function ofObject(opening: string, object: KubernetesObject, rest: string, force: boolean): string {
  const { apiVersion, kind, namespace, name } = object;
  return `${opening}
  api_version = ${hcl(apiVersion)}
  kind        = ${hcl(kind)}
${force ? "  force       = true\n" : ""}
  metadata {
    name      = ${hcl(name)}
    namespace = ${hcl(namespace)}
  }

${rest}
}
`;
}

function rolePolicy({ roleName, policyName, document }: RolePolicy): string {
  return `${head("aws_iam_role_policy", policyName)}
  name = ${hcl(policyName)}
  role = ${hcl(roleName)}

  policy = jsonencode(${hcl(document, "  ")})
}
`;
}

function head(type: string, name: string): string {
  return `resource "${type}" "${identifier(name)}" {`;
}

function block(type: string, name: string, values: Readonly<Record<string, JsonValue>>): string {
  const width = Math.max(...Object.keys(values).map((key) => key.length));
  const lines = Object.entries(values).map(([key, value]) => `  ${key.padEnd(width)} = ${hcl(value, "  ")}`);
  return `${head(type, name)}\n${lines.join("\n")}\n}\n`;
}

/** https://developer.hashicorp.com/terraform/language/syntax/configuration#identifiers */
function identifier(name: string): string {
  const safe = name.replace(/[^A-Za-z0-9_-]/g, "_");
  return /^[A-Za-z_]/.test(safe) ? safe : `_${safe}`;
}

/**
 * A value as an HCL expression. `${` and `%{` would start a template, so they are doubled.
 * https://developer.hashicorp.com/terraform/language/expressions/strings
 */
function hcl(value: JsonValue, indent = ""): string {
  if (typeof value === "string") return text(value);
  if (value === null || typeof value !== "object") return String(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value as readonly JsonValue[];
    if (items.every((item) => item === null || typeof item !== "object")) {
      return `[${items.map((item) => hcl(item)).join(", ")}]`;
    }
    return `[\n${items.map((item) => `${inner}${hcl(item, inner)},\n`).join("")}${indent}]`;
  }
  const entries = Object.entries(value as Readonly<Record<string, JsonValue>>);
  if (entries.length === 0) return "{}";
  return `{\n${entries.map(([key, part]) => `${inner}${text(key)} = ${hcl(part, inner)}\n`).join("")}${indent}}`;
}

function text(value: string): string {
  const escaped = JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  // JSON knows two escapes that HCL does not.
  return escaped
    .replaceAll("\\b", "\\u0008")
    .replaceAll("\\f", "\\u000c")
    .replace(/([$%])\{/g, "$1$1{");
}

/** `https://oidc.eks.…/id/…` of a provider's ARN. */
function issuerOfProvider(providerArn: string): string {
  return `https://${providerArn.slice(providerArn.indexOf(":oidc-provider/") + ":oidc-provider/".length)}`;
}

function pathOf(roleArn: string): string {
  const resource = parseArn(roleArn)?.resource ?? "";
  return resource.slice("role".length, resource.lastIndexOf("/") + 1) || "/";
}
