import { expectedIdentity } from "../core/identity.ts";
import { injectsNothing, takenByWebhook } from "../core/injection.ts";
import { isRoleArn } from "../core/irsa.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import {
  listed,
  replacePods,
  seconds,
  serviceAccountOf,
  settlingSeconds,
  uninjected,
} from "../core/subject.ts";

export const saCreatedAfterPodRace = defineRule({
  id: "sa-created-after-pod-race",
  meta: {
    title: "The pods were created seconds after their service account's annotation",
    stage: "injection",
    severity: "error",
    references: [
      "https://github.com/aws/amazon-eks-pod-identity-webhook",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-configuration.html",
    ],
    unless: [
      "The pod is older than the annotation: see pod-older-than-annotation.",
      "More than half a minute lies between: then the webhook knew, and another rule of injection says why it did nothing.",
    ],
    messages: {
      race: "Service account {{serviceAccount}} was annotated with {{role}} at {{annotatedAt}} and {{pods}} created {{seconds}} seconds later, before the webhook knew of the annotation, so no identity was injected there.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association"],
    holds(evidence, question) {
      const expected = expectedIdentity(evidence);
      if (expected?.mechanism !== "irsa") return "the role annotation does not decide here";
      if (!isRoleArn(expected.roleArn ?? "")) return "the annotation is no role's ARN";
      return uninjected(evidence, question).length > 0 || "no running pod lacks an identity";
    },
  },
  needs: ["k8s.webhook"],
  wants: ["k8s.webhook-endpoints", "k8s.sharing"],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    const account = evidence["k8s.service-account"];
    if (workload.status === "absent" || account.status === "absent") {
      return notApplicable("there is no workload or no service account");
    }
    // A service account is not annotated before it is there.
    const annotatedAt = account.value.roleAnnotationChangedAt ?? account.value.createdAt;
    const after = ({ createdAt }: { readonly createdAt: string }) =>
      seconds(createdAt) - seconds(annotatedAt);
    // A pod that the webhook's selectors leave out gets nothing when it is replaced.
    const raced = takenByWebhook(uninjected(evidence, question), evidence["k8s.webhook"])
      .map(({ pod }) => pod)
      .filter((pod) => after(pod) >= 0 && after(pod) <= settlingSeconds);
    const [first] = raced;
    if (first === undefined) return pass();
    if (injectsNothing(evidence)) return notApplicable("the webhook cannot inject any pod, whatever its age");
    const data = {
      serviceAccount: serviceAccountOf(workload.value),
      role: expectedIdentity(evidence)?.roleArn ?? "",
      annotatedAt,
      pods: listed(raced.map(({ name }) => `pod ${name}`)),
      seconds: String(Math.round(after(first))),
    };
    return fail("race", data, replacePods(workload, question));
  },
});
