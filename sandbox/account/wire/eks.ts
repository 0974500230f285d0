import type { Addon, Cluster, Nodegroup, PodIdentityAssociation } from "../model.ts";
import { AwsError, authorize, type Call, pageOf, type Service } from "./service.ts";

interface Route {
  readonly operation: string;
  readonly method: string;
  readonly path: RegExp;
  readonly run: (call: Call, names: readonly string[]) => unknown;
}

const epoch = (iso: string) => Date.parse(iso) / 1_000;

/** EKS in REST JSON: https://docs.aws.amazon.com/eks/latest/APIReference/API_Operations.html */
export const eks: Service = {
  contentType: "application/json",
  unknownKeyCode: "UnrecognizedClientException",
  operationOf: ({ method, url }) => routeOf(method, url.pathname)?.route.operation ?? "Unknown",
  answer(call) {
    const found = routeOf(call.request.method, call.request.url.pathname);
    if (found === null) throw new AwsError(404, "ResourceNotFoundException", "No such operation");
    return { status: 200, body: JSON.stringify(found.route.run(call, found.names)) };
  },
  refuse: ({ status, code, message }) => ({
    status,
    headers: { "x-amzn-errortype": code },
    body: JSON.stringify({ message }),
  }),
};

const routes: readonly Route[] = [
  { operation: "ListClusters", method: "GET", path: /^\/clusters$/, run: listClusters },
  { operation: "DescribeCluster", method: "GET", path: /^\/clusters\/([^/]+)$/, run: describeCluster },
  {
    operation: "ListNodegroups",
    method: "GET",
    path: /^\/clusters\/([^/]+)\/node-groups$/,
    run: listNodegroups,
  },
  {
    operation: "DescribeNodegroup",
    method: "GET",
    path: /^\/clusters\/([^/]+)\/node-groups\/([^/]+)$/,
    run: describeNodegroup,
  },
  { operation: "ListAddons", method: "GET", path: /^\/clusters\/([^/]+)\/addons$/, run: listAddons },
  {
    operation: "DescribeAddon",
    method: "GET",
    path: /^\/clusters\/([^/]+)\/addons\/([^/]+)$/,
    run: describeAddon,
  },
  {
    operation: "ListPodIdentityAssociations",
    method: "GET",
    path: /^\/clusters\/([^/]+)\/pod-identity-associations$/,
    run: listAssociations,
  },
  {
    operation: "CreatePodIdentityAssociation",
    method: "POST",
    path: /^\/clusters\/([^/]+)\/pod-identity-associations$/,
    run: createAssociation,
  },
  {
    operation: "DescribePodIdentityAssociation",
    method: "GET",
    path: /^\/clusters\/([^/]+)\/pod-identity-associations\/([^/]+)$/,
    run: describeAssociation,
  },
  {
    operation: "UpdatePodIdentityAssociation",
    method: "POST",
    path: /^\/clusters\/([^/]+)\/pod-identity-associations\/([^/]+)$/,
    run: updateAssociation,
  },
  {
    operation: "DeletePodIdentityAssociation",
    method: "DELETE",
    path: /^\/clusters\/([^/]+)\/pod-identity-associations\/([^/]+)$/,
    run: deleteAssociation,
  },
];

function routeOf(method: string, path: string): { route: Route; names: readonly string[] } | null {
  for (const route of routes) {
    const match = route.method === method ? route.path.exec(path) : null;
    if (match !== null) return { route, names: match.slice(1).map(decodeURIComponent) };
  }
  return null;
}

function arnOf({ account }: Call, resource: string): string {
  return `arn:aws:eks:${account.region}:${account.accountId}:${resource}`;
}

function clusterOf(call: Call, name: string, action: string): Cluster {
  authorize(call, `eks:${action}`, arnOf(call, `cluster/${name}`));
  const cluster = call.account.cluster(name);
  if (cluster === undefined)
    throw new AwsError(404, "ResourceNotFoundException", `No cluster found for name: ${name}.`);
  return cluster;
}

function listClusters(call: Call) {
  authorize(call, "eks:ListClusters", "*");
  const { items, next } = pageFor(
    call,
    call.account.clusters().map((cluster) => cluster.name),
  );
  return { clusters: items, nextToken: next };
}

function describeCluster(call: Call, [name = ""]: readonly string[]) {
  const cluster = clusterOf(call, name, "DescribeCluster");
  return {
    cluster: {
      name: cluster.name,
      arn: cluster.arn,
      createdAt: epoch(cluster.createdAt),
      version: cluster.version,
      platformVersion: cluster.platformVersion,
      endpoint: cluster.endpoint,
      roleArn: cluster.roleArn,
      status: cluster.status,
      certificateAuthority: { data: cluster.certificateAuthorityData },
      accessConfig: { authenticationMode: cluster.authenticationMode },
      ...(cluster.oidcIssuer === null ? {} : { identity: { oidc: { issuer: cluster.oidcIssuer } } }),
      ...(cluster.computeConfig === null
        ? {}
        : { computeConfig: { enabled: true, ...cluster.computeConfig } }),
      tags: cluster.tags,
    },
  };
}

function listNodegroups(call: Call, [name = ""]: readonly string[]) {
  clusterOf(call, name, "ListNodegroups");
  const { items, next } = pageFor(
    call,
    call.account.nodegroups(name).map((nodegroup) => nodegroup.name),
  );
  return { nodegroups: items, nextToken: next };
}

function describeNodegroup(call: Call, [cluster = "", name = ""]: readonly string[]) {
  authorize(call, "eks:DescribeNodegroup", arnOf(call, `nodegroup/${cluster}/${name}/*`));
  const nodegroup = call.account.nodegroups(cluster).find((one) => one.name === name);
  if (nodegroup === undefined)
    throw new AwsError(404, "ResourceNotFoundException", "No node group found for name: " + name);
  return { nodegroup: nodegroupBody(nodegroup) };
}

function nodegroupBody(nodegroup: Nodegroup) {
  return {
    nodegroupName: nodegroup.name,
    nodegroupArn: nodegroup.arn,
    clusterName: nodegroup.cluster,
    version: nodegroup.version,
    createdAt: epoch(nodegroup.createdAt),
    status: "ACTIVE",
    scalingConfig: { minSize: nodegroup.size, maxSize: nodegroup.size, desiredSize: nodegroup.size },
    instanceTypes: nodegroup.instanceTypes,
    amiType: nodegroup.amiType,
    nodeRole: nodegroup.nodeRoleArn,
    labels: nodegroup.labels,
  };
}

function listAddons(call: Call, [name = ""]: readonly string[]) {
  clusterOf(call, name, "ListAddons");
  const { items, next } = pageFor(
    call,
    call.account.addons(name).map((addon) => addon.name),
  );
  return { addons: items, nextToken: next };
}

function describeAddon(call: Call, [cluster = "", name = ""]: readonly string[]) {
  authorize(call, "eks:DescribeAddon", arnOf(call, `addon/${cluster}/${name}/*`));
  const addon = call.account.addons(cluster).find((one) => one.name === name);
  if (addon === undefined)
    throw new AwsError(404, "ResourceNotFoundException", `No addon: ${name} found in cluster: ${cluster}`);
  return { addon: addonBody(addon) };
}

function addonBody(addon: Addon) {
  return {
    addonName: addon.name,
    clusterName: addon.cluster,
    status: addon.status,
    addonVersion: addon.version,
    health: { issues: addon.issues },
    addonArn: addon.arn,
    createdAt: epoch(addon.createdAt),
    ...(addon.serviceAccountRoleArn === null ? {} : { serviceAccountRoleArn: addon.serviceAccountRoleArn }),
  };
}

function listAssociations(call: Call, [name = ""]: readonly string[]) {
  clusterOf(call, name, "ListPodIdentityAssociations");
  const query = call.request.url.searchParams;
  const wanted = (key: string, value: string) => query.get(key) === null || query.get(key) === value;
  const all = call.account
    .associations(name)
    .filter((one) => wanted("namespace", one.namespace) && wanted("serviceAccount", one.serviceAccount));
  const { items, next } = pageFor(call, all);
  return {
    associations: items.map((one) => ({
      clusterName: one.cluster,
      namespace: one.namespace,
      serviceAccount: one.serviceAccount,
      associationArn: one.associationArn,
      associationId: one.associationId,
      ...(one.ownerArn === null ? {} : { ownerArn: one.ownerArn }),
    })),
    nextToken: next,
  };
}

function createAssociation(call: Call, [name = ""]: readonly string[]) {
  clusterOf(call, name, "CreatePodIdentityAssociation");
  const body = bodyOf(call);
  const [namespace, serviceAccount, roleArn] = ["namespace", "serviceAccount", "roleArn"].map((key) =>
    required(body, key),
  );
  const passed = { "iam:PassedToService": ["pods.eks.amazonaws.com"] };
  authorize(call, "iam:PassRole", roleArn ?? "", passed);
  authorize(call, "iam:GetRole", roleArn ?? "");
  if (roleArn?.split(":")[4] !== call.account.accountId) {
    throw new AwsError(
      400,
      "InvalidParameterException",
      "The role must be from the same account as the cluster",
    );
  }
  if (
    call.account
      .associations(name)
      .some((one) => one.namespace === namespace && one.serviceAccount === serviceAccount)
  ) {
    throw new AwsError(
      409,
      "ResourceInUseException",
      "Association already exists: " + existingId(call, name, namespace, serviceAccount),
    );
  }
  const association = call.account.addAssociation({
    cluster: name,
    namespace: namespace ?? "",
    serviceAccount: serviceAccount ?? "",
    roleArn,
    ...optional(body),
  });
  return { association: associationBody(association) };
}

function existingId(
  call: Call,
  cluster: string,
  namespace: string | undefined,
  serviceAccount: string | undefined,
): string {
  const found = call.account
    .associations(cluster)
    .find((one) => one.namespace === namespace && one.serviceAccount === serviceAccount);
  return found?.associationId ?? "";
}

function associationOf(call: Call, cluster: string, id: string, action: string): PodIdentityAssociation {
  authorize(call, `eks:${action}`, arnOf(call, `podidentityassociation/${cluster}/${id}`));
  const association = call.account.associations(cluster).find((one) => one.associationId === id);
  if (association === undefined)
    throw new AwsError(404, "ResourceNotFoundException", `No association found for id: ${id}`);
  return association;
}

function describeAssociation(call: Call, [cluster = "", id = ""]: readonly string[]) {
  return { association: associationBody(associationOf(call, cluster, id, "DescribePodIdentityAssociation")) };
}

function updateAssociation(call: Call, [cluster = "", id = ""]: readonly string[]) {
  associationOf(call, cluster, id, "UpdatePodIdentityAssociation");
  const body = bodyOf(call);
  const roleArn = body["roleArn"];
  return {
    association: associationBody(
      call.account.updateAssociation(id, {
        ...(typeof roleArn === "string" ? { roleArn } : {}),
        ...optional(body),
      }),
    ),
  };
}

function deleteAssociation(call: Call, [cluster = "", id = ""]: readonly string[]) {
  associationOf(call, cluster, id, "DeletePodIdentityAssociation");
  return { association: associationBody(call.account.removeAssociation(id)) };
}

function associationBody(one: PodIdentityAssociation) {
  return {
    clusterName: one.cluster,
    namespace: one.namespace,
    serviceAccount: one.serviceAccount,
    roleArn: one.roleArn,
    associationArn: one.associationArn,
    associationId: one.associationId,
    tags: one.tags,
    createdAt: epoch(one.createdAt),
    modifiedAt: epoch(one.modifiedAt),
    disableSessionTags: one.disableSessionTags,
    ...(one.ownerArn === null ? {} : { ownerArn: one.ownerArn }),
    ...(one.targetRoleArn === null ? {} : { targetRoleArn: one.targetRoleArn }),
    ...(one.externalId === null ? {} : { externalId: one.externalId }),
    ...(one.policy === null ? {} : { policy: one.policy }),
  };
}

type Body = Readonly<Record<string, unknown>>;

function bodyOf({ request }: Call): Body {
  try {
    return JSON.parse(request.body) as Body;
  } catch {
    throw new AwsError(400, "InvalidRequestException", "The body is not JSON");
  }
}

function required(body: Body, key: string): string {
  const value = body[key];
  if (typeof value !== "string" || value === "")
    throw new AwsError(400, "InvalidParameterException", `${key} is required`);
  return value;
}

function optional(body: Body): { targetRoleArn?: string; disableSessionTags?: boolean; policy?: string } {
  const { targetRoleArn, disableSessionTags, policy } = body;
  return {
    ...(typeof targetRoleArn === "string" ? { targetRoleArn } : {}),
    ...(typeof disableSessionTags === "boolean" ? { disableSessionTags } : {}),
    ...(typeof policy === "string" ? { policy } : {}),
  };
}

function pageFor<T>({ request }: Call, items: readonly T[]) {
  const query = request.url.searchParams;
  return pageOf(items, query.get("nextToken"), Number(query.get("maxResults") ?? "100"));
}
