import type { Instance, VpcEndpoint } from "../network.ts";
import { actionOf, queryParameters, type XmlValue, xml } from "./query.ts";
import { AwsError, authorize, awsError, type Call, pageOf, type Service } from "./service.ts";

const namespace = "http://ec2.amazonaws.com/doc/2016-11-15/";

type Operation = (call: Call, parameters: URLSearchParams) => XmlValue;

/** EC2 in its own dialect of AWS Query: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Welcome.html */
export const ec2: Service = {
  name: "ec2",
  contentType: "text/xml",
  codes: {
    accessDenied: { status: 403, code: "UnauthorizedOperation" },
    unknownKey: { status: 401, code: "AuthFailure" },
    badSignature: { status: 403, code: "SignatureDoesNotMatch" },
    unsigned: { status: 400, code: "MissingParameter" },
    throttled: { status: 503, code: "RequestLimitExceeded" },
    serverError: { status: 500, code: "InternalError" },
    badToken: { status: 400, code: "InvalidParameterValue" },
  },
  operationOf: actionOf,
  answer(call) {
    const { operation, request, requestId } = call;
    const run = operations[operation];
    if (run === undefined) {
      throw new AwsError(400, "InvalidAction", `The action ${operation} is not valid for this web service.`);
    }
    const parameters = new URLSearchParams(request.body);
    authorize(call, `ec2:${operation}`, "*", { shown: null });
    if (parameters.get("DryRun") === "true") {
      throw new AwsError(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
    }
    const body = xml({ requestId, ...(run(call, parameters) as object) }, "item");
    return { status: 200, body: `<${operation}Response xmlns="${namespace}">${body}</${operation}Response>` };
  },
  refuse: ({ status, code, message }, requestId) => ({
    status,
    body: xml({ Response: { Errors: { Error: { Code: code, Message: message } }, RequestID: requestId } }),
  }),
  trailFacts: (request) => ({ requestParameters: queryParameters(request), resources: [] }),
};

const operations: Readonly<Record<string, Operation>> = {
  DescribeInstances(call, parameters) {
    const ids = filterOf(parameters, "instance-id");
    const instances = call.account.instances().filter(({ instanceId }) => ids?.includes(instanceId) ?? true);
    const { items, nextToken } = paged(call, instances, parameters);
    const reservation = (instance: Instance) => ({
      reservationId: "r-00000000000000000",
      ownerId: call.account.accountId,
      instancesSet: [instanceBody(instance)],
    });
    return { reservationSet: items.map(reservation), nextToken };
  },
  DescribeVpcEndpoints(call, parameters) {
    const vpcs = filterOf(parameters, "vpc-id");
    const endpoints = call.account.vpcEndpoints().filter(({ vpcId }) => vpcs?.includes(vpcId) ?? true);
    const { items, nextToken } = paged(call, endpoints, parameters);
    return { vpcEndpointSet: items.map((endpoint) => endpointBody(call, endpoint)), nextToken };
  },
};

function instanceBody(instance: Instance): XmlValue {
  return {
    instanceId: instance.instanceId,
    instanceState: { code: 16, name: "running" },
    instanceType: "m5.large",
    ...(instance.instanceProfileArn === null
      ? {}
      : { iamInstanceProfile: { arn: instance.instanceProfileArn, id: "AIPASANDBOXPROFILE" } }),
    metadataOptions: {
      state: "applied",
      httpTokens: instance.httpTokens,
      httpPutResponseHopLimit: instance.httpPutResponseHopLimit,
      httpEndpoint: instance.httpEndpoint,
    },
  };
}

function endpointBody({ account }: Call, endpoint: VpcEndpoint): XmlValue {
  return {
    vpcEndpointId: endpoint.id,
    vpcEndpointType: endpoint.type,
    vpcId: endpoint.vpcId,
    serviceName: endpoint.serviceName,
    state: "available",
    policyDocument: JSON.stringify(endpoint.policy),
    privateDnsEnabled: endpoint.privateDns,
    ownerId: account.accountId,
  };
}

/** The values of a filter; null: it is not set. */
function filterOf(parameters: URLSearchParams, name: string): readonly string[] | null {
  const place = [...parameters].find(
    ([key, value]) => /^Filter\.\d+\.Name$/.test(key) && value === name,
  )?.[0];
  if (place === undefined) return null;
  const prefix = place.replace(/Name$/, "Value.");
  return [...parameters].flatMap(([key, value]) => (key.startsWith(prefix) ? [value] : []));
}

function paged<T>(call: Call, all: readonly T[], parameters: URLSearchParams) {
  const { items, next } = pageOf(all, {
    token: parameters.get("NextToken"),
    size: Number(parameters.get("MaxResults") ?? 1_000),
    asked: call.operation,
    badToken: awsError(call.service.codes.badToken, "The token is not valid."),
  });
  return { items, nextToken: next };
}
