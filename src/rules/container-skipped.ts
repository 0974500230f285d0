import { setTemplateMetadata } from "../core/fixes.ts";
import { expectedIdentity } from "../core/identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { carries, currentErrors, placesOf, skipContainersAnnotation, skips } from "../core/subject.ts";

const symptoms = new Set(["no-credentials", "imds-unreachable", "access-denied"]);

export const containerSkipped = defineRule({
  id: "container-skipped",
  meta: {
    title: "The pod's own annotation keeps the identity from a container",
    stage: "injection",
    severity: "error",
    references: ["https://github.com/aws/amazon-eks-pod-identity-webhook"],
    unless: [
      "The listed container shows no error: most are listed on purpose.",
      "Another container of the pod fails.",
    ],
    messages: {
      skipped:
        "Pod {{pod}} lists container {{container}} in its annotation eks.amazonaws.com/skip-containers, so the webhook gave that container no identity; its log shows {{count}} errors of kind {{kind}}.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds(evidence, question) {
      const expected = expectedIdentity(evidence);
      if (expected === null || expected.mechanism === "none") return "no identity is configured";
      const skipped = placesOf(evidence["k8s.pods"], question).some(skips);
      return skipped || "no container is on a skip list";
    },
  },
  needs: [],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    const expected = expectedIdentity(evidence);
    if (workload.status === "absent" || expected === null) return notApplicable("there is no workload");
    const errors = currentErrors(evidence).filter(({ kind }) => symptoms.has(kind));
    for (const place of placesOf(evidence["k8s.pods"], question)) {
      const { pod, container } = place;
      if (!skips(place) || carries(container, expected)) continue;
      const error = errors.find(
        ({ containers, pods }) => pods.includes(pod.name) && containers.includes(container.name),
      );
      // Most containers on such a list are meant to be there: only one that fails is worth a word.
      if (error === undefined) continue;
      const data = {
        pod: pod.name,
        container: container.name,
        count: String(error.count),
        kind: error.kind,
      };
      const listedIn = workload.value.template.annotations[skipContainersAnnotation] ?? "";
      const others = listedIn.split(",").filter((name) => name.trim() !== container.name);
      const value = others.length === 0 ? null : others.join(",");
      const remedy = setTemplateMetadata(workload, "annotations", skipContainersAnnotation, value, question);
      return fail("skipped", data, remedy);
    }
    return pass();
  },
});
