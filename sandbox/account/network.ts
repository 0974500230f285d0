import { createHash } from "node:crypto";
import type { JsonValue } from "../../src/core/json.ts";
import type { AccountOptions } from "./account.ts";

/** An EC2 instance, as far as its metadata service concerns. */
export interface Instance {
  readonly instanceId: string;
  /** Null: none, so that the metadata service gives no credentials. */
  readonly instanceProfileArn: string | null;
  readonly httpEndpoint: "enabled" | "disabled";
  readonly httpTokens: "required" | "optional";
  readonly httpPutResponseHopLimit: number;
}

export interface VpcEndpoint {
  readonly id: string;
  readonly vpcId: string;
  /** `com.amazonaws.us-west-2.dynamodb` */
  readonly serviceName: string;
  readonly type: "Gateway" | "Interface";
  readonly privateDns: boolean;
  readonly policy: JsonValue;
}

export interface NewVpcEndpoint {
  readonly vpcId: string;
  /** As IAM spells it: `dynamodb`. */
  readonly service: string;
  /** Without: everything is let through. */
  readonly policy?: JsonValue;
}

export interface NetworkState {
  addInstance(instance: Partial<Instance> & Pick<Instance, "instanceId">): Instance;
  instances(): readonly Instance[];
  /** From then on the calls of this VPC's pods to the service go through the endpoint, under its policy. */
  addVpcEndpoint(endpoint: NewVpcEndpoint): VpcEndpoint;
  vpcEndpoints(): readonly VpcEndpoint[];
}

/** Both have gateway endpoints, which cost nothing and are the ones that people have. */
const gatewayServices = ["s3", "dynamodb"];

/** https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html */
const fullAccess: JsonValue = {
  Version: "2008-10-17",
  Statement: [{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }],
};

/** The instances and VPC endpoints of one account. */
export function createNetwork({ region }: AccountOptions): NetworkState {
  const instances = new Map<string, Instance>();
  const endpoints: VpcEndpoint[] = [];

  return {
    addInstance(instance) {
      const added: Instance = {
        instanceProfileArn: null,
        httpEndpoint: "enabled",
        httpTokens: "required",
        httpPutResponseHopLimit: 2,
        ...instance,
      };
      instances.set(added.instanceId, added);
      return added;
    },
    instances: () => [...instances.values()],
    addVpcEndpoint({ vpcId, service, policy = fullAccess }) {
      const type = gatewayServices.includes(service) ? "Gateway" : "Interface";
      const endpoint: VpcEndpoint = {
        id: `vpce-0${createHash("sha256").update(`${vpcId}/${service}`).digest("hex").slice(0, 16)}`,
        vpcId,
        serviceName: `com.amazonaws.${region}.${service}`,
        type,
        privateDns: type === "Interface",
        policy,
      };
      endpoints.push(endpoint);
      return endpoint;
    },
    vpcEndpoints: () => endpoints,
  };
}
