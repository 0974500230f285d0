import { expectedIdentity, injectedInto, roleAnnotation } from "../core/identity.ts";
import { injectsNothing, takenByWebhook } from "../core/injection.ts";
import { isRoleArn } from "../core/irsa.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import { listed, replacePods, seconds, serviceAccountOf, stale, uninjected } from "../core/subject.ts";

export const podOlderThanAnnotation = defineRule({
  id: "pod-older-than-annotation",
  meta: {
    title: "The pods were created before their service account's role annotation",
    stage: "injection",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html",
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-configuration.html",
    ],
    unless: [
      "The pods carry the same role: then the times do not matter.",
      "The pod was created in the first seconds after the annotation: see sa-created-after-pod-race.",
      "The pod template itself sets AWS_ROLE_ARN: every restart would bring it back.",
      "An association exists: the annotation no longer decides.",
    ],
    messages: {
      otherRole:
        "Service account {{serviceAccount}} is annotated with {{annotated}}, but AWS_ROLE_ARN is still {{carried}} in {{pods}}: a running pod keeps the role of its creation ({{podCreatedAt}}).",
      nothing:
        "Service account {{serviceAccount}} was annotated with {{annotated}} at {{annotatedAt}}, after {{pods}} had been created (at {{podCreatedAt}}), so no identity was injected there.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association"],
    holds(evidence, question) {
      const expected = expectedIdentity(evidence);
      if (expected?.mechanism !== "irsa") return "the role annotation does not decide here";
      if (!isRoleArn(expected.roleArn ?? "")) return "the annotation is no role's ARN";
      const places = [...uninjected(evidence, question), ...stale(evidence, question)];
      return places.length > 0 || "the running pods carry the annotated role";
    },
  },
  needs: [],
  wants: ["k8s.webhook", "k8s.webhook-endpoints", "k8s.sharing"],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    const account = evidence["k8s.service-account"];
    if (workload.status === "absent" || account.status === "absent") {
      return notApplicable("there is no workload or no service account");
    }
    const ownRole = workload.value.template.containers
      .filter(({ env }) => env.some(({ name }) => name === "AWS_ROLE_ARN"))
      .map(({ name }) => name);
    // Whatever its age: a pod that the webhook's selectors leave out gets nothing when it is replaced.
    const places = takenByWebhook(uninjected(evidence, question), evidence["k8s.webhook"]);
    // The pod template's own value survives every restart: another fault.
    const otherRole = stale(evidence, question).filter(
      ({ container }) => !ownRole.includes(container.name) && injectedInto(container).mechanism === "irsa",
    );
    const facts = {
      serviceAccount: serviceAccountOf(workload.value),
      annotated: account.value.annotations[roleAnnotation] ?? "",
    };
    if (injectsNothing(evidence) && places.length + otherRole.length > 0) {
      return notApplicable("the webhook cannot inject any pod, whatever its age");
    }

    const [former] = otherRole;
    if (former !== undefined) {
      const data = {
        ...facts,
        pods: listed(otherRole.map(({ pod }) => `pod ${pod.name}`)),
        carried: injectedInto(former.container).roleArn ?? "(not readable)",
        podCreatedAt: former.pod.createdAt,
      };
      return fail("otherRole", data, replacePods(workload, question));
    }

    // Without an identity the values say nothing, so the time of writing must; a service account that is younger than
    // the pod proves it as well.
    const annotatedAt = account.value.roleAnnotationChangedAt ?? account.value.createdAt;
    const older = places.filter(({ pod }) => seconds(pod.createdAt) < seconds(annotatedAt));
    const [first] = older;
    if (first === undefined) {
      const unknowable = places.length > 0 && account.value.roleAnnotationChangedAt === null;
      return unknowable ? notApplicable("when the annotation was written is not recorded") : pass();
    }
    const data = {
      ...facts,
      pods: listed(older.map(({ pod }) => `pod ${pod.name}`)),
      podCreatedAt: first.pod.createdAt,
      annotatedAt,
    };
    return fail("nothing", data, replacePods(workload, question));
  },
});
