import type { JsonValue } from "../../../src/core/json.ts";
import type { Addon, Cluster, Nodegroup } from "../model.ts";
import {
  createAssociation,
  deleteAssociation,
  describeAssociation,
  listAssociations,
  updateAssociation,
} from "./eks-associations.ts";
import { arnOf, clusterOf, epoch, invalidParameter, notFound, pageFor } from "./eks-call.ts";
import { AwsError, authorize, type Call, type Service, type WireRequest } from "./service.ts";

interface Route {
  readonly operation: string;
  readonly method: string;
  readonly path: RegExp;
  /** What the parts of the path are called. */
  readonly names: readonly string[];
  readonly run: (call: Call, values: readonly string[]) => unknown;
}

/** EKS in REST JSON: https://docs.aws.amazon.com/eks/latest/APIReference/API_Operations.html */
export const eks: Service = {
  name: "eks",
  contentType: "application/json",
  codes: {
    accessDenied: { status: 403, code: "AccessDeniedException" },
    unknownKey: { status: 403, code: "UnrecognizedClientException" },
    badSignature: { status: 403, code: "InvalidSignatureException" },
    unsigned: { status: 403, code: "MissingAuthenticationTokenException" },
    throttled: { status: 429, code: "ThrottlingException" },
    serverError: { status: 500, code: "ServerException" },
    badToken: { status: 400, code: "InvalidParameterException" },
  },
  operationOf: (request) => routeOf(request)?.route.operation ?? "Unknown",
  answer(call) {
    const found = routeOf(call.request);
    if (found === null) throw new AwsError(404, "UnknownOperationException", "There is no such operation.");
    return { status: 200, body: JSON.stringify(found.route.run(call, found.values)) };
  },
  refuse: ({ status, code, message, members }) => ({
    status,
    headers: { "x-amzn-errortype": code },
    body: JSON.stringify({ message, ...members }),
  }),
  trailFacts(request) {
    const found = routeOf(request);
    const named = (found?.route.names ?? []).map((name, index) => [name, found?.values[index] ?? ""]);
    const parameters = {
      ...Object.fromEntries([...named, ...request.url.searchParams]),
      ...bodyParameters(request.body),
    };
    const cluster = found?.values[0];
    const changes = request.method !== "GET";
    return {
      requestParameters: parameters,
      resources: changes && cluster !== undefined ? [{ type: "AWS::EKS::Cluster", name: cluster }] : [],
    };
  },
};

const cluster = "/clusters/([^/]+)";
const associations = `${cluster}/pod-identity-associations`;
const oneAssociation = ["clusterName", "associationId"];

const routes: readonly Route[] = [
  route("ListClusters", "GET", "/clusters", [], listClusters),
  route("DescribeCluster", "GET", cluster, ["name"], describeCluster),
  route("ListNodegroups", "GET", `${cluster}/node-groups`, ["clusterName"], listNodegroups),
  route(
    "DescribeNodegroup",
    "GET",
    `${cluster}/node-groups/([^/]+)`,
    ["clusterName", "nodegroupName"],
    describeNodegroup,
  ),
  route("ListAddons", "GET", `${cluster}/addons`, ["clusterName"], listAddons),
  route("DescribeAddon", "GET", `${cluster}/addons/([^/]+)`, ["clusterName", "addonName"], describeAddon),
  route("CreateAddon", "POST", `${cluster}/addons`, ["clusterName"], createAddon),
  route("DeleteAddon", "DELETE", `${cluster}/addons/([^/]+)`, ["clusterName", "addonName"], deleteAddon),
  route("ListPodIdentityAssociations", "GET", associations, ["clusterName"], listAssociations),
  route("CreatePodIdentityAssociation", "POST", associations, ["clusterName"], createAssociation),
  route(
    "DescribePodIdentityAssociation",
    "GET",
    `${associations}/([^/]+)`,
    oneAssociation,
    describeAssociation,
  ),
  route("UpdatePodIdentityAssociation", "POST", `${associations}/([^/]+)`, oneAssociation, updateAssociation),
  route(
    "DeletePodIdentityAssociation",
    "DELETE",
    `${associations}/([^/]+)`,
    oneAssociation,
    deleteAssociation,
  ),
];

function route(
  operation: string,
  method: string,
  path: string,
  names: readonly string[],
  run: Route["run"],
): Route {
  return { operation, method, path: new RegExp(`^${path}$`), names, run };
}

function routeOf({
  method,
  url,
}: WireRequest): { readonly route: Route; readonly values: readonly string[] } | null {
  for (const candidate of routes) {
    const match = candidate.method === method ? candidate.path.exec(url.pathname) : null;
    if (match !== null) return { route: candidate, values: match.slice(1).map(decodeURIComponent) };
  }
  return null;
}

function bodyParameters(body: string): { readonly [key: string]: JsonValue } {
  try {
    return JSON.parse(body === "" ? "{}" : body) as { readonly [key: string]: JsonValue };
  } catch {
    return {};
  }
}

function listClusters(call: Call) {
  authorize(call, "eks:ListClusters", "*", { shown: arnOf(call, "cluster/*") });
  const { items, nextToken } = pageFor(
    call,
    call.account.clusters().map((one) => one.name),
  );
  return { clusters: items, nextToken };
}

function describeCluster(call: Call, [name = ""]: readonly string[]) {
  return { cluster: clusterBody(clusterOf(call, name)) };
}

function clusterBody(one: Cluster) {
  return {
    name: one.name,
    arn: one.arn,
    createdAt: epoch(one.createdAt),
    version: one.version,
    platformVersion: one.platformVersion,
    endpoint: one.endpoint,
    roleArn: one.roleArn,
    status: one.status,
    certificateAuthority: { data: one.certificateAuthorityData },
    resourcesVpcConfig: { vpcId: one.vpcId, endpointPublicAccess: true, endpointPrivateAccess: true },
    accessConfig: { authenticationMode: one.authenticationMode },
    ...(one.oidcIssuer === null ? {} : { identity: { oidc: { issuer: one.oidcIssuer } } }),
    ...(one.computeConfig === null ? {} : { computeConfig: { enabled: true, ...one.computeConfig } }),
    tags: one.tags,
  };
}

function listNodegroups(call: Call, [name = ""]: readonly string[]) {
  clusterOf(call, name);
  const { items, nextToken } = pageFor(
    call,
    call.account.nodegroups(name).map((one) => one.name),
  );
  return { nodegroups: items, nextToken };
}

function describeNodegroup(call: Call, [clusterName = "", name = ""]: readonly string[]) {
  const found = call.account.nodegroups(clusterName).find((one) => one.name === name);
  authorize(call, "eks:DescribeNodegroup", found?.arn ?? arnOf(call, `nodegroup/${clusterName}/${name}/*`));
  if (call.account.cluster(clusterName) === undefined) {
    throw notFound(`No cluster found for name: ${clusterName}.`, { clusterName });
  }
  if (found === undefined) {
    throw notFound(`No node group found for name: ${name}.`, { clusterName, nodegroupName: name });
  }
  return { nodegroup: nodegroupBody(found) };
}

function nodegroupBody(one: Nodegroup) {
  return {
    nodegroupName: one.name,
    nodegroupArn: one.arn,
    clusterName: one.cluster,
    version: one.version,
    createdAt: epoch(one.createdAt),
    modifiedAt: epoch(one.createdAt),
    status: "ACTIVE",
    capacityType: "ON_DEMAND",
    scalingConfig: { minSize: one.size, maxSize: one.size, desiredSize: one.size },
    instanceTypes: one.instanceTypes,
    amiType: one.amiType,
    nodeRole: one.nodeRoleArn,
    labels: one.labels,
    health: { issues: [] },
  };
}

function listAddons(call: Call, [name = ""]: readonly string[]) {
  clusterOf(call, name);
  const { items, nextToken } = pageFor(
    call,
    call.account.addons(name).map((one) => one.name),
  );
  return { addons: items, nextToken };
}

function describeAddon(call: Call, [clusterName = "", name = ""]: readonly string[]) {
  const found = call.account.addons(clusterName).find((one) => one.name === name);
  authorize(call, "eks:DescribeAddon", found?.arn ?? arnOf(call, `addon/${clusterName}/${name}/*`));
  if (call.account.cluster(clusterName) === undefined) {
    throw notFound(`No cluster found for name: ${clusterName}.`, { clusterName });
  }
  if (found === undefined) {
    throw notFound(`No addon: ${name} found in cluster: ${clusterName}`, { clusterName, addonName: name });
  }
  return { addon: addonBody(found) };
}

/** https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAddon.html */
function createAddon(call: Call, [clusterName = ""]: readonly string[]) {
  clusterOf(call, clusterName);
  const { addonName, addonVersion } = bodyParameters(call.request.body);
  if (typeof addonName !== "string") throw invalidParameter("The parameter addonName is missing.");
  if (call.account.addons(clusterName).some(({ name }) => name === addonName)) {
    throw new AwsError(409, "ResourceInUseException", "Addon already exists.", { clusterName, addonName });
  }
  const version = typeof addonVersion === "string" ? addonVersion : "v1.3.10-eksbuild.1";
  return { addon: addonBody(call.account.addAddon({ cluster: clusterName, name: addonName, version })) };
}

function deleteAddon(call: Call, [clusterName = "", name = ""]: readonly string[]) {
  const found = call.account.addons(clusterName).find((one) => one.name === name);
  authorize(call, "eks:DeleteAddon", found?.arn ?? arnOf(call, `addon/${clusterName}/${name}/*`));
  if (found === undefined) {
    throw notFound(`No addon: ${name} found in cluster: ${clusterName}`, { clusterName, addonName: name });
  }
  call.account.removeAddon(clusterName, name);
  return { addon: addonBody({ ...found, status: "DELETING" }) };
}

function addonBody(one: Addon) {
  return {
    addonName: one.name,
    clusterName: one.cluster,
    status: one.status,
    addonVersion: one.version,
    health: { issues: one.issues },
    addonArn: one.arn,
    createdAt: epoch(one.createdAt),
    modifiedAt: epoch(one.createdAt),
    ...(one.serviceAccountRoleArn === null ? {} : { serviceAccountRoleArn: one.serviceAccountRoleArn }),
  };
}
