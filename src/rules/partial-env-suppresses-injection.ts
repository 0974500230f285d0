import { setVariables } from "../core/fixes.ts";
import { expectedIdentity } from "../core/identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { halfPair, listed, placesOf } from "../core/subject.ts";

export const partialEnvSuppressesInjection = defineRule({
  id: "partial-env-suppresses-injection",
  meta: {
    title: "A variable in the pod spec keeps the webhook from adding the identity",
    stage: "injection",
    severity: "error",
    references: [
      "https://github.com/aws/amazon-eks-pod-identity-webhook",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-configuration.html",
    ],
    unless: [
      "A lone AWS_ROLE_ARN does not keep Pod Identity away: the two pairs are judged apart.",
      "The container sets both variables itself: then it has an identity, its own.",
    ],
    messages: {
      half: "Container {{container}} of {{pods}} sets {{set}} itself, so the webhook adds neither it nor {{lacking}}, and without {{lacking}} no SDK can use the configured identity.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association"],
    holds(evidence) {
      const expected = expectedIdentity(evidence);
      return (expected !== null && expected.mechanism !== "none") || "no identity is configured";
    },
  },
  needs: [],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    const expected = expectedIdentity(evidence);
    if (workload.status === "absent" || expected === null) return notApplicable("there is no workload");
    const halves = placesOf(evidence["k8s.pods"], question).flatMap(({ pod, container }) => {
      const half = halfPair(container, expected.mechanism);
      return half === null ? [] : [{ pod, container, half }];
    });
    const [first] = halves;
    if (first === undefined) return pass();
    const same = halves.filter(({ container }) => container.name === first.container.name);
    const data = {
      container: first.container.name,
      pods: listed(same.map(({ pod }) => `pod ${pod.name}`)),
      set: first.half.set,
      lacking: first.half.lacking,
    };
    const taken = { [first.half.set]: null };
    return fail("half", data, setVariables(workload, first.container.name, taken, question));
  },
});
