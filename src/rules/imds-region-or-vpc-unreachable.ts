import type { Evidence } from "../core/evidence.ts";
import { known } from "../core/identity.ts";
import { defineRule, fail, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";
import { signData, signOf } from "../core/sign-symptoms.ts";
import { objectOf } from "../core/subject.ts";

export const imdsRegionOrVpcUnreachable = defineRule({
  id: "imds-region-or-vpc-unreachable",
  meta: {
    title: "The program asks the instance metadata where it runs, and gets no answer",
    stage: "endpoint",
    severity: "error",
    references: [
      "https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/installation/",
      "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
    ],
    unless: [
      "The pod is ready: the program does without.",
      "An SDK looks for credentials there: then an identity is missing, see no-credentials-no-identity.",
      "It is the SDK that misses its Region: see region-missing.",
    ],
    messages: {
      silent:
        "Container {{containers}} asks the instance metadata for its Region or VPC, gets no answer ({{excerpt}}), and pod {{pod}} is not ready. Its credentials have no part in that.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "eks.association", "logs.errors"],
    holds: (evidence) => unreadyPod(evidence) !== null || "no pod waits for the instance metadata",
  },
  needs: [],
  wants: ["eks.cluster"],
  check(evidence, question) {
    const sign = signOf(evidence, "place-from-metadata");
    const pod = unreadyPod(evidence);
    const workload = evidence["k8s.workload"];
    if (sign === null || pod === null || workload.status === "absent") return pass();
    const cluster = known(evidence["eks.cluster"]);
    const flags = `--aws-region=${cluster?.region ?? "REGION"} --aws-vpc-id=${cluster?.vpcId ?? "VPC"}`;
    return fail(
      "silent",
      { ...signData(sign), pod },
      {
        manual: [
          {
            title: `Give it Region and VPC as settings instead (the AWS Load Balancer Controller: ${flags}), rather than to open the metadata to every pod of the node`,
            command: `kubectl -n ${shellWord(question.namespace)} edit ${shellWord(objectOf(workload.value))}`,
          },
        ],
      },
    );
  },
});

/** Many programs ask, and go on without an answer: only one that does not become ready misses it. */
function unreadyPod(evidence: Evidence): string | null {
  const names = signOf(evidence, "place-from-metadata")?.pods ?? [];
  const pods = known(evidence["k8s.pods"])?.pods ?? [];
  return pods.find(({ name, ready }) => names.includes(name) && !ready)?.name ?? null;
}
