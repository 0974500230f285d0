import type { NodeFacts } from "../../core/evidence.ts";
import type { Node } from "./schemas.ts";

/**
 * A node in AWS's terms. `eks.amazonaws.com/compute-type` tells Fargate, hybrid and Auto Mode nodes; all others are
 * EC2 instances, whose id is the last part of `spec.providerID` (`aws:///us-west-2a/i-…`; hybrid nodes: `mi-…`).
 * https://docs.aws.amazon.com/eks/latest/userguide/eks-compute.html
 */
export function nodeFacts({ metadata, spec, status }: Node): NodeFacts {
  const { labels } = metadata;
  const id = /(?:^|\/)(m?i-[0-9a-f]+)$/.exec(spec.providerID ?? "")?.[1];
  return {
    name: metadata.name,
    instanceId: id ?? null,
    nodegroup: labels["eks.amazonaws.com/nodegroup"] ?? null,
    compute: computeOf(labels["eks.amazonaws.com/compute-type"], id),
    os: labels["kubernetes.io/os"] ?? status?.nodeInfo?.operatingSystem ?? "unknown",
    kubeletVersion: status?.nodeInfo?.kubeletVersion ?? null,
    createdAt: metadata.creationTimestamp,
  };
}

function computeOf(computeType: string | undefined, id: string | undefined): NodeFacts["compute"] {
  if (computeType === "auto" || computeType === "fargate" || computeType === "hybrid") return computeType;
  return id?.startsWith("mi-") === true ? "hybrid" : "ec2";
}
