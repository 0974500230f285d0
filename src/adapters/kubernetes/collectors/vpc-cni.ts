import type { Collector } from "../../../app/ports.ts";
import type { VpcCniFacts } from "../../../core/facts/kubernetes.ts";
import { observe } from "../outcome.ts";
import { resources, sourceFor } from "../resources.ts";
import { type Controller, controllerSchema } from "../schemas.ts";
import type { CollectorDeps } from "./deps.ts";

const namespace = "kube-system";
const name = "aws-node";

/**
 * The VPC CNI's settings. Permission: `get daemonsets.apps`. Absent: there is no such DaemonSet (Auto Mode, Fargate,
 * another CNI). https://docs.aws.amazon.com/eks/latest/userguide/security-groups-pods-deployment.html
 */
export function createVpcCniCollector({ client, clock }: CollectorDeps): Collector<"k8s.vpc-cni"> {
  return {
    kind: "k8s.vpc-cni",
    group: "config",
    after: [],
    async collect({ signal }) {
      const daemonSet = await client.get(resources.daemonSets, namespace, name, controllerSchema, signal);
      return observe(daemonSet, sourceFor(resources.daemonSets, namespace, name), clock(), facts);
    },
  };
}

function facts({ spec }: Controller): VpcCniFacts {
  const { containers } = spec.template.spec;
  const container = containers.find((one) => one.name === name) ?? containers[0];
  const value = (variable: string) => container?.env.find((one) => one.name === variable)?.value ?? null;
  return {
    image: container?.image ?? "",
    podEni: value("ENABLE_POD_ENI") === "true",
    podSecurityGroupEnforcingMode: value("POD_SECURITY_GROUP_ENFORCING_MODE") ?? "strict",
  };
}
