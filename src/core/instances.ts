import type { Absent, Found, NodeFacts, PodFacts, PodsFacts, Question } from "./evidence.ts";
import type { InstanceFacts } from "./facts/aws.ts";
import { placesOf } from "./subject.ts";

/** A running pod, and the instance behind its node. */
export interface PodOnInstance {
  readonly pod: PodFacts;
  readonly instance: InstanceFacts;
}

/** The instances that the workload's pods run on, each with one of its pods; Fargate and hybrid nodes have none. */
export function instancesOf(
  evidence: {
    readonly "k8s.pods": Found<PodsFacts> | Absent;
    readonly "k8s.nodes": Found<readonly NodeFacts[]> | Absent;
    readonly "ec2.instances": Found<readonly InstanceFacts[]> | Absent;
  },
  question: Question,
): readonly PodOnInstance[] {
  const nodes = evidence["k8s.nodes"].status === "found" ? evidence["k8s.nodes"].value : [];
  const instances = evidence["ec2.instances"].status === "found" ? evidence["ec2.instances"].value : [];
  const found = placesOf(evidence["k8s.pods"], question).flatMap(({ pod }) => {
    const id = nodes.find(({ name }) => name === pod.nodeName)?.instanceId ?? null;
    const instance = instances.find(({ instanceId }) => instanceId === id);
    return instance === undefined ? [] : [[instance.instanceId, { pod, instance }] as const];
  });
  return [...new Map(found).values()];
}
