import { expectedIdentity } from "../core/identity.ts";
import { podIdentitySupport } from "../core/platform-versions.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { shellWord } from "../core/shell.ts";

export const clusterVersionUnsupported = defineRule({
  id: "cluster-version-unsupported",
  meta: {
    title: "The cluster's platform version is older than EKS Pod Identity",
    stage: "injection",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/platform-versions.html",
    ],
    unless: [
      "The platform is new enough: then pods that were created before keep nothing, see pod-older-than-association.",
    ],
    messages: {
      old: "Cluster {{cluster}} is of version {{version}}, platform {{platform}}; EKS Pod Identity came with {{needed}}, so the association has no effect.",
    },
  },
  when: {
    needs: ["k8s.service-account", "eks.association"],
    holds: (evidence) =>
      expectedIdentity(evidence)?.mechanism === "pod-identity" || "Pod Identity is not configured",
  },
  needs: ["eks.cluster"],
  check(evidence, question) {
    const cluster = evidence["eks.cluster"];
    if (cluster.status === "absent") return notApplicable("there is no cluster");
    const { version, platformVersion } = cluster.value;
    const support = podIdentitySupport(cluster.value);
    if (support === null) return notApplicable("the version is not told");
    if (support.supported) return pass();
    return fail(
      "old",
      { cluster: question.cluster, version, platform: platformVersion, needed: support.needed },
      {
        manual: [
          {
            title: "Upgrade the cluster, or give the workload its role by IRSA until then",
            command: `aws eks describe-cluster --name ${shellWord(question.cluster)} --query cluster.platformVersion`,
          },
        ],
      },
    );
  },
});
