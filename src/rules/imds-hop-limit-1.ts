import { instancesOf } from "../core/instances.ts";
import { whenNothingFound } from "../core/missed-identity.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { listed, serviceAccountOf } from "../core/subject.ts";

export const imdsHopLimit1 = defineRule({
  id: "imds-hop-limit-1",
  meta: {
    title: "The hop limit keeps pods from the instance metadata, as it should",
    stage: "identity-configuration",
    severity: "info",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/al2023.html",
      "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
      "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html",
    ],
    unless: [
      "It is never the cause: this is information beside the missing identity.",
      "The pods use the host's network: they reach the metadata whatever the limit is.",
      "The service account has an identity: then the metadata is not asked.",
    ],
    messages: {
      hops: "Pods on {{nodes}} do not reach the instance metadata, whose hop limit there is 1: service account {{serviceAccount}} has no identity, and so its pods find no credentials at all, not even the node role's. The limit is right; the identity is what is missing.",
    },
  },
  when: whenNothingFound,
  needs: ["k8s.nodes", "ec2.instances"],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    if (workload.status === "absent") return pass();
    const limited = instancesOf(evidence, question).filter(
      // The limit is of the answer that holds a session's token; where no token is required, SDKs go on without.
      ({ pod, instance: { metadata } }) =>
        !pod.hostNetwork &&
        metadata.endpoint === "enabled" &&
        metadata.tokens === "required" &&
        metadata.hopLimit === 1,
    );
    const [first] = limited;
    if (first === undefined) return pass();
    const data = {
      nodes: listed(limited.map(({ instance }) => `instance ${instance.instanceId}`)),
      serviceAccount: serviceAccountOf(workload.value),
    };
    return fail("hops", data, {
      manual: [
        {
          title:
            "Leave the hop limit as it is, and give the service account an identity. Software that asks the instance metadata for its Region or VPC takes these as settings (the AWS Load Balancer Controller: --aws-region and --aws-vpc-id)",
          command: `aws ec2 describe-instances --instance-ids ${shellWord(first.instance.instanceId)} --query ${shellWord("Reservations[].Instances[].MetadataOptions")}`,
        },
      ],
    });
  },
});
