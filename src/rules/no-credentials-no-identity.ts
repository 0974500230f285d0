import { associationRemedy, associationRemedyWants } from "../core/association-remedy.ts";
import { expectedIdentity, injectedInto } from "../core/identity.ts";
import { misplacedIdentity, otherPlaces } from "../core/missed-identity.ts";
import { defineRule, fail, notApplicable, pass } from "../core/rule.ts";
import {
  credentialErrors,
  currentErrors,
  deniedCalls,
  listed,
  placesOf,
  serviceAccountOf,
} from "../core/subject.ts";

export const noCredentialsNoIdentity = defineRule({
  id: "no-credentials-no-identity",
  meta: {
    title: "No identity is configured, and the SDK finds no credentials",
    stage: "identity-configuration",
    severity: "error",
    references: [
      "https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html",
      "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
    ],
    unless: [
      "A role was meant for this workload but stands elsewhere, for example in an association for another service account (see pia-other-service-account).",
      "The container takes static keys from a variable.",
      "Other calls of the same pods do reach AWS: then credentials are there, and the denial tells more.",
      "The error is older than the containers that run now.",
    ],
    messages: {
      none: "Service account {{serviceAccount}} has neither a Pod Identity association in cluster {{cluster}} nor a role annotation, and no other source gives credentials to {{containers}}: {{count}} errors, the last at {{lastSeen}}.",
    },
  },
  when: {
    needs: ["k8s.workload", "k8s.pods", "k8s.service-account", "eks.association", "logs.errors"],
    holds(evidence, question) {
      if (expectedIdentity(evidence)?.mechanism !== "none") return "the service account has an identity";
      const errors = currentErrors(evidence);
      if (credentialErrors(errors).length === 0) return "no SDK misses credentials";
      const places = placesOf(evidence["k8s.pods"], question);
      const bare = places.some(
        ({ container }) =>
          injectedInto(container).mechanism === "none" &&
          !container.env.some(({ name }) => name === "AWS_ACCESS_KEY_ID"),
      );
      return bare || places.length === 0 || "the pods carry an identity of their own";
    },
  },
  needs: ["eks.associations"],
  wants: [...associationRemedyWants, ...otherPlaces("eks.associations")],
  check(evidence, question) {
    const workload = evidence["k8s.workload"];
    if (workload.status === "absent") return notApplicable("there is no workload");
    if (misplacedIdentity(evidence, question) !== null) {
      return notApplicable("an identity that seems meant for this workload is configured elsewhere");
    }
    // Where calls do reach AWS, some credentials are there; what they may do is the question then.
    if (deniedCalls(currentErrors(evidence)).length > 0) return pass();
    const errors = credentialErrors(currentErrors(evidence));
    const times = errors.flatMap(({ lastSeen }) => lastSeen ?? []).sort();
    const data = {
      serviceAccount: serviceAccountOf(workload.value),
      cluster: question.cluster,
      containers: listed(errors.flatMap(({ containers }) => containers.map((name) => `container ${name}`))),
      count: String(errors.reduce((sum, { count }) => sum + count, 0)),
      lastSeen: times.at(-1) ?? "a time that the log does not give",
    };
    return fail("none", data, associationRemedy(evidence, question, []));
  },
});
